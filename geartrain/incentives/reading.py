"""A plan's text read with exact numbers: 0.1 is one tenth."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError

from geartrain.incentives.plan import CompPlan


class _Exact(SafeConstructor):
    """Numbers with a point as decimals."""


def _decimal(constructor: Any, node: Any) -> Any:
    try:
        return Decimal(str(node.value).replace("_", ""))
    except InvalidOperation:
        return constructor.construct_yaml_float(node)


_Exact.add_constructor("tag:yaml.org,2002:float", _decimal)


def read_exactly(text: str) -> Any:
    """The values of a YAML text, numbers with a point as Decimal.

    Raises:
        YAMLError: it is none.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Exact
    return yaml.load(text)


def load_plan(text: str, where: str) -> CompPlan | None:
    """The plan of a text; None where it does not validate: the general reader then says why, line by line."""
    try:
        return CompPlan.model_validate(read_exactly(text))
    except (YAMLError, ValidationError, ValueError):
        return None


@cache
def plan_keys() -> frozenset[str]:
    """Every key that a plan may have anywhere."""
    schema = CompPlan.model_json_schema()
    return frozenset(n for part in (schema, *schema.get("$defs", {}).values()) for n in part.get("properties", {}))
