"""Prices a window's lines: what is due after each of them, exactly, and which tier pays it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from geartrain.incentives.lines import LineSlice, Part
from geartrain.incentives.plan import Caps
from geartrain.incentives.rules import Slice, Table, TierRule

ZERO = Fraction(0)


@dataclass(frozen=True)
class Weighed:
    """A line on its way into pricing.

    Args:
        credit: After credit multipliers.
        factor: Gates × pay multipliers × currency.
        windfall: Whether it earns no accelerator.
        group: Lines of one group are priced as one; each alone where it is None.
    """

    credit: Fraction
    factor: Fraction = Fraction(1)
    windfall: bool = False
    group: str | None = None


@dataclass(frozen=True)
class Terms:
    """How a window's lines are priced.

    Args:
        fresh: Every line (or group) starts at 0: the window is the deal.
        keep: What a line was paid stays when the total reaches another tier (`period_lines`).
    """

    rule: TierRule
    table: Table
    windfall: Table
    caps: Caps
    fresh: bool = False
    keep: bool = False


@dataclass(frozen=True)
class Priced:
    """A line's part of the pay: `slices` add up to `pay`."""

    attained: Fraction
    slices: tuple[LineSlice, ...]

    @property
    def pay(self) -> Fraction:
        """What the window pays more with this line than without it."""
        return sum((s.pay for s in self.slices), ZERO)


def price_lines(lines: Sequence[Weighed], terms: Terms) -> list[Priced]:
    """Each line's pay, in order."""
    pricer = _whole if terms.rule.whole is not None else _by_line
    return _carried(pricer(lines, terms), terms.caps)


def _groups(lines: Sequence[Weighed]) -> list[list[Weighed]]:
    keyed = enumerate(lines)
    return [[w for _, w in g] for _, g in groupby(keyed, key=lambda p: p[1].group or p[0])]


def _by_line(lines: Sequence[Weighed], terms: Terms) -> list[Priced]:
    """Lines that are priced once: a threshold that pays from zero lets them go all at once when it is reached."""
    assert terms.rule.line is not None
    found: list[Priced] = []
    x, waiting = ZERO, ZERO
    reached = False
    for group in _groups(lines):
        before = ZERO if terms.fresh else x
        total = sum((w.credit for w in group), ZERO)
        for w in group:
            table = terms.windfall if w.windfall else terms.table
            if total:
                whole = terms.rule.line(table, before, total)
                own = [_part("own", s, w.credit / total, w.factor) for s in whole]
            else:
                own = [_part("own", s, Fraction(1), w.factor) for s in terms.rule.line(table, before, w.credit)]
            x = (ZERO if terms.fresh else x) + w.credit
            capped = _capped(own, terms.caps)
            now = terms.table.deductible or terms.table.reached(before + total if w.group else x)
            pay = sum((s.pay for s in capped), ZERO)
            if terms.fresh:
                found.append(Priced(x, tuple(capped) if now else ()))
                continue
            if now and not reached:
                capped += _moved("repriced", waiting)
            elif reached and not now:
                capped = _moved("repriced", -waiting)
            waiting += pay
            found.append(Priced(x, tuple(capped) if now or reached else ()))
            reached = now
    return found


def _whole(lines: Sequence[Weighed], terms: Terms) -> list[Priced]:
    """Lines that own a share, by credit, of what the total pays."""
    assert terms.rule.whole is not None
    found: list[Priced] = []
    x, due = ZERO, ZERO
    held = _Held(_cap(terms.caps))
    for group in _groups(lines):
        if terms.fresh:
            x, due, held = ZERO, ZERO, _Held(_cap(terms.caps))
        end = x + sum((w.credit for w in group), ZERO)
        for w in group:
            x += w.credit
            held.add(w)
            at = end if w.group else x
            own = _capped(_owned(w, terms, at), terms.caps)
            if terms.keep and terms.rule.per_unit:
                found.append(Priced(x, tuple(own)))
                continue
            now = _due(held, terms, x)
            own = _capped(_owned(w, terms, x), terms.caps)
            rest = now - due - sum((s.pay for s in own), ZERO)
            found.append(Priced(x, (*own, *_moved("repriced", rest))))
            due = now
    return found


def _owned(w: Weighed, terms: Terms, x: Fraction) -> list[LineSlice]:
    assert terms.rule.whole is not None
    if not x:
        return []
    whole = terms.rule.whole(terms.windfall if w.windfall else terms.table, x)
    return [_part("own", s, w.credit / x, w.factor) for s in whole]


class _Held:
    """The lines of a window up to now. Without a cap their credits × factors are only ever asked for in sum, so that a
    window of n lines is priced in n steps; under a cap every line is looked at anew."""

    def __init__(self, cap: Fraction | None) -> None:
        self.cap = cap
        self.sums = {False: ZERO, True: ZERO}
        self.each: list[tuple[bool, Fraction]] = []

    def add(self, line: Weighed) -> None:
        """One line more."""
        weight = line.credit * line.factor
        self.sums[line.windfall] += weight
        if self.cap is not None:
            self.each.append((line.windfall, weight))

    def pay(self, rates: Mapping[bool, Fraction]) -> Fraction:
        """What they pay at a rate for ordinary lines and one for windfalls."""
        if self.cap is None:
            return sum((weight * rates[windfall] for windfall, weight in self.sums.items()), ZERO)
        return sum((min(self.cap, weight * rates[windfall]) for windfall, weight in self.each), ZERO)


def _due(held: _Held, terms: Terms, x: Fraction) -> Fraction:
    """What all lines up to now pay, at the total as it stands."""
    assert terms.rule.whole is not None
    if not x:
        return ZERO
    rates = {
        windfall: sum((s.pay for s in terms.rule.whole(table, x)), ZERO) / x
        for windfall, table in ((False, terms.table), (True, terms.windfall))
    }
    return held.pay(rates)


def _cap(caps: Caps) -> Fraction | None:
    """The cap of a deal whose excess is forfeited."""
    return None if caps.per_deal is None or caps.excess == "carry" else Fraction(caps.per_deal)


def _capped(own: list[LineSlice], caps: Caps) -> list[LineSlice]:
    cap = _cap(caps)
    pay = sum((s.pay for s in own), ZERO)
    return own if cap is None or pay <= cap else [*own, *_moved("capped", cap - pay)]


def _carried(priced: list[Priced], caps: Caps) -> list[Priced]:
    """Lines under a cap per deal whose excess is kept, and paid by later lines that leave room."""
    if caps.per_deal is None or caps.excess != "carry":
        return priced
    cap, balance, found = Fraction(caps.per_deal), ZERO, []
    for p in priced:
        paid = min(cap, p.pay + balance)
        part: Part = "capped" if paid < p.pay else "carried"
        balance += p.pay - paid
        found.append(replace(p, slices=(*p.slices, *_moved(part, paid - p.pay))))
    return found


def _part(part: Part, whole: Slice, of: Fraction, factor: Fraction) -> LineSlice:
    scaled = replace(whole, credit=whole.credit * of, pay=whole.pay * of)
    return LineSlice(part, scaled, scaled.pay * factor)


def _moved(part: Part, pay: Fraction) -> list[LineSlice]:
    """A movement that no single tier pays."""
    return [LineSlice(part, Slice(0, ZERO, None, ZERO, ZERO, pay), pay)] if pay else []
