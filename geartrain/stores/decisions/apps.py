"""The Django app."""

from django.apps import AppConfig


class DecisionsConfig(AppConfig):
    """People, tokens, audit."""

    name = "geartrain.stores.decisions"
    label = "decisions"
    default_auto_field = "django.db.models.BigAutoField"
