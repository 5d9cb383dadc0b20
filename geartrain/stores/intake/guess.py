"""A first mapping, from headers and samples, for a person to read and correct."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from rapidfuzz import fuzz

from geartrain.facts import record_types
from geartrain.kernel.errors import NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.records import ColumnKind, RecordType
from geartrain.stores.intake.cast import Origin, cleaned, readable_share
from geartrain.stores.intake.feed import Raw, Unreadable
from geartrain.stores.intake.readers import READABLE, Reader
from geartrain.stores.intake.sniff import normal
from geartrain.stores.intake.sources import files_in
from geartrain.stores.intake.sources.folder import type_named
from geartrain.stores.intake.tables import unreadable, unsupported
from geartrain.stores.intake.words import identifier, literal

# Other words for a column, in the languages exports come in. Normalised.
WORDS: dict[str, tuple[str, ...]] = {
    "opportunity_id": (
        "opportunity",
        "deal_id",
        "opp_id",
        "opportunity_number",
        "verkaufschance",
        "opportunite",
        "oportunidad",
    ),
    "account_id": (
        "account",
        "account_name",
        "customer",
        "customer_id",
        "company",
        "client",
        "kunde",
        "firma",
        "cliente",
        "kundennummer",
    ),
    "owner_id": (
        "owner",
        "sales_agent",
        "sales_rep",
        "seller",
        "rep",
        "salesperson",
        "opportunity_owner",
        "verkaufer",
        "verkaeufer",
        "besitzer",
        "vendeur",
        "vendedor",
        "proprietaire",
    ),
    "user_id": (
        "sales_agent",
        "agent",
        "seller",
        "rep",
        "employee_id",
        "sales_rep",
        "username",
        "mitarbeiter",
        "verkaufer",
    ),
    "manager_id": ("manager", "reports_to", "boss", "vorgesetzter", "responsable"),
    "product_id": ("product", "sku", "product_name", "produkt", "produit", "producto", "artikel"),
    "stage": ("deal_stage", "stage_name", "status", "phase", "sales_stage", "etape", "etapa"),
    "amount": ("close_value", "value", "deal_value", "betrag", "montant", "importe", "total", "revenue_amount", "wert"),
    "created_at": (
        "created",
        "created_date",
        "create_date",
        "engage_date",
        "start_date",
        "opened",
        "erstellt",
        "erstellt_am",
        "date_de_creation",
        "fecha_de_creacion",
        "creado",
    ),
    "close_date": (
        "expected_close_date",
        "expected_close",
        "closing_date",
        "abschlussdatum",
        "date_de_cloture",
        "fecha_de_cierre",
        "closed_date",
    ),
    "closed_at": ("closed", "closed_on", "won_date"),
    "name": ("title", "deal_name", "opportunity_name", "bezeichnung", "nom", "nombre", "account_name", "full_name"),
    "industry": ("sector", "branche", "secteur", "industria"),
    "employees": ("headcount", "number_of_employees", "mitarbeiterzahl", "effectif", "empleados"),
    "annual_revenue": ("revenue", "umsatz", "turnover", "chiffre_d_affaires"),
    "country": ("office_location", "land", "pays", "pais"),
    "region": ("regional_office", "territory", "gebiet"),
    "parent_account_id": ("parent", "subsidiary_of", "parent_account"),
    "list_price": ("sales_price", "price", "preis", "prix", "precio"),
    "family": ("series", "product_family", "category", "product_line"),
    "email": ("e_mail", "mail", "email_address"),
    "lead_source": ("source", "quelle", "origine"),
    "currency": ("currency_code", "waehrung", "wahrung", "devise", "moneda"),
}
# Words that tell a file's type by its name.
FILES: dict[str, tuple[str, ...]] = {
    "opportunity": ("pipeline", "deal", "opportunit", "chance", "sales_pipeline"),
    "account": ("account", "customer", "compan", "client", "kunde", "firm"),
    "product": ("product", "produkt", "produit", "catalog"),
    "user": ("user", "team", "seller", "agent", "rep", "employee", "staff", "mitarbeiter"),
    "lead": ("lead", "contact", "prospect"),
}
WON, LOST = (
    ("won", "closed_won", "gewonnen", "gagne", "ganado"),
    ("lost", "closed_lost", "verloren", "perdu", "perdido"),
)
LIKE = 84


@dataclass
class Guess:
    """What one file seems to be."""

    raw: Raw
    record_type: RecordType
    header: bool
    file: str
    columns: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def guess_mapping(location: Path) -> tuple[str, list[Issue]]:
    """YAML of a first mapping with comments that say why, and what could not be guessed. Loads nothing.

    Raises:
        NotFound: there is no such folder or file.
    """
    if not location.exists():
        raise NotFound(f"There is no folder or file '{location}'.", hint="Name the folder your export is in.")
    with TemporaryDirectory() as made, duckdb.connect() as con:
        read, issues = Reader(con, Path(made)), list[Issue]()
        guesses = []
        for path in files_in(location):
            label = path.name if location.is_file() else path.relative_to(location).as_posix()
            if path.suffix.lower() not in READABLE:
                issues.append(unsupported(label, path))
                continue
            try:
                raw = read.any(path, label=label)
            except Unreadable as error:
                issues.append(unreadable(error, label))
                continue
            found = _guess(con, raw, path)
            if found is None:
                hint = "If it holds records, add an entry for it to the mapping."
                issues.append(Issue("not_guessed", Level.warning, f"What {label} holds is not clear.", label, hint))
            else:
                guesses.append(found)
        text = "".join(_yaml(con, g, guesses) for g in guesses)
    head = (
        "# A first mapping, guessed from headers and samples. Read it, correct it, then load with --mapping.\nload:\n"
    )
    return (head + text if text else head.replace("load:", "load: []")), issues


def _guess(con: duckdb.DuckDBPyConnection, raw: Raw, path: Path) -> Guess | None:
    header = raw.has_header
    best: Guess | None = None
    for record_type in record_types().values():
        guess = Guess(raw, record_type, header, raw.label)
        _match(con, guess)
        if _score(guess, path) > (_score(best, path) if best else 2.5):
            best = guess
    return best


def _score(guess: Guess, path: Path) -> float:
    """How much speaks for a type: matched columns, its key, and the file's name."""
    stem, name = normal(path.stem), guess.record_type.name
    named = type_named(path.stem)
    bonus = (
        6.0 if named is not None and named.name == name else 3.0 if any(w in stem for w in FILES.get(name, ())) else 0.0
    )
    keyed = all(k in guess.columns for k in guess.record_type.key)
    share = len(guess.columns) / max(1, len(guess.raw.headers))
    return (len(guess.columns) * 0.5 + share * 3 + bonus) * (1.0 if keyed else 0.3)


