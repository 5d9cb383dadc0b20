"""A YAML text as values, with the line each of them stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.yaml_text import load_yaml


@dataclass(frozen=True)
class Document:
    """What a policy's file says.

    Args:
        text: As it was written.
        where: Its file.
        values: The mapping it holds.
    """

    text: str
    where: str
    values: dict[str, Any]

    def line(self, path: Sequence[str | int]) -> int:
        """The line of the deepest part of a path that the text has, counted from 1."""
        node: Node = YAML(pure=True).compose(self.text)
        line = int(node.start_mark.line) + 1
        for part in path:
            if isinstance(node, MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
                if found is None:
                    continue  # a name the model puts between two keys, or a key that is missing
                line, node = int(found[0].start_mark.line) + 1, found[1]
            elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = int(node.start_mark.line) + 1
        return line


def read_document(text: str, where: str) -> tuple[Document | None, list[Issue]]:
    """The document of a text, or what keeps it from being one."""

    def wrong(line: int, message: str, hint: str) -> tuple[None, list[Issue]]:
        return None, [Issue("policy_not_yaml", Level.error, message, f"{where}:{line}", hint)]

    try:
        values = load_yaml(text)
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return wrong(line, f"{str(error.problem).strip().splitlines()[0].capitalize()}.", "Keep one of them.")
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return wrong(line, f"This is not YAML: {error.problem}.", "Mend that line; mind the indentation.")
    except (YAMLError, ValueError) as error:
        return wrong(1, f"This is not YAML: {str(error).splitlines()[0]}.", "Mend it; dates are written 2026-01-31.")
    if not isinstance(values, dict) or not all(isinstance(k, str) for k in values):
        return wrong(1, "A policy is a mapping of keys to values.", "Begin with `kind: …` and `key: …`.")
    return Document(text, where, values), []
