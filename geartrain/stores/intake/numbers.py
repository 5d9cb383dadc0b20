"""How numbers are written: separators, signs of currency, percent, brackets for negative; as SQL over one text `t`."""

from __future__ import annotations

from geartrain.kernel.records import ColumnKind
from geartrain.stores.intake.words import literal

SQL_TYPE = {
    ColumnKind.integer: "BIGINT",
    ColumnKind.number: "DECIMAL(38,9)",
    ColumnKind.money: "DECIMAL(38,4)",
}
# What stands between groups of three digits in any country: spaces of four kinds and apostrophes of two.
GROUPS = " \u00a0\u202f\u2009'’"
CURRENCY = r"(?:[A-Z]{0,2}[$€£¥₹₽₩₪₺]|[A-Z]{3}|zł|Kč|kr\.?|Fr\.?)"
# All values of this form: 12.500 is twelve thousand five hundred to one half of the world.
DOTTED = r"[-+]?[1-9]\d{0,2}(\.\d{3})+"


def plain(kind: ColumnKind) -> str:
    """A number with a decimal point and nothing else."""
    return _to("t", kind)


def written(thousands: str, decimal: str, kind: ColumnKind) -> str:
    """A number with these separators."""
    bare = _bare()
    return f"CASE WHEN {_shaped(bare, thousands, decimal)} THEN {_percent(bare, decimal, kind)} END"


def is_number(thousands: str, decimal: str) -> str:
    """Whether it is a number at all, however great."""
    return f"({_shaped(_bare(), thousands, decimal)})"


def ambiguous() -> str:
    """Known where the value may be read with a point that parts thousands as well as one that parts decimals."""
    return f"CASE WHEN regexp_full_match(t, {literal(DOTTED)}) THEN 1 END"


def parted() -> str:
    """Known where the value has a decimal point that can be nothing else."""
    return f"CASE WHEN contains(t, '.') AND NOT regexp_full_match(t, {literal(DOTTED)}) THEN 1 END"


def _bare() -> str:
    """Without the sign of a currency before or after it, and with a minus that is a minus."""
    text = "replace(t, '−', '-')"
    text = f"regexp_replace({text}, {literal(f'^([-+(]?) ?{CURRENCY} ?')}, '\\1')"
    return f"regexp_replace({text}, {literal(f'[ {chr(160)}]?{CURRENCY}([)]?)$')}, '\\1')"


def _shaped(bare: str, thousands: str, decimal: str) -> str:
    group, point = f"[{GROUPS}{thousands}]", f"\\{decimal}"
    whole = f"(\\d+|\\d{{1,3}}({group}\\d{{3}})+" + (r"|\d{1,2}(,\d{2})+,\d{3})" if thousands == "," else ")")
    number = f"({whole}({point}\\d*)?|{point}\\d+)([eE][-+]?\\d{{1,3}})?"
    return f"regexp_full_match({bare}, {literal(f'[-+]?{number} ?%?|[(]{number}[)]|{number}-')})"


def _percent(bare: str, decimal: str, kind: ColumnKind) -> str:
    """The number itself. A percentage is multiplied, not divided: a division would go through a float."""
    digits = f"replace(regexp_replace({bare}, '[^0-9eE+{decimal}-]', '', 'g'), {literal(decimal)}, '.')"
    signed = f"CASE WHEN starts_with({bare}, '(') OR ends_with({bare}, '-') THEN '-' || rtrim({digits}, '-') ELSE {digits} END"
    share = _to(f"CAST(TRY_CAST({digits} AS DECIMAL(28,10)) * DECIMAL '0.01' AS VARCHAR)", kind)
    return f"CASE WHEN ends_with({bare}, '%') THEN {share} ELSE {_to(f'({signed})', kind)} END"


def _to(text: str, kind: ColumnKind) -> str:
    if kind is not ColumnKind.integer:
        return f"TRY_CAST({text} AS {SQL_TYPE[kind]})"
    exact = f"TRY_CAST({text} AS DECIMAL(38,9))"
    return f"CASE WHEN {exact} = trunc({exact}) THEN TRY_CAST({exact} AS BIGINT) END"