def _match(con: duckdb.DuckDBPyConnection, guess: Guess) -> None:
    """Each column of the type takes the header that fits its name best and its values well enough."""
    pairs = []
    for column in guess.record_type.columns:
        for header in guess.raw.headers:
            likeness = _likeness(column.name, normal(header), guess.record_type)
            if likeness >= LIKE:
                pairs.append((-likeness, column.name, header))
    taken: set[str] = set()
    for negative, name, header in sorted(pairs):
        if name in guess.columns or (header in taken):
            continue
        if not _fits(con, guess, name, header):
            continue
        guess.columns[name] = header
        taken.add(header)
        if negative > -100:
            guess.notes[name] = f"'{header}' sounds like it"
    _names(guess)


def _names(guess: Guess) -> None:
    """A thing without an id of its own is known by its name, and the other way round."""
    key = guess.record_type.key[0]
    if "name" in guess.record_type and guess.record_type.name in ("account", "product", "user"):
        if key in guess.columns and "name" not in guess.columns:
            guess.columns["name"] = guess.columns[key]
        elif "name" in guess.columns and key not in guess.columns:
            guess.columns[key] = guess.columns["name"]
            guess.notes[key] = "the file has no id, so the name stands for it"


def _likeness(name: str, header: str, record_type: RecordType) -> float:
    own = record_type.name
    if header == name:
        return 100
    if name in record_type.key and header in (own, f"{own}_name", f"{own}_number", "id", "key"):
        return 97
    if header in WORDS.get(name, ()):
        return 95
    return fuzz.ratio(name, header) * 0.95


def _fits(con: duckdb.DuckDBPyConnection, guess: Guess, name: str, header: str) -> bool:
    """Whether at least nine in ten of the header's known values can be read as the column's kind."""
    column = guess.record_type[name]
    if column.kind in (ColumnKind.text, ColumnKind.json):
        return True
    return readable_share(con, f"(SELECT * FROM {guess.raw.sql} LIMIT 5000)", Origin(column, identifier(header))) >= 0.9


