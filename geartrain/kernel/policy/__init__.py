"""Policies: documents that decide something in advance, read from YAML with the line of everything in them."""

from geartrain.kernel.policy.document import Document, read_document
from geartrain.kernel.policy.kind import Envelope, Kind, Strict
from geartrain.kernel.policy.policy import Policy, PolicySet, read_policies, read_policy

__all__ = [
    "Document",
    "Envelope",
    "Kind",
    "Policy",
    "PolicySet",
    "Strict",
    "read_document",
    "read_policies",
    "read_policy",
]
