"""How days and instants are written, as SQL over one text `t`; a bare date is midnight in a zone."""

from __future__ import annotations

from collections.abc import Sequence

from geartrain.kernel.records import ColumnKind
from geartrain.stores.intake.words import literal

DAY_FIRST, MONTH_FIRST = "day_first", "month_first"
# Two digits of a year before four: %Y takes the first two of four digits for a year, %y leaves the others over and fails.
_ORDERED = {
    DAY_FIRST: ("%d/%m/%y", "%d/%m/%Y", "%d.%m.%y", "%d.%m.%Y", "%d-%m-%y", "%d-%m-%Y", "%d %m %Y"),
    MONTH_FIRST: ("%m/%d/%y", "%m/%d/%Y", "%m-%d-%y", "%m-%d-%Y", "%m.%d.%y", "%m.%d.%Y"),
}
_EITHER = (
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d %b %y",
    "%d %b %Y",
    "%d-%b-%y",
    "%d-%b-%Y",
    "%b %d %y",
    "%b %d %Y",
    "%Y-%b-%d",
    "%d/%b/%y",
    "%d/%b/%Y",
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
FORMATS: dict[str, tuple[str, ...]] = {
    order: tuple(d + t for d in (*dates, *_EITHER) for t in _TIMES) for order, dates in _ORDERED.items()
}
# Months of other languages by their first letters (accents as exports have them), as English short names.
MONTHS = {
    "jan": (
        "jan",
        "jän",
        "janv",
        "ene",
        "gen",
        "januar",
        "january",
        "janvier",
        "enero",
        "gennaio",
        "januari",
        "janeiro",
    ),
    "feb": (
        "feb",
        "fév",
        "fev",
        "févr",
        "februar",
        "february",
        "février",
        "febrero",
        "febbraio",
        "februari",
        "fevereiro",
    ),
    "mar": ("mar", "mär", "mrz", "mars", "märz", "march", "marzo", "maart", "mrt", "março"),
    "apr": ("apr", "avr", "abr", "april", "avril", "abril", "aprile"),
    "may": ("may", "mai", "mag", "mei", "mayo", "maggio", "maio"),
    "jun": ("jun", "juin", "giu", "juni", "june", "junio", "giugno", "junho"),
    "jul": ("jul", "juil", "lug", "juli", "july", "juillet", "julio", "luglio", "julho"),
    "aug": ("aug", "août", "aoû", "ago", "august", "agosto", "augustus"),
    "sep": ("sep", "sept", "set", "september", "septembre", "septiembre", "settembre", "setembro"),
    "oct": ("oct", "okt", "ott", "out", "october", "oktober", "octobre", "octubre", "ottobre", "outubro"),
    "nov": ("nov", "november", "novembre", "noviembre", "novembro"),
    "dec": ("dec", "dez", "déc", "dic", "december", "dezember", "décembre", "diciembre", "dicembre", "dezembro"),
}
_DAY = r"\d{4}-\d{1,2}-\d{1,2}"
_CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
LOCAL = f"{_DAY}([T ]{_CLOCK})?"
ZONED = f"{_DAY}[T ]{_CLOCK} ?(Z|z|UTC|GMT|[-+]\\d{{2}}(:?\\d{{2}})?)"
SERIAL = r"[2-6]\d{4}(\.\d+)?"
EPOCH = r"1\d{9}(\d{3})?"


def is_local() -> str:
    """Known where the value is ISO 8601 without an offset, and exists."""
    return f"CASE WHEN regexp_full_match(t, {literal(LOCAL)}) THEN TRY_CAST(t AS TIMESTAMP) END"


def is_zoned() -> str:
    """Known where the value is ISO 8601 with an offset, and exists."""
    return f"CASE WHEN regexp_full_match(t, {literal(ZONED)}) THEN {_zoned()} END"


def zoned_midnight() -> str:
    """Known where the value is midnight by its own clock, e.g. 2024-03-01T00:00:00Z: a day that a tool has dressed up."""
    return "CASE WHEN regexp_matches(t, '[T ]00:00(:00(\\.0+)?)? ?(Z|z|UTC|GMT|[-+]\\d{2}(:?\\d{2})?)$') THEN 1 END"


def local(kind: ColumnKind, zone: str) -> str:
    """Of a column where every value is ISO 8601 without offset."""
    return _at("TRY_CAST(t AS TIMESTAMP)", kind, zone)


def iso(kind: ColumnKind, zone: str, *, days_as_written: bool = False) -> str:
    """With an offset it is an instant, without one it is the zone's wall clock."""
    if kind is ColumnKind.day:
        there = (
            "CAST(left(t, 10) AS DATE)" if days_as_written else f"CAST(timezone({literal(zone)}, {_zoned()}) AS DATE)"
        )
    else:
        there = f"timezone('UTC', {_zoned()})"
    there = there.replace("CAST(left", "TRY_CAST(left")
    return (
        f"CASE WHEN regexp_full_match(t, {literal(LOCAL)}) THEN {local(kind, zone)} "
        f"WHEN regexp_full_match(t, {literal(ZONED)}) THEN {_sane(there)} END"
    )


def typed(sql_type: str, kind: ColumnKind, zone: str) -> str | None:
    """Of a column `r` that holds days or instants already (Parquet); None for any other type."""
    if sql_type == "TIMESTAMP WITH TIME ZONE":
        there = zone if kind is ColumnKind.day else "UTC"
        return f"CAST({_sane(f'timezone({literal(there)}, r)')} AS {'DATE' if kind is ColumnKind.day else 'TIMESTAMP'})"
    if sql_type == "DATE" or sql_type.startswith("TIMESTAMP"):
        return _at("CAST(r AS TIMESTAMP)", kind, zone)
    return None


def stated(date_format: str, kind: ColumnKind, zone: str) -> str:
    """In a format that the mapping states."""
    return _at(f"try_strptime(t, {literal(date_format)})", kind, zone)


def parsed(formats: Sequence[str]) -> str:
    """The wall clock of the first format that fits, on `normalised` text `x`."""
    wall = f"try_strptime(x, [{', '.join(literal(f) for f in formats)}])"
    return _sane(wall)


def serial() -> str:
    """The day number of a spreadsheet, with its part of a day, to the second."""
    micros = "CAST(round(CAST(t AS DOUBLE) * 86400) AS BIGINT) * 1000000"
    wall = f"TIMESTAMP '1899-12-30' + to_microseconds({micros})"
    return f"CASE WHEN regexp_full_match(t, {literal(SERIAL)}) THEN {wall} END"


def epoch() -> str:
    """Seconds or milliseconds since 1970, an instant."""
    micros = "CAST(t AS BIGINT) * (CASE WHEN length(t) = 10 THEN 1000000 ELSE 1000 END)"
    return f"CASE WHEN regexp_full_match(t, {literal(EPOCH)}) THEN make_timestamp({micros}) END"


def at(wall: str, kind: ColumnKind, zone: str) -> str:
    """A wall clock as it is stored."""
    return _at(wall, kind, zone)


def from_utc(instant: str, kind: ColumnKind, zone: str) -> str:
    """An instant in UTC as it is stored."""
    if kind is ColumnKind.instant:
        return instant
    return f"CAST(timezone({literal(zone)}, timezone('UTC', {instant})) AS DATE)"


def normalised(*, words: bool) -> str:
    """Date and time parted by one space, AM and PM by one more; with `words`, weekdays off and months in English."""
    text = "regexp_replace(trim(t), '\\s+', ' ', 'g')"
    text = f"regexp_replace({text}, '(\\d)[ ,T]+(\\d{{1,2}}:\\d{{2}})', '\\1 \\2')"
    text = f"regexp_replace({text}, '(:\\d{{2}}) ?([AaPp])\\.? ?[Mm]\\.?$', '\\1 \\2M')"
    if not words:
        return text
    text = f"regexp_replace({text}, '^\\pL+[.,]+ ?(\\d)', '\\1')"
    text = f"regexp_replace(replace({text}, ',', ' '), '(\\d)(st|nd|rd|th|er|º|\\.)? (de )?(\\pL)', '\\1 \\4')"
    text = f"regexp_replace({text}, '(\\pL)\\.? (de )?(\\d)', '\\1 \\3')"
    text = f"regexp_replace({text}, '\\s+', ' ', 'g')"
    pairs = ", ".join(f"{literal(w)}: {literal(month)}" for month, words_ in MONTHS.items() for w in words_)
    word = f"regexp_extract({text}, '\\pL{{3,}}')"
    return f"(CASE WHEN {word} = '' THEN {text} ELSE replace({text}, {word}, coalesce(MAP {{{pairs}}}[lower({word})], {word})) END)"


def _zoned() -> str:
    text = "regexp_replace(t, ' ?(z|UTC|GMT)$', 'Z')"
    return f"TRY_CAST(regexp_replace({text}, ' ([-+])', '\\1') AS TIMESTAMPTZ)"


def _sane(when: str) -> str:
    """Years far from ours are none."""
    return f"CASE WHEN year({when}) BETWEEN 1900 AND 2200 THEN {when} END"


def _at(wall: str, kind: ColumnKind, zone: str) -> str:
    """A wall clock as it is stored: a day as it is, an instant in UTC."""
    if kind is ColumnKind.day:
        return f"CAST({_sane(wall)} AS DATE)"
    return _sane(wall) if zone == "UTC" else f"timezone('UTC', timezone({literal(zone)}, {_sane(wall)}))"
