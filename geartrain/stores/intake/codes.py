"""Why a row or a file is not taken, in stable names, each with its mend: the register of the reference."""

from __future__ import annotations

QUARANTINE: dict[str, str] = {
    "missing_value": "Fill it in at the source, or write `may_be_empty: true` beside the column in the mapping.",
    "not_a_number": "Correct the value; amounts are written like 12500.00 or 12,500.00.",
    "not_whole": "Write a whole number.",
    "out_of_range": "Correct the value at the source.",
    "not_a_date": "Correct the value, or state `date_format` beside the column in the mapping.",
    "not_yes_or_no": "Write true or false, or map the values with a value table.",
    "conflicting_duplicate": "Keep one of the two rows at the source.",
    "field_count": "Look for a delimiter or a quote inside a value: put the value in quotes.",
    "empty_row": "Remove the row.",
    "unbalanced_quote": "Close the quote, or double it where it is part of the text.",
    "nul_byte": "Export the file again: it is damaged here.",
    "undecodable": "Export the file again as UTF-8, or state `encoding` in the mapping.",
    "excluded": "Nothing to mend: the source says that this record is deleted or merged.",
}
