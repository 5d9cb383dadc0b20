"""Several people rate one subject, each without seeing the others until he has handed in his own card."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import inf

from geartrain.kernel.assess.criteria import Group, Rated
from geartrain.kernel.assess.observation import Ratings
from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.kernel.rules.exact import divided, shown


@dataclass(frozen=True, slots=True)
class Rating:
    """What one person says about one criterion, and what that rests on."""

    criterion: str
    value: Decimal
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """The ratings of one person, in the order of their criteria; final once submitted (naive UTC)."""

    rater: str
    ratings: tuple[Rating, ...] = ()
    submitted_at: datetime | None = None

    @property
    def submitted(self) -> bool:
        """Whether it was handed in."""
        return self.submitted_at is not None


@dataclass(frozen=True, slots=True)
class Panel:
    """One subject, its criteria and the cards of those who rate it. A value: each step gives a new one.

    Args:
        subject: Who or what is rated.
        criteria: The tree; its `rating` leaves are what is rated.
        cards: One of each rater, in order of their names. Make a panel with `open_panel`.
        beside: Raters whose ratings are shown and do not count: the subject's own, above all.
    """

    subject: str
    criteria: Group
    cards: tuple[Card, ...]
    beside: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        raters = [card.rater for card in self.cards]
        if twice := sorted({r for r in raters if raters.count(r) > 1}):
            raise Invalid(f"{twice[0]} stands twice among the raters.")
        if self.subject in raters and self.subject not in self.beside:
            raise Invalid(f"{self.subject} cannot count in an assessment of {self.subject}.", hint="Show it beside.")

    def rate(self, rater: str, criterion: str, value: Decimal, *, evidence: str = "") -> Panel:
        """Write a rating on one's card, or write it anew.

        Raises:
            NotFound: he is no rater here, or there is no such criterion to rate.
            Conflict: his card is submitted.
            Invalid: the scale has no such rating, or it needs words beside it.
        """
        card = self._draft_of(rater)
        leaf = self._rated().get(criterion)
        if leaf is None:
            raise NotFound(f"There is nothing to rate as '{criterion}'.", hint=f"There is {', '.join(self._rated())}.")
        if not leaf.allows(value):
            scale = f"It goes from {shown(leaf.low)} to {shown(leaf.high)} in steps of {shown(leaf.step)}."
            raise Invalid(f"{value} is no rating of {criterion}.", hint=scale)
        if leaf.evidence and not evidence.strip():
            raise Invalid(f"A rating of {criterion} needs evidence.", hint="Write what was seen or heard.")
        held = {r.criterion: r for r in card.ratings} | {criterion: Rating(criterion, value, evidence.strip())}
        return self._with(replace(card, ratings=tuple(held[key] for key in self._rated() if key in held)))

    def submit(self, rater: str, at: datetime) -> Panel:
        """Hand in a card. What he left out is not assessed by him.

        Raises:
            NotFound: he is no rater here.
            Conflict: it is submitted already.
            Invalid: nothing is rated on it.
        """
        card = self._draft_of(rater)
        if not card.ratings:
            raise Invalid(f"The card of {rater} is empty.", hint="Rate at least one criterion.")
        stored = at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)
        return self._with(replace(card, submitted_at=stored))

    def seen_by(self, viewer: str) -> tuple[Card, ...]:
        """The cards a person may read.

        A rater reads his own, and those that others have submitted once he has submitted his. Who does not rate reads
        those that are submitted; whether he may read any is for the caller to know.
        """
        own = next((card for card in self.cards if card.rater == viewer), None)
        blind = own is not None and not own.submitted
        return tuple(c for c in self.cards if c is own or (c.submitted and not blind))

    def ratings(self, *, viewer: str | None = None) -> dict[str, Ratings]:
        """The submitted ratings that count, as observations for `assess`, by criterion.

        Args:
            viewer: Who asks; None for the system itself.
        Raises:
            Forbidden: a rater asks before he has submitted his own card: the sum would tell him the others'.
        """
        self._open_to(viewer)
        counted = [c for c in self.cards if c.submitted and c.rater not in self.beside]
        return {key: Ratings(values) for key in self._rated() if (values := _values(counted, key))}

    def differences(self, rater: str, *, viewer: str | None = None) -> dict[str, Decimal]:
        """His rating less the mean of those that count, his own aside, by criterion, at 12 decimals.

        Raises:
            NotFound: he is no rater here.
            Forbidden: as `ratings`; or his card is a draft.
        """
        self._open_to(viewer)
        card = self._card_of(rater)
        if not card.submitted:
            raise Forbidden(f"{rater} has not submitted yet.")
        others = [c for c in self.cards if c.submitted and c.rater not in self.beside | {rater}]
        return {
            own.criterion: _less_mean(own.value, values)
            for own in card.ratings
            if (values := _values(others, own.criterion))
        }

    @property
    def submission_rate(self) -> Decimal | None:
        """Cards submitted of those asked for, at 12 decimals; unknown where nobody was asked."""
        return divided(Decimal(sum(c.submitted for c in self.cards)), Decimal(len(self.cards)), inf)

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The raters who have not submitted."""
        return tuple(c.rater for c in self.cards if not c.submitted)

    def _open_to(self, viewer: str | None) -> None:
        if viewer is not None and any(c.rater == viewer and not c.submitted for c in self.cards):
            raise Forbidden("The others' ratings are shown after you have submitted yours.")

    def _rated(self) -> dict[str, Rated]:
        return {key: leaf for key, leaf in self.criteria.leaves.items() if isinstance(leaf, Rated)}

    def _card_of(self, rater: str) -> Card:
        card = next((c for c in self.cards if c.rater == rater), None)
        if card is None:
            raise NotFound(f"{rater} does not rate {self.subject}.")
        return card

    def _draft_of(self, rater: str) -> Card:
        card = self._card_of(rater)
        if card.submitted:
            raise Conflict(f"The card of {rater} is submitted: it cannot be changed.")
        return card

    def _with(self, card: Card) -> Panel:
        return replace(self, cards=tuple(card if c.rater == card.rater else c for c in self.cards))


def open_panel(subject: str, criteria: Group, *, raters: Iterable[str], beside: Iterable[str] = ()) -> Panel:
    """A panel with an empty card for each rater, those beside included.

    Raises:
        Invalid: a rater is named twice, or the subject would count in its own assessment.
    """
    shown_only = frozenset(beside)
    cards = tuple(Card(rater) for rater in sorted([*raters, *shown_only]))
    return Panel(subject, criteria, cards, shown_only)


def _values(cards: Iterable[Card], criterion: str) -> tuple[Decimal, ...]:
    return tuple(r.value for card in cards for r in card.ratings if r.criterion == criterion)


def _less_mean(value: Decimal, others: tuple[Decimal, ...]) -> Decimal:
    exact = Fraction(value) - sum((Fraction(v) for v in others), Fraction(0)) / len(others)
    whole, rest = divmod(abs(exact.numerator) * 10**12, exact.denominator)
    return Decimal(whole + (2 * rest >= exact.denominator)).scaleb(-12).copy_sign(exact.numerator)
