"""Office files whose bytes depend on what they say only: their zip entries and properties carry a stated date."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date

PROPERTIES = "docProps/core.xml"
STAMPED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:\2>)")


def settled(content: bytes, *, day: date) -> bytes:
    """The same file, dated with a day instead of now, its entries in the order of their names."""
    out = io.BytesIO()
    stamp = f"{day.isoformat()}T00:00:00Z".encode()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        # An Office file begins with its list of contents.
        for name in sorted(given.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            data = given.read(name)
            if name == PROPERTIES:
                data = STAMPED.sub(rb"\g<1>" + stamp + rb"\g<3>", data)
            entry = zipfile.ZipInfo(name, (max(day.year, 1980), day.month, day.day, 0, 0, 0))
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
            made.writestr(entry, data)
    return out.getvalue()