def _yaml(con: duckdb.DuckDBPyConnection, guess: Guess, all_: Sequence[Guess]) -> str:
    lines = [f"  - type: {guess.record_type.name}", f"    file: {_quoted(guess.file)}"]
    if not guess.header:
        lines.append(
            f"    header_columns: [{', '.join(_quoted(h) for h in guess.raw.headers)}]   # the file has no header row"
        )
    lines.append("    columns:")
    done = dict(guess.columns)
    more = _closing(con, guess) if guess.record_type.name == "opportunity" else {}
    for name, header in done.items():
        if name in more:
            continue
        note = f"   # {guess.notes[name]}" if name in guess.notes else ""
        empty = (
            _empty(con, guess, header) if guess.record_type[name].required and name not in guess.record_type.key else 0
        )
        if empty:
            lines.append(f"      {name}: {{from: {_quoted(header)}, may_be_empty: true}}   # {empty:,} rows do not say")
        else:
            lines.append(f"      {name}: {_quoted(header)}{note}")
    lines += [f"      {name}: {said}" for name, said in more.items()]
    for column in guess.record_type.columns:
        if column.required and column.name not in done and column.name not in more and column.default is None:
            lines.append(
                f"      {column.name}: {_stand_in(guess, column.kind)}   # nothing in the file says; correct this"
            )
    rest = [h for h in guess.raw.headers if h not in done.values()]
    if rest:
        lines.append(f"    # kept under `extra`: {', '.join(rest)}")
    text = "\n".join(lines) + "\n"
    manager = guess.columns.get("manager_id")
    if guess.record_type.name == "user" and manager and manager != guess.columns.get("user_id"):
        text += (
            f"  - type: user                 # the managers named above are people too\n    file: {_quoted(guess.file)}\n"
            f"    distinct: true\n    where: {_where_not_a_seller(con, guess, manager)}\n    columns:\n      user_id: {_quoted(manager)}\n"
            f"      name: {_quoted(manager)}\n      is_active: {{constant: true}}\n"
        )
    return text


def _where_not_a_seller(con: duckdb.DuckDBPyConnection, guess: Guess, manager: str) -> str:
    name = manager if re.fullmatch(r"[A-Za-z_]\w*", manager) else f'"{manager}"'
    own = guess.columns["user_id"]
    both = con.execute(
        f"SELECT DISTINCT {identifier(manager)} FROM {guess.raw.sql} WHERE {identifier(manager)} IN (SELECT {identifier(own)} FROM {guess.raw.sql}) ORDER BY 1"
    ).fetchall()
    if not both:
        return f"{name} is not null"
    listed = ", ".join(literal(str(r[0])) for r in both)
    return f"{name} is not null and {name} not in ({listed})"


def _stand_in(guess: Guess, kind: ColumnKind) -> str:
    if kind is ColumnKind.flag:
        return "{constant: true}" if guess.record_type.name == "user" else "{constant: false}"
    return "{constant: '', may_be_empty: true}"


def _closing(con: duckdb.DuckDBPyConnection, guess: Guess) -> dict[str, str]:
    """is_closed, is_won and closed_at from the stage, where the file does not say them."""
    stage = guess.columns.get("stage")
    if stage is None or "is_closed" in guess.columns or "is_won" in guess.columns:
        return {}
    rows = con.execute(
        f"SELECT DISTINCT CAST({identifier(stage)} AS VARCHAR) FROM {guess.raw.sql} WHERE {identifier(stage)} IS NOT NULL LIMIT 100"
    ).fetchall()
    stages = [str(r[0]) for r in rows]
    won = [s for s in stages if any(w in normal(s) for w in WON)]
    lost = [s for s in stages if any(w in normal(s) for w in LOST)]
    if not won and not lost:
        return {}
    name = stage if re.fullmatch(r"[A-Za-z_]\w*", stage) else f'"{stage}"'
    closed = ", ".join(f"{_quoted(s)}: true" for s in [*won, *lost])
    found = {
        "is_closed": f"{{from: {_quoted(stage)}, values: {{{closed}}}, default: false}}",
        "is_won": f"{{from: {_quoted(stage)}, values: {{{', '.join(f'{_quoted(s)}: true' for s in won)}}}, default: false}}",
    }
    if "close_date" in guess.columns and "closed_at" not in guess.columns:
        date = guess.columns["close_date"]
        date = date if re.fullmatch(r"[A-Za-z_]\w*", date) else f'"{date}"'
        listed = ", ".join(literal(s) for s in [*won, *lost])
        found["closed_at"] = f"{{expr: {_quoted(f'case when {name} in ({listed}) then {date} end')}}}"
    return found


def _empty(con: duckdb.DuckDBPyConnection, guess: Guess, header: str) -> int:
    row = con.execute(
        f"SELECT count(*) FILTER (({cleaned(identifier(header))}) IS NULL) FROM {guess.raw.sql}"
    ).fetchone()
    return int(row[0]) if row else 0


def _quoted(text: str) -> str:
    if re.fullmatch(r"[A-Za-z_][\w ./-]*[\w]", text) and text.lower() not in (
        "true",
        "false",
        "null",
        "yes",
        "no",
        "on",
        "off",
    ):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
