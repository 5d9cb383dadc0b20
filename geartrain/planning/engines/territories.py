"""Territories in a scenario: how fair today's books are once people are hired or potential differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from geartrain.kernel.errors import GeartrainError
from geartrain.kernel.policy import Policy, PolicySet
from geartrain.kernel.policy.scenario import Engine, Inputs, Number, Part
from geartrain.planning.company import Company
from geartrain.planning.territories import report
from geartrain.planning.territories.company import company_tables
from geartrain.planning.territories.problem import build

KIND, BESIDE = "territory_policy", ("quota_policy", "plan_assumptions")
HIDDEN = "Territories are of everybody's accounts, and some are not for you to see."


def parts(inputs: Inputs) -> dict[str, Part]:
    """One for each territory policy; it reads whom the quota policies would hire, and what is supposed of potential."""
    policies = inputs.ground.policies
    beside = [p for kind in BESIDE for p in policies.of(kind).values()]
    return {key: Part((p, *beside)) for key, p in policies.of(KIND).items()}


def run(inputs: Inputs, wanted: Sequence[str]) -> Mapping[str, Sequence[Number]]:
    """The numbers of each policy; where its books cannot be read, one that says why."""
    policies = inputs.ground.policies
    company = Company(inputs.ground.source, policies)
    many = len(policies.of(KIND)) > 1
    return {key: list(_numbers(policies.get(KIND, key), company, policies, many=many)) for key in wanted}


def _numbers(policy: Policy, company: Company, policies: PolicySet, *, many: bool) -> Iterator[Number]:
    at, said = (f"territories/{policy.key}/", f" ({policy.key})") if many else ("territories/", "")
    if not company.whole:
        yield Number(f"{at}books", f"{policy.name}{said}", "count", "none", None, HIDDEN)
        return
    try:
        found = _figures(policy, company, policies)
    except GeartrainError as error:
        yield Number(f"{at}books", f"{policy.name}{said}", "count", "none", None, error.message)
        return
    for key, label, unit, direction, value in found:
        yield Number(
            f"{at}{key}", f"{label}{said}", unit, direction, value, "" if value is not None else "None has one."
        )


def _figures(policy: Policy, company: Company, policies: PolicySet) -> list[tuple[str, str, str, str, Decimal | None]]:
    """As accounts are owned today; nobody who is still to be hired owns any."""
    seats = [_seat(s) for p in policies.of("quota_policy").values() for s in p.spec.seats]
    tables = company_tables(company.source, policy.spec, seats=seats, factor=company.factor)
    problem, _ = build(policy.spec, *tables)
    owners = tuple(None if (o := r.get("owner_id")) is None else str(o) for r in tables[0].rows)
    books = report.Assignment(problem, np.array(problem.owner), owners)
    broken = report.violations(books)
    outside = {v["seller"] for v in broken if not v["hard"] and v.get("seller")}
    sellers = Decimal(len(problem.sellers))
    found: list[tuple[str, str, str, str, Decimal | None]] = [
        ("sellers", "Sellers with a territory", "count", "none", sellers),
        ("without_accounts", "Sellers without an account", "count", "down", _idle(books)),
        ("out_of_tolerance", "Sellers out of tolerance", "count", "down", Decimal(len(outside))),
        ("rules_broken", "Hard rules of territories broken", "count", "down", Decimal(sum(v["hard"] for v in broken))),
    ]
    for n, row in enumerate(report.summary(books), 1):
        label = f"Spread of {row['measure']} (coefficient of variation)"
        found.append((f"spread_{n}", label, "ratio", "down", _exact(row["cv_after"])))
    return found


def _idle(books: report.Assignment) -> Decimal:
    held = np.bincount(books.seller[books.seller >= 0], minlength=len(books.problem.sellers))
    return Decimal(int((held == 0).sum()))


def _exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.0001"))


def _seat(seat: Any) -> dict[str, str]:
    """Somebody to be hired, as columns of a user."""
    about = {
        k: str(v) for k, v in seat.model_dump().items() if v not in (None, "") and k in ("role", "segment", "region")
    }
    return {"user_id": seat.key, "name": seat.key, "manager_id": seat.manager, "is_active": "true", "fte": "1", **about}


ENGINE = Engine(
    name="territories",
    title="Territories",
    policies=((KIND, "*"), *((kind, "*") for kind in BESIDE)),
    parts=parts,
    run=run,
    records=("user", "account", "opportunity"),
)
