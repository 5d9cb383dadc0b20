"""A frozen pack as a file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from geartrain.kernel.errors import Invalid
from geartrain.kernel.measure.pack import Pack
from geartrain.services.access import Actor, Permission, require
from geartrain.services.packs.life import frozen_pack
from geartrain.services.workspace import Workspace
from geartrain.web.documents.document import document_of


class Format(StrEnum):
    """What a pack can be made into."""

    pdf = "pdf"
    pptx = "pptx"
    xlsx = "xlsx"
    json = "json"


TYPES = {
    Format.pdf: "application/pdf",
    Format.pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    Format.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.json: "application/json",
}


@dataclass(frozen=True)
class File:
    """A file to be saved."""

    name: str
    type: str
    content: bytes


def render_pack(ws: Workspace, actor: Actor, *, pack: str, format: str) -> File:
    """A frozen pack as a file, made of its body alone: the same bytes whenever it is asked for.

    Raises:
        NotFound: no such pack, or not the actor's to see. Conflict: it is a draft. Forbidden: no permission to export.
        Invalid: no such format.
    """
    require(actor, Permission.export)
    if format not in Format.__members__:
        raise Invalid(f"A pack cannot be made into '{format[:20]}'.", hint=f"One of: {', '.join(Format)}.")
    kind = Format(format)
    return File(f"{pack}.{kind}", TYPES[kind], as_file(frozen_pack(ws, actor, pack=pack), kind))


def as_file(pack: Pack, kind: Format) -> bytes:
    """The bytes of a pack in a format."""
    # Each of these is slow to load and rarely needed.
    if kind is Format.json:
        return pack.canonical().encode()
    if kind is Format.pdf:
        from geartrain.web.documents.pdf import as_pdf

        return as_pdf(document_of(pack))
    if kind is Format.pptx:
        from geartrain.web.documents.slides import as_pptx

        return as_pptx(document_of(pack))
    from geartrain.web.documents.workbook import as_xlsx

    return as_xlsx(pack)
