"""A first text of a policy, made of its kind's JSON Schema: every key with what it means, ready to be filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from geartrain.kernel.policy.kind import Kind

Schema = Mapping[str, Any]
DEEPEST = 6  # levels of nesting; a model that holds itself ends there
# What is written for a value that must be given, by type and by format.
PLACES: dict[str, str] = {"integer": "1", "number": "1", "boolean": "false", "null": "null", "date": "2030-01-01"}
KINDS_OF_VALUE = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list"}


def schema_of(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of a kind's documents."""
    return kind.envelope.model_json_schema(by_alias=True)


def template(kind: Kind, key: str) -> str:
    """A text with every key of the kind: those that must be given with a value, the others commented out."""
    schema = schema_of(kind)
    known = {
        "kind": kind.name,
        "key": key,
        "name": key.replace("_", " ").capitalize(),
        "owner": "head-of-revops",
        "definition": '"Say in a sentence what it decides."',
    }
    lines = [f"# {kind.doc}", "# What stands behind a # is optional; take the # away to use it.", ""]
    return "\n".join([*lines, *_Writer(schema.get("$defs", {})).properties(schema, known)]) + "\n"


class _Writer:
    def __init__(self, definitions: Schema) -> None:
        self.definitions = definitions

    def properties(self, schema: Schema, known: Mapping[str, str], depth: int = 0) -> Iterator[str]:
        """The lines of an object's keys."""
        required = set(schema.get("required", ()))
        for name, inner in schema.get("properties", {}).items():
            wanted = name in required or name in known or (depth > 0 and "const" in inner)
            yield from self._explained(name, inner, wanted)
            lines = self.value(name, inner, known.get(name), depth)
            yield from lines if wanted else (f"# {line}" for line in lines)

    def value(self, name: str, schema: Schema, known: str | None, depth: int) -> list[str]:
        """The lines of one key with its value."""
        plain = self.resolved(schema)
        if known is not None:
            return [f"{name}: {known}"]
        if "default" in schema and schema["default"] not in (None, {}, []) and not isinstance(schema["default"], dict):
            return [f"{name}: {_written(schema['default'])}"]
        if plain.get("properties") and depth < DEEPEST:
            return [f"{name}:", *(f"  {line}" for line in self.properties(plain, {}, depth + 1))]
        if plain.get("type") == "array":
            return self._array(name, self.resolved(plain.get("items", {})), depth)
        if plain.get("type") == "object":
            return [f"{name}: {{}}"]
        return [f"{name}: {_place(plain)}"]

    def resolved(self, schema: Schema) -> Schema:
        """The schema behind references and choices: of several the first that is not empty."""
        while True:
            if "$ref" in schema:
                schema = self.definitions[schema["$ref"].rpartition("/")[2]]
            elif choices := [
                c for c in (*schema.get("anyOf", ()), *schema.get("oneOf", ())) if c.get("type") != "null"
            ]:
                schema = choices[0]
            elif len(schema.get("allOf", ())) == 1:
                schema = schema["allOf"][0]
            else:
                return schema

    def _array(self, name: str, item: Schema, depth: int) -> list[str]:
        if not item.get("properties") or depth >= DEEPEST:
            return [f"{name}: [{_place(item)}]"]
        lines = list(self.properties(item, {}, depth + 1))
        first = next((n for n, line in enumerate(lines) if not line.startswith("#")), None)
        if first is None:
            return [f"{name}: []", *(f"  # - {line}" for line in lines)]
        comments, rest = lines[:first], lines[first + 1 :]
        return [f"{name}:", *(f"  {c}" for c in comments), f"  - {lines[first]}", *(f"    {line}" for line in rest)]

    def _explained(self, name: str, schema: Schema, wanted: bool) -> Iterator[str]:
        plain = self.resolved(schema)
        said = schema.get("description") or plain.get("description", "")
        parts = [" ".join(str(said).split("\n\n")[0].split()), self._form(schema, plain)]
        text = "; ".join(p.rstrip(".") for p in parts if p)
        if text:
            yield f"# {text[0].upper()}{text[1:]}." + (" Required." if wanted else "")

    def _form(self, schema: Schema, plain: Schema) -> str:
        either = next((c["discriminator"] for c in (schema, *schema.get("anyOf", ())) if "discriminator" in c), None)
        if either:
            return f"`{either['propertyName']}` is one of: {', '.join(either['mapping'])}"
        choices = [str(c) for c in plain.get("enum", ())]
        if choices:
            return f"one of: {', '.join(choices)}"
        if plain.get("type") == "array":
            return self._list(self.resolved(plain.get("items", {})))
        if plain.get("format") == "date":
            return "a day, YYYY-MM-DD"
        limits = [f"{word} {plain[key]}" for key, word in LIMITS.items() if key in plain]
        return ", ".join([w for w in [KINDS_OF_VALUE.get(str(plain.get("type")), "")] if w] + limits)

    @staticmethod
    def _list(item: Schema) -> str:
        return f"a list, each one of: {', '.join(map(str, item['enum']))}" if item.get("enum") else "a list"


LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "pattern": "written like",
}


def _place(schema: Schema) -> str:
    if "const" in schema:
        return str(schema["const"])
    if schema.get("enum"):
        return str(schema["enum"][0])
    if str(schema.get("pattern", "")).startswith("^[a-z]"):
        return "a_key"
    if "minimum" in schema:
        return str(schema["minimum"])
    return PLACES.get(str(schema.get("format")), PLACES.get(str(schema.get("type")), '"…"'))


def _written(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(v) for v in value)}]"
    return str(value) if value != "" else '""'
