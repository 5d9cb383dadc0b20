"""Go-to-market architecture: to whom the company sells, by which motions, and what."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from geartrain.kernel.policy import Envelope, Kind, Strict
from geartrain.kernel.prose import Passage, listed, passages, percent
from geartrain.planning.parts import Expression, Named, Share, Word, check_known, each_once, known, wrong


class IdealCustomer(Strict):
    """Who is most worth selling to."""

    profile: str = Field(min_length=1, description="the ideal customer in a sentence or two")
    rule: Expression | None = Field(default=None, description="expression over an account that tells one")
    signals: tuple[str, ...] = Field(default=(), description="what says that one is ready to buy")
    not_for: tuple[str, ...] = Field(default=(), description="who is not sold to, and need not be asked")


class Segment(Named):
    """A part of the market; its key is what `account.segment` holds."""

    rule: Expression | None = Field(default=None, description="expression over an account; empty: its column segment")


class Offer(Named):
    """Something that is sold as one."""

    products: tuple[str, ...] = Field(default=(), description="product ids or families it is made of")


class DemandSource(Named):
    """Where pipeline comes from."""

    function: Word = Field(default="marketing", description="who answers for it: marketing, sales, partner, …")
    share: Share | None = Field(default=None, description="of the pipeline wanted, 0 to 1; of all sources: 1")


class Play(Strict):
    """One combination that is sold; what is in none of them is not."""

    segment: Word = Field(description="key of the segment")
    motion: Word = Field(description="key of the motion")
    offers: tuple[Word, ...] = Field(min_length=1, description="keys of the offers")


class GtmArchitecture(Strict):
    """The `spec` of a gtm_architecture policy."""

    ideal_customer: IdealCustomer | None = Field(default=None, description="who is most worth selling to")
    segments: Annotated[tuple[Segment, ...], each_once("segments")] = Field(min_length=1, description="of the market")
    motions: Annotated[tuple[Named, ...], each_once("motions")] = Field(
        min_length=1, description="ways of selling, e.g. new_business, expansion, renewal"
    )
    offers: Annotated[tuple[Offer, ...], each_once("offers")] = Field(min_length=1, description="what is sold")
    plays: tuple[Play, ...] = Field(default=(), description="segment × motion × offers sold; empty: all of them")
    sources: Annotated[tuple[DemandSource, ...], each_once("sources")] = Field(
        default=(), description="where pipeline comes from"
    )

    @model_validator(mode="after")
    def _plays_known(self) -> GtmArchitecture:
        plays = list(enumerate(self.plays))
        check_known(((p.segment, ("plays", n, "segment")) for n, p in plays), known(self.segments), "segment")
        check_known(((p.motion, ("plays", n, "motion")) for n, p in plays), known(self.motions), "motion")
        named = ((o, ("plays", n, "offers", m)) for n, p in plays for m, o in enumerate(p.offers))
        check_known(named, known(self.offers), "offer")
        return self

    @model_validator(mode="after")
    def _sources_whole(self) -> GtmArchitecture:
        shares = [s.share for s in self.sources if s.share is not None]
        if shares and (len(shares) < len(self.sources) or sum(shares) != 1):
            lost = len(self.sources) - len(shares)
            said = f"{lost} of the sources state no share" if lost else f"the shares add up to {sum(shares)}, not to 1"
            raise wrong(said, "sources", hint="State a share of each, in all 1; or none.")
        return self

    def sold(self) -> tuple[Play, ...]:
        """The plays, every combination where none is stated."""
        offers = tuple(o.key for o in self.offers)
        every = (Play(segment=s.key, motion=m.key, offers=offers) for s in self.segments for m in self.motions)
        return self.plays or tuple(every)

    def tell(self) -> list[Passage]:
        """Its parts for people."""
        titles = {n.key: n.title for n in (*self.segments, *self.motions, *self.offers)}
        plays = tuple(
            (titles[p.segment], titles[p.motion], ", ".join(titles[o] for o in p.offers)) for p in self.sold()
        )
        segments = tuple((s.title, s.definition) for s in self.segments)
        sources = tuple((s.title, s.function.replace("_", " "), _share(s.share)) for s in self.sources)
        return [
            *self._ideal(),
            Passage("Segments", columns=("Segment", "Who belongs to it"), rows=segments),
            Passage("What is sold to whom", columns=("Segment", "Motion", "Offers"), rows=plays),
            *([Passage("Sources of pipeline", "", ("Source", "Function", "Share"), sources)] if sources else []),
        ]

    def _ideal(self) -> list[Passage]:
        if (ideal := self.ideal_customer) is None:
            return []
        signs = f" Ready to buy: {listed(ideal.signals)}." if ideal.signals else ""
        never = f" Not for us: {listed(ideal.not_for)}." if ideal.not_for else ""
        return passages("Ideal customer", f"{ideal.profile}{signs}{never}")


def _share(share: Decimal | None) -> str:
    return "–" if share is None else percent(share)


KIND = Kind(
    "gtm_architecture",
    Envelope[GtmArchitecture],
    "To whom the company sells, by which motions, and what: segments × motions × offers.",
)
