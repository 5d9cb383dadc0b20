"""Gates of the past by column: what each move's gate came to when the deal left the stage, for all deals at once.

The same answers as `gates.evaluate_gate` gives for one deal; the tests hold them to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from typing import Any

import ibis

from geartrain.facts.transforms import day_text, decimal_text, instant, small_table
from geartrain.kernel.rules import Rule
from geartrain.process.expressions import Reading, over
from geartrain.process.gates import Evidence, Waiver
from geartrain.process.sales_process import ANY, Attribute, Binding, Need, SalesProcess, Verifier

# Fields whose history is known, and how the text of a change reads.
TRACKED: Mapping[str, Any] = {
    "amount": decimal_text,
    "close_date": day_text,
    "owner_id": lambda text: text,
    "forecast_category": lambda text: text,
}
EVIDENCE = {
    "opportunity_id": "string",
    "attribute_key": "string",
    "value": "boolean",
    "recorded_at": "timestamp(6)",
    "occurred_at": "timestamp(6)",
}
WAIVERS = {
    "opportunity_id": "string",
    "attribute_key": "string",
    "granted_at": "timestamp(6)",
    "expires": "timestamp(6)",
}


def process_rules(process: SalesProcess) -> list[Rule]:
    """Every rule that the process asks of an opportunity."""
    return [a.rule for a in process.attributes if a.rule] + [b.rule for b in process.bindings]


def evidence_table(evidence: Sequence[Evidence]) -> ibis.Table:
    """Evidence as a table."""
    return small_table(
        EVIDENCE,
        opportunity_id=[e.opportunity for e in evidence],
        attribute_key=[e.attribute_key for e in evidence],
        value=[e.value for e in evidence],
        recorded_at=[e.recorded_at for e in evidence],
        occurred_at=[e.occurred_at or e.recorded_at for e in evidence],
    )


def waiver_table(waivers: Sequence[Waiver]) -> ibis.Table:
    """Waivers as a table."""
    return small_table(
        WAIVERS,
        opportunity_id=[w.opportunity for w in waivers],
        attribute_key=[w.attribute_key for w in waivers],
        granted_at=[w.granted_at for w in waivers],
        expires=[w.expires for w in waivers],
    )


def required_bindings(process: SalesProcess) -> list[Binding]:
    """What gates wait for."""
    return [b for b in process.bindings if b.level is Need.required]


def gated(process: SalesProcess, moves: ibis.Table) -> ibis.Table:
    """Forward moves out of a stage that something is required in."""
    stages = sorted({b.stage for b in required_bindings(process)})
    return moves.filter(moves.is_forward & moves.from_stage.isin(stages))


def judged(
    process: SalesProcess,
    moves: ibis.Table,
    *,
    deals: ibis.Table,
    reading: Reading,
    changes: ibis.Table,
    evidence: ibis.Table,
    waivers: ibis.Table,
    until: datetime,
    day_of: Any,
) -> ibis.Table:
    """The moves with `unmet`, `unknown`, `waived` and `late`: attributes of the gate, each followed by a comma.

    Columns that have a history are read as they stood at the exit, the others as they stand now. `late` names what was
    not true at the exit and is now by evidence recorded after it; it is empty while the whole gate is not true now.

    Args:
        moves: See `stage_log.moves`; only those of `gated` are judged.
        deals: Opportunities along the paths of `reading` (see `kernel.measure.frame.open_frame`), with `extra`.
        until: First instant that is not seen.
        day_of: Instant column to the day in the workspace's zone.
    """
    rows = gated(process, moves)
    own = deals.select(**{f"deal__{c}": deals[c] for c in deals.columns})
    rows = rows.left_join(own, rows.opportunity_id == own.deal__opportunity_id)
    tracked = [f for f in TRACKED if any(p.alias == f for p in reading.paths.values())]
    for name in tracked:
        rows = _as_it_stood(rows, changes, name)
    bindings = required_bindings(process)
    asked = [process.attribute(key) for key in dict.fromkeys(b.attribute for b in bindings)]
    evidence = evidence.filter(evidence.recorded_at < instant(until))
    for n, attribute in enumerate(asked):
        rows = _with_evidence(rows, evidence, attribute.key, n)
        rows = _with_waivers(rows, waivers, attribute.key, n)
    read = rows.select(**{c: rows[f"deal__{c}"] for c in deals.columns}, **_kept(rows))
    columns = reading.columns(read, as_of=day_of(read["at"]))
    return _said(process, read, columns, bindings, [a.key for a in asked])


def _kept(rows: ibis.Table) -> dict[str, Any]:
    """Everything that is not a deal's column, under a name that no column has."""
    return {c if c == "at" else f"move__{c}": rows[c] for c in rows.columns if not c.startswith("deal__")}


def _as_it_stood(rows: ibis.Table, changes: ibis.Table, name: str) -> ibis.Table:
    """The field of the deal as it was when it left the stage: after the last change up to then, before the first."""
    own = changes.filter(changes.field == name)
    in_order = ibis.window(group_by="opportunity_id", order_by="changed_at")
    spans = own.select(
        "opportunity_id", since="changed_at", to=own.changed_at.lead().over(in_order), token=_token(own.new_value)
    )
    firsts = own.group_by("opportunity_id").aggregate(
        since=ibis.null("timestamp(6)"), to=own.changed_at.min(), token=_token(own.old_value.argmin(own.changed_at))
    )
    every = ibis.union(spans, firsts.select("opportunity_id", "since", "to", "token"), distinct=False)
    every = every.select(of="opportunity_id", since="since", to="to", token="token")
    met = [
        rows.opportunity_id == every["of"],
        every.since.isnull() | (every.since <= rows["at"]),
        every.to.isnull() | (rows["at"] < every.to),
    ]
    joined = rows.left_join(every, met)
    value = ibis.ifelse(joined.token == "", ibis.null("string"), joined.token.substr(1))
    then = ibis.ifelse(joined.token.isnull(), joined[f"deal__{name}"], TRACKED[name](value))
    return joined.mutate(**{f"deal__{name}": then}).drop("of", "since", "to", "token")


