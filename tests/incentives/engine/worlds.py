"""Random plans, people and credits, for the laws that bind the two evaluators."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from geartrain.incentives.lines import Payee, QuotaFact
from geartrain.incentives.plan import CompPlan

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in (0, 1, 30, 31, 58, 59, 89, 90, 91, 120, 180, 181, 200, 250, 300, 363, 364)]
PEOPLE = ("ann", "bob", "cleo")
FAMILIES = ("new", "old", None)

shares = st.sampled_from(["0.2", "0.25", "0.5", "0.75", "1", "1.2", "1.25", "2"])
amounts = st.one_of(
    st.sampled_from(["0.00", "100.00", "500.00", "1000.00", "-100.00", "333.33", "0.01", "-500.00"]),
    st.integers(-20000, 150000).map(lambda n: str(Decimal(n).scaleb(-2))),
)


@st.composite
def bounds(draw, basis):
    inner = sorted({Decimal(s) for s in draw(st.lists(shares, min_size=1, max_size=3))})
    scale = 1 if basis == "quota_share" else 1000
    return [Decimal(0), *(b * scale for b in inner), None]


@st.composite
def components(draw, key="sales"):
    kind = draw(
        st.sampled_from(["marginal", "marginal", "retroactive", "flat_per_deal", "step_amount", "interpolated"])
    )
    basis = draw(st.sampled_from(["quota_share", "amount"]))
    edges = draw(bounds(basis))
    rates = st.sampled_from(["0", "0.01", "0.05", "0.1", "0.123", "1x", "1.5x", "0.5x"])
    if basis == "amount":
        rates = st.sampled_from(["0", "0.01", "0.05", "0.1", "0.123"])
    spec = {
        "key": key,
        "measure": "bookings",
        "window": draw(st.sampled_from(["year_to_date", "year_to_date", "quarter_to_date", "month", "quarter", "year",
                                        "per_deal"])),
        "grouping": draw(st.sampled_from(["line", "line", "period"])),
        "settle": draw(st.sampled_from(["with_deductions", "period_lines"])),
        "tiers": {"kind": kind, "basis": basis,
                  "boundary": draw(st.sampled_from(["lower_inclusive", "upper_inclusive"]))},
        "non_par": True,
        "may_fall": True,
    }  # fmt: skip
    if basis == "quota_share" or draw(st.booleans()):
        spec["quota"] = {"measure": "bookings", "prorate": draw(st.sampled_from(["days", "none"]))}
    if kind == "interpolated":
        scale = 1 if basis == "quota_share" else 1000
        xs = sorted({Decimal(s) for s in draw(st.lists(shares, min_size=2, max_size=4))})
        ys = draw(st.lists(st.sampled_from(["0", "0.3", "0.5", "1", "1.7"]), min_size=len(xs), max_size=len(xs)))
        spec["curve"] = {"points": [[x * scale, y] for x, y in zip(xs, ys, strict=True)],
                         "below": draw(st.sampled_from(["0", "hold"])), "above": "hold"}  # fmt: skip
    else:
        top = draw(st.booleans())
        pairs = list(itertools.pairwise(edges))
        spec["rates"] = [[low, high, draw(rates)] for low, high in (pairs if top or len(pairs) == 1 else pairs[:-1])]
    if draw(st.booleans()):
        at = draw(st.sampled_from(["0.3", "0.5", "1"]))
        at = Decimal(at) * (1 if basis == "quota_share" else 1000)
        spec["threshold"] = {"at": at, "kind": draw(st.sampled_from(["first_dollar", "deductible"]))}
    if draw(st.booleans()):
        spec["caps"] = {
            "per_deal": draw(st.sampled_from([None, 50, 300])),
            "per_period": draw(st.sampled_from([None, 60, 500])),
            "excess": draw(st.sampled_from(["forfeit", "carry"])),
        }
    if draw(st.booleans()):
        spec["gates"] = [{"when": "margin < 0.2", "multiply": draw(st.sampled_from(["0", "0.5"]))}]
    if draw(st.booleans()):
        spec["multipliers"] = [{"when": "family = 'new'", "credit": "1.25"}, {"when": "term >= 36", "pay": "1.10"},
                               {"when": "user.level = 'senior' and amount > 400", "pay": "0.9"}]  # fmt: skip
    if draw(st.booleans()) and basis == "quota_share":
        spec["windfall"] = {"when": "amount > 0.5 * quota", "treat": "base_rate"}
    return spec


@st.composite
def plans(draw):
    """A plan with one component, and the people and credits under it."""
    spec = {
        "kind": "comp_plan", "key": "any", "name": "Any plan", "currency": "USD", "eligible": "true",
        "effective": [FIRST, date(2027, 1, 1)],
        "target_incentive": {"annual": draw(st.sampled_from(["0", "10000", "9971.3"])), "prorate": "days"},
        "rounding": {"scale": 2, "mode": draw(st.sampled_from(["half_up", "half_even", "up", "down"]))},
        "pay": {"frequency": draw(st.sampled_from(["month", "month", "quarter", "half_year"]))},
        "measures": {"bookings": {"from": "opportunity", "date": "day"}},
        "components": [draw(components())],
    }  # fmt: skip
    return CompPlan.model_validate(spec)


@st.composite
def staffs(draw):
    """Three people with quotas, one of whom may start or leave within the year."""
    found = []
    for name in PEOPLE:
        user = {"level": draw(st.sampled_from(["senior", "junior"]))}
        if draw(st.integers(0, 3)) == 0:
            user["start_date"] = date(2026, 2, 10)
        if draw(st.integers(0, 3)) == 0:
            user["end_date"] = date(2026, 9, 30)
        amount = Fraction(draw(st.sampled_from(["1000", "2000", "1234.56", "777"])))
        quotas = [QuotaFact("bookings", FIRST, date(2026, 7, 1), amount),
                  QuotaFact("bookings", date(2026, 7, 1), date(2027, 1, 1), amount / 2)]  # fmt: skip
        found.append(Payee(name, user, tuple(quotas[: draw(st.integers(1, 2))])))
    return found


@st.composite
def credits(draw, fewest=15, most=40):
    """Rows of credits, in any order."""
    rows = draw(st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(DAYS), amounts,
                                   st.sampled_from(["direct", "overlay"]), st.sampled_from(FAMILIES),
                                   st.sampled_from(["0.1", "0.2", "0.5", None]),
                                   st.sampled_from([12, 36, None])), min_size=fewest, max_size=most))  # fmt: skip
    return [
        {"payee": who, "id": f"d{n:03}", "day": day, "type": kind, "amount": Decimal(amount),
         "booked": Decimal(amount) * 2, "rate": Decimal("1.1") if n % 7 == 3 else Decimal(1), "family": family,
         "margin": None if margin is None else Decimal(margin), "term": term}
        for n, (who, day, amount, kind, family, margin, term) in enumerate(rows)
    ]  # fmt: skip
