"""Ibis expressions with parameters, compiled once to DuckDB's SQL with placeholders."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any

import ibis
import ibis.expr.datashape as ds
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

KEPT = 1_000
_known: OrderedDict[ops.Node, str] = OrderedDict()
_lock = Lock()


class Placeholder(ops.Value):  # type: ignore[misc]
    """A value that is told when the statement runs. Ibis itself writes the values of its parameters into the text."""

    name: str
    dtype: dt.DataType
    shape = ds.scalar


class _Compiler(DuckDBCompiler):  # type: ignore[misc]
    __slots__ = ()

    def visit_Placeholder(self, op: Placeholder, *, name: str, dtype: dt.DataType) -> sge.Expression:
        told: sge.Expression = self.cast(sge.Parameter(this=sge.Var(this=name)), dtype)
        return told


_compiler = _Compiler()


def prepared(expr: ibis.Expr, params: Mapping[ibis.Scalar, Any]) -> tuple[str, dict[str, Any]]:
    """The statement of an expression, and its values by the names of their placeholders.

    What an expression compiles to is remembered: one that is run again is not compiled again.
    """
    names = {param: param.op().name for param in params}  # param_1, …: its own, in whatever order they are told
    node = expr.as_table().op()
    with _lock:
        if (text := _known.get(node)) is not None:
            _known.move_to_end(node)
    if text is None:
        holders = {p.op(): Placeholder(name, p.op().dtype) for p, name in names.items()}
        table: Any = node.replace(holders).to_expr()
        text = _compiler.to_sqlglot(table).sql(dialect="duckdb", copy=False)
        with _lock:
            _known[node] = text
            while len(_known) > KEPT:
                _known.popitem(last=False)
    return text, {name: params[param] for param, name in names.items()}
