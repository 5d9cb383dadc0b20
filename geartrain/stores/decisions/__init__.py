"""The decision store: people, tokens and the audit trail (Django models). Open it before importing its models."""

from geartrain.stores.decisions.opening import open_decisions

__all__ = ["open_decisions"]