def _token(value: Any) -> Any:
    """A value set, told apart from no value set."""
    return ibis.ifelse(value.isnull(), ibis.literal(""), ibis.literal("=") + value)


def _with_evidence(rows: ibis.Table, evidence: ibis.Table, key: str, n: int) -> ibis.Table:
    """What evidence said at the exit (`then_n`), what it says now (`now_n`), and whether there was any (`had_n`)."""
    own = evidence.filter(evidence.attribute_key == key)
    in_order = ibis.window(group_by="opportunity_id", order_by=["recorded_at", "occurred_at"])
    spans = own.select(
        of="opportunity_id",
        since="recorded_at",
        to=own.recorded_at.lead().over(in_order),
        then=own.value,
    )
    met = [rows.opportunity_id == spans["of"], spans.since <= rows["at"], spans.to.isnull() | (rows["at"] < spans.to)]
    joined = rows.left_join(spans, met)
    joined = joined.mutate(**{f"then_{n}": joined.then, f"had_{n}": joined["of"].notnull()}).drop(
        "of", "since", "to", "then"
    )
    last = spans.filter(spans.to.isnull()).select(of="of", now="then")
    joined = joined.left_join(last, joined.opportunity_id == last["of"])
    return joined.mutate(**{f"now_{n}": joined.now, f"any_{n}": joined["of"].notnull()}).drop("of", "now")


def _with_waivers(rows: ibis.Table, waivers: ibis.Table, key: str, n: int) -> ibis.Table:
    own = waivers.filter(waivers.attribute_key == key).select(of="opportunity_id", since="granted_at", to="expires")
    met = [
        rows.opportunity_id == own["of"],
        own.since.isnull() | (own.since <= rows["at"]),
        own.to.isnull() | (rows["at"] < own.to),
    ]
    held = rows.inner_join(own, met).select(of="opportunity_id", was_at="at", was_seq="to_rank").distinct()
    joined = rows.left_join(
        held, [rows.opportunity_id == held["of"], rows["at"] == held.was_at, rows.to_rank == held.was_seq]
    )
    return joined.mutate(**{f"waived_{n}": joined["of"].notnull()}).drop("of", "was_at", "was_seq")


def _said(
    process: SalesProcess,
    read: ibis.Table,
    columns: Mapping[str, Any],
    bindings: Sequence[Binding],
    keys: Sequence[str],
) -> ibis.Table:
    """What each gate came to, from the values of its attributes."""
    then, now = {}, {}
    for n, key in enumerate(keys):
        then[key], now[key] = _values(read, process.attribute(key), columns, n)
    lists: dict[str, list[Any]] = {name: [] for name in ("unmet", "unknown", "waived", "late")}
    now_true: list[Any] = []
    for b in bindings:
        n = keys.index(b.attribute)
        applies = (read.move__from_stage == b.stage) & over(read, b.rule, columns).fill_null(False)
        if b.opportunity_type != ANY:
            applies = applies & (read.move__type == b.opportunity_type).fill_null(False)
        was, waived = then[b.attribute], read[f"move__waived_{n}"]
        sure, maybe = was.fill_null(False), was.fill_null(True)
        missed = applies & ~sure
        true_now = now[b.attribute].fill_null(False)
        tests = {
            "unmet": missed & ~waived & ~maybe,
            "unknown": missed & ~waived & maybe,
            "waived": missed & waived,
            "late": missed & ~waived & true_now,
        }
        now_true.append(~applies | true_now | waived)
        for name, test in tests.items():
            lists[name].append(ibis.ifelse(test, ibis.literal(f"{b.attribute},"), ibis.literal("")))
    texts = {name: reduce(lambda a, b: a.concat(b), parts) for name, parts in lists.items()}
    whole = reduce(lambda a, b: a & b, now_true)
    texts["late"] = ibis.ifelse(whole, texts["late"], ibis.literal(""))
    own = {c.removeprefix("move__"): read[c] for c in read.columns if c.startswith("move__")}
    numbered = ("then_", "had_", "now_", "any_", "waived_")
    return read.select(at="at", **{c: v for c, v in own.items() if not c.startswith(numbered)}, **texts)


def _values(read: ibis.Table, attribute: Attribute, columns: Mapping[str, Any], n: int) -> tuple[Any, Any]:
    """Whether the attribute held at the exit, and whether it holds by what is known now."""
    if attribute.rule is None:
        return read[f"move__then_{n}"], read[f"move__now_{n}"]
    ruled = over(read, attribute.rule, columns)
    if attribute.verifier is Verifier.rule:
        return tuple(ibis.coalesce(ruled, read[f"move__{w}_{n}"]) for w in ("then", "now"))
    told = [
        ibis.ifelse(read[f"move__{h}_{n}"], read[f"move__{w}_{n}"], ruled) for h, w in (("had", "then"), ("any", "now"))
    ]
    return told[0], told[1]
