"""From sums to pay, exactly: what a few totals per payee and period come to under the rules of a single payee."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from geartrain.incentives.engine.terms import Term
from geartrain.incentives.engine.weigh import Weights
from geartrain.incentives.exact import rounded
from geartrain.incentives.plan import Component, Rounding
from geartrain.incentives.rules import TierRule, tier_rules

ZERO = Fraction(0)


@dataclass(frozen=True)
class Sum:
    """Lines that are paid alike.

    Args:
        credit: Their sum after credit multipliers, or of each of them where `count` says how many there are.
        band: Of slices: the place of their tier.
    """

    period: str
    mask: int
    fall: bool
    rate: Fraction
    credit: Fraction
    group: str = ""
    band: int | None = None
    count: int = 1


@dataclass(frozen=True)
class Due:
    """Grain: payee, window and pay period. What a component pays, exactly and rounded."""

    payee: str
    window: str
    period: str
    credit: Fraction
    exact: Fraction
    amount: Decimal


class Odd(Exception):
    """Sums do not tell what these lines pay: they have to be priced one by one."""


@dataclass(frozen=True)
class Settling:
    """A component, and the order of its periods."""

    component: Component
    rounding: Rounding
    order: Mapping[str, int]

    @property
    def rule(self) -> TierRule:
        """How its tiers are read."""
        assert self.component.tiers is not None
        return tier_rules()[self.component.tiers.kind]

    @property
    def alone(self) -> bool:
        """Whether each deal is a window of its own."""
        return self.component.window == "per_deal"

    def window(self, term: Term, slices: Sequence[Sum], lines: Sequence[Sum]) -> Iterator[Due]:
        """What one payee is paid in one window, period by period.

        Raises:
            Odd: lines of a group cancel each other.
        """
        if self.alone:
            yield from self._alone(term, lines)
            return
        credit = _by_period(lines)
        pays = dict(self._running(term, slices, lines))
        paid = before = carried = x = ZERO
        for period in sorted(credit, key=lambda p: self.order[p]):
            x += credit[period]
            due = pays[period]
            now, carried = self._capped(due - before, carried)
            before = due
            amount = rounded(paid + now, self.rounding) - rounded(paid, self.rounding)
            paid += now
            yield Due(term.payee, term.window.key, period, credit[period], now, amount)

    def _alone(self, term: Term, lines: Sequence[Sum]) -> Iterator[Due]:
        weights = Weights(self.component)
        found: dict[str, tuple[Fraction, Fraction, Decimal]] = defaultdict(lambda: (ZERO, ZERO, Decimal(0)))
        for line in lines:
            table = term.windfall if line.fall else term.table
            pay = self.rule.pay_at(table, line.credit) if line.credit else ZERO
            pay *= weights.factor(line.mask) * line.rate
            credit, exact, amount = found[line.period]
            more = rounded(pay, self.rounding) * line.count
            found[line.period] = (credit + line.credit * line.count, exact + pay * line.count, amount + more)
        for period in sorted(found, key=lambda p: self.order[p]):
            yield Due(term.payee, term.window.key, period, *found[period])

    def _running(self, term: Term, slices: Sequence[Sum], lines: Sequence[Sum]) -> Iterator[tuple[str, Fraction]]:
        """What the window has paid at the end of each period."""
        if self.rule.whole is None:
            grouped = self.component.grouping == "period"
            pays = self._groups(term, lines) if grouped else self._sliced(term, slices)
            yield from self._reached(term, lines, pays)
        elif self.component.settle == "period_lines" and self.rule.per_unit:
            yield from _accumulated(self._groups(term, lines), self._periods(lines))
        else:
            yield from self._whole(term, lines)

    def _periods(self, lines: Iterable[Sum]) -> list[str]:
        return sorted({line.period for line in lines}, key=lambda p: self.order[p])

    def _reached(
        self, term: Term, lines: Sequence[Sum], pays: Mapping[str, Fraction]
    ) -> Iterator[tuple[str, Fraction]]:
        """Nothing until the threshold is reached, and then everything from zero."""
        credit, x = _by_period(lines), ZERO
        for period, paid in _accumulated(pays, self._periods(lines)):
            x += credit[period]
            yield period, paid if term.table.deductible or term.table.reached(x) else ZERO

    def _sliced(self, term: Term, slices: Sequence[Sum]) -> dict[str, Fraction]:
        weights = Weights(self.component)
        found: dict[str, Fraction] = defaultdict(Fraction)
        for s in slices:
            assert s.band is not None
            rate = (term.windfall if s.fall else term.table).bands[s.band].rate
            found[s.period] += s.credit * rate * weights.factor(s.mask) * s.rate
        return found

    def _groups(self, term: Term, lines: Sequence[Sum]) -> dict[str, Fraction]:
        """Each group priced as one line; its lines have parts of that, by credit."""
        found: dict[str, Fraction] = defaultdict(Fraction)
        x = ZERO
        for _, held in groupby(sorted(lines, key=lambda s: self.order[s.group]), key=lambda s: s.group):
            inside = list(held)
            total = sum((s.credit for s in inside), ZERO)
            if not total and self.rule.whole is None:
                raise Odd
            for s in inside:
                found[s.period] += self._of_group(term, x, total, s)
            x += total
        return found

    def _of_group(self, term: Term, before: Fraction, total: Fraction, s: Sum) -> Fraction:
        table = term.windfall if s.fall else term.table
        if self.rule.whole is not None:
            at, priced = before + total, self.rule.whole(table, before + total) if before + total else ()
        else:
            assert self.rule.line is not None
            at, priced = total, self.rule.line(table, before, total)
        pay = sum((p.pay for p in priced), ZERO)
        return pay * s.credit / at * Weights(self.component).factor(s.mask) * s.rate if pay else ZERO

    def _whole(self, term: Term, lines: Sequence[Sum]) -> Iterator[tuple[str, Fraction]]:
        """What everything up to the end of each period pays at the total of then."""
        assert self.rule.whole is not None
        weights = Weights(self.component)
        held: dict[bool, Fraction] = {False: ZERO, True: ZERO}
        x = ZERO
        for period, now in groupby(sorted(lines, key=lambda s: self.order[s.period]), key=lambda s: s.period):
            for s in now:
                x += s.credit
                held[s.fall] += s.credit * weights.factor(s.mask) * s.rate
            pay = ZERO
            for fall, credit in held.items():
                if x and credit:
                    table = term.windfall if fall else term.table
                    pay += credit * sum((p.pay for p in self.rule.whole(table, x)), ZERO) / x
            yield period, pay

    def _capped(self, pay: Fraction, carried: Fraction) -> tuple[Fraction, Fraction]:
        """Under the cap of a period: what is paid now, and what is carried into the next."""
        caps = self.component.caps
        if caps.per_period is None:
            return pay, ZERO
        now = min(Fraction(caps.per_period), pay + carried)
        return now, pay + carried - now if caps.excess == "carry" else ZERO


def _by_period(lines: Iterable[Sum]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = defaultdict(Fraction)
    for line in lines:
        found[line.period] += line.credit
    return found


def _accumulated(pays: Mapping[str, Fraction], periods: Sequence[str]) -> Iterator[tuple[str, Fraction]]:
    total = ZERO
    for period in periods:
        total += pays.get(period, ZERO)
        yield period, total
