"""Which existing id somebody probably meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from rapidfuzz import fuzz, process

# Below this similarity (0 to 100) a match would be a guess, and none is named.
LEAST = 80


class Candidates:
    """The ids that exist, with the texts each may be recognised by."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._ids: list[str] = []
        self._texts: list[str] = []
        self._exact: dict[str, str] = {}
        for key, texts in names.items():
            for text in texts:
                plain = normalised(text)
                self._ids.append(key)
                self._texts.append(plain)
                self._exact.setdefault(plain, key)

    def closest(self, value: str) -> str | None:
        """The id whose text is the same but for case, spaces, marks and accents; else the most similar; else None.

        Similarity is rapidfuzz's normalised Indel ratio; ties go to the first in id order.
        """
        plain = normalised(value)
        if not plain:
            return None
        if plain in self._exact:
            return self._exact[plain]
        best = process.extractOne(plain, self._texts, scorer=fuzz.ratio, score_cutoff=LEAST)
        return None if best is None else self._ids[best[2]]


def normalised(text: str) -> str:
    """Letters and digits only, without case and accents: `GTX Pro` and `gtx-pró` are one."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]+", "", bare)
