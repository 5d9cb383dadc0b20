"""A plan's text read with exact numbers: 0.1 is one tenth."""

from __future__ import annotations

from functools import cache

from pydantic import ValidationError
from ruamel.yaml.error import YAMLError

from geartrain.incentives.plan import CompPlan
from geartrain.kernel.yaml_text import load_yaml


def load_plan(text: str, where: str) -> CompPlan | None:
    """The plan of a text; None where it does not validate: the general reader then says why, line by line."""
    try:
        return CompPlan.model_validate(load_yaml(text, exact=True))
    except (YAMLError, ValidationError, ValueError):
        return None


@cache
def plan_keys() -> frozenset[str]:
    """Every key that a plan may have anywhere."""
    schema = CompPlan.model_json_schema()
    return frozenset(n for part in (schema, *schema.get("$defs", {}).values()) for n in part.get("properties", {}))
