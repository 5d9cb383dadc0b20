"""A sheet of quotas: base and hedged of every node in every cell, and what was not handed out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from hashlib import sha256
from typing import Any

from geartrain import __version__
from geartrain.kernel.issues import Issue
from geartrain.planning.quotas.apportion import Ints
from geartrain.planning.quotas.cells import Cells
from geartrain.planning.quotas.tree import Tree

PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class Left:
    """What a parent holds in a cell and none of its children has, in quanta; negative where they have too much."""

    node: int
    cell: int
    amount: int
    reason: str


@dataclass(frozen=True)
class Sheet:
    """Quotas in quanta: one row a node of the tree, one column a cell.

    base: conserves: a parent is the sum of its children and of what was left. hedged: base × the factor of the depth.
    """

    tree: Tree
    cells: Cells
    base: Ints
    hedged: Ints
    left: tuple[Left, ...] = ()
    issues: tuple[Issue, ...] = ()

    def rows(self) -> Iterator[dict[str, Any]]:
        """One a node and cell, depth first; amounts are exact decimals."""
        quantum, names = self.cells.quantum, [self.cells.named(c) for c in range(len(self.cells.keys))]
        for n in self.tree.depth_first:
            parent = self.tree.parent[n]
            head = {
                "node_id": self.tree.ids[n],
                "parent_id": self.tree.ids[parent] if parent >= 0 else None,
                "depth": self.tree.depth[n],
            }
            above = self.base[parent].tolist() if parent >= 0 else None
            for c, (base, hedged) in enumerate(zip(self.base[n].tolist(), self.hedged[n].tolist(), strict=True)):
                share = share_of(base, above[c]) if above else None
                money = {"base": base * quantum, "hedged": hedged * quantum, "share_of_parent": share}
                yield {**head, **names[c], **money}

    def unallocated(self) -> list[dict[str, Any]]:
        """What was left, by parent and cell."""
        return [
            {
                "node_id": self.tree.ids[at.node],
                **self.cells.named(at.cell),
                "amount": self.cells.money(at.amount),
                "reason": at.reason,
            }
            for at in self.left
        ]

    def as_json(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """The document of the commands."""
        quotas = [told(r) for r in self.rows()]
        left = [told(r) for r in self.unallocated()]
        return {
            "quotas": quotas,
            "unallocated": left,
            "issues": [i.as_json() for i in self.issues],
            "manifest": {**manifest, "engine": __version__, "outputs": fingerprint(quotas, left)},
        }

    def amount(self, node: str, layer: str = "base", **cell: str) -> Decimal:
        """One node's amount over the cells with these values."""
        held = self.base if layer == "base" else self.hedged
        n = self.tree.find(node)
        return self.cells.money(sum(int(held[n, c]) for c in self.cells.matching(cell)))


def share_of(part: int, whole: int) -> Decimal | None:
    """A share to six places; None of nothing."""
    if not whole:
        return None
    with localcontext(prec=40):
        return (Decimal(part) / Decimal(whole)).quantize(PLACES)


def told(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON holds it: decimals as text."""
    return {k: format(v, "f") if isinstance(v, Decimal) else v for k, v in row.items()}


def fingerprint(quotas: list[dict[str, Any]], left: list[dict[str, Any]]) -> str:
    """Hash of what was handed out: any other amount, node or cell gives another."""
    digest = sha256()
    for row in (*quotas, *left):
        digest.update(("\x1f".join(f"{k}={v}" for k, v in row.items()) + "\n").encode())
    return digest.hexdigest()
