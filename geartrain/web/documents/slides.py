"""A pack as slides: one message each, its numbers or its chart, and at the foot what they rest on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Inches, Pt

from geartrain.web.documents.document import Block, Document, Figure, Grid
from geartrain.web.documents.drawing import as_png, colours
from geartrain.web.documents.settled import settled

FONT = "Arial"
WIDTH, HEIGHT, EDGE = 13.333, 7.5, 0.6  # inches
BODY_TOP, BODY_HEIGHT = 1.75, 4.75
TITLE_ONLY = 5  # layout of the default template
MOST_ROWS = 12
Box = tuple[float, float, float, float]


def as_pptx(document: Document) -> bytes:
    """The document as a presentation, 16:9, dated with the pack's last day."""
    deck = _Deck(document)
    deck.cover()
    deck.written()
    for chapter in document.chapters:
        for block in chapter.blocks:
            deck.block(chapter.title, block)
    deck.decisions()
    deck.trust()
    deck.sources()
    return deck.save()


class _Deck:
    """One presentation in the making."""

    def __init__(self, document: Document) -> None:
        self.document, self.made = document, Presentation()
        self.made.slide_width, self.made.slide_height = Inches(WIDTH), Inches(HEIGHT)

    def save(self) -> bytes:
        """The file."""
        pack, properties = self.document.pack, self.made.core_properties
        properties.title, properties.author, properties.last_modified_by = pack.title, pack.company, pack.company
        properties.subject, properties.keywords, properties.revision = self.document.stamp, "", 1
        properties.created = properties.modified = datetime.combine(pack.as_of, time(), UTC).replace(tzinfo=None)
        out = io.BytesIO()
        self.made.save(out)
        return settled(out.getvalue(), day=pack.as_of)

    def cover(self) -> None:
        """Title, company, period, whose records."""
        slide = self.made.slides.add_slide(self.made.slide_layouts[TITLE_ONLY])
        back = slide.background.fill
        back.solid()
        back.fore_color.rgb = RGBColor.from_string("14213D")
        d = self.document
        self._title(slide, d.title, (EDGE, 2.5, WIDTH - 2 * EDGE, 1.4), size=44, colour="FFFFFF")
        self._text(slide, d.company.upper(), (EDGE, 1.9, 8, 0.5), size=16, colour="A9C0F0", bold=True)
        self._text(slide, f"{d.period} · {d.scope}", (EDGE, 3.9, WIDTH - 2 * EDGE, 0.6), size=20, colour="DFE4EA")
        self._text(slide, d.stamp, (EDGE, HEIGHT - 0.9, WIDTH - 2 * EDGE, 0.4), size=11, colour="9CAABB")

    def written(self) -> None:
        """What the author says: one slide."""
        said = self.document.written
        if said:
            slide = self._slide("In short", "Narrative")
            lines = [(f"{chapter}: {prompt}" if prompt else chapter, text) for chapter, prompt, text in said]
            self._paragraphs(slide, lines)
            self._foot(slide, "")

    def block(self, chapter: str, block: Block) -> None:
        """One answer."""
        slide = self._slide(block.message, f"{chapter} · {block.about}")
        if block.figures:
            self._figures(slide, block.figures)
        elif block.drawing is not None:
            self._picture(slide, block)
        elif block.grid is not None:
            self._table(slide, block.grid)
        few = " ".join(block.notes)
        self._foot(slide, f"{block.basis}. {few}".strip())
        notes = [block.title, block.about, *block.notes, block.basis, self.document.stamp]
        slide.notes_slide.notes_text_frame.text = "\n".join(notes)

    def decisions(self) -> None:
        """What is still open from before, and what is asked for now."""
        d = self.document
        if d.carried is not None:
            n = len(d.carried.rows)
            slide = self._slide(f"{n} decision{'s are' if n > 1 else ' is'} still open from before", "Decisions")
            self._table(slide, d.carried, widths=(5.6, 2.2, 2.3, 2.0))
            self._foot(slide, "; ".join(d.sessions))
        if d.asks:
            slide = self._slide("To be decided today", "Decisions")
            self._paragraphs(slide, [("", ask) for ask in d.asks], size=24)
            self._foot(slide, "; ".join(d.sessions))

    def trust(self) -> None:
        """Data quality, and the numbers in dispute."""
        d = self.document
        if d.quality is not None:
            slide = self._slide(d.quality[0], "Data quality: what to trust")
            self._table(slide, d.quality[1], box=(EDGE, BODY_TOP, 3.8, 3), widths=(2.6, 1.2))
            box = (EDGE + 4.3, BODY_TOP - 0.1, WIDTH - 2 * EDGE - 4.3, BODY_HEIGHT)
            self._paragraphs(slide, [("", f) for f in d.quality[2]], size=14, box=box)
            self._foot(slide, "Passing units over applicable units by dimension, weighted over what is assessed.")
        if d.disputed is not None:
            slide = self._slide("Numbers in dispute", "What to trust")
            self._table(slide, d.disputed, widths=(3.4, 4.5, 2.2, 2.0))
            self._foot(slide, "")

    def sources(self) -> None:
        """Every metric with its version and definition."""
        grid = self.document.metrics
        for first in range(0, len(grid.rows), MOST_ROWS):
            rows = tuple((*r[:2], r[2]) for r in grid.rows[first : first + MOST_ROWS])
            slide = self._slide("What the numbers mean", "Sources")
            self._table(slide, Grid(grid.headings[:3], grid.numbers[:3], rows), widths=(2.8, 1.5, 7.8), size=11)
            self._foot(slide, "")

    def _slide(self, message: str, above: str) -> Any:
        slide = self.made.slides.add_slide(self.made.slide_layouts[TITLE_ONLY])
        self._text(slide, above, (EDGE, 0.35, WIDTH - 2 * EDGE, 0.35), size=13, colour=_hex("muted"))
        size = 28 if len(message) <= 75 else 24 if len(message) <= 110 else 20
        self._title(slide, message, (EDGE, 0.65, WIDTH - 2 * EDGE, 0.95), size=size, colour=_hex("text"))
        bar = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, Inches(EDGE), Inches(1.6), Inches(1.1), Inches(0.05))
        bar.fill.solid()
        bar.fill.fore_color.rgb = RGBColor.from_string(_hex("accent"))
        bar.line.fill.background()
        return slide

    def _title(self, slide: Any, text: str, box: Box, *, size: int, colour: str) -> None:
        shape = slide.shapes.title
        shape.left, shape.top, shape.width, shape.height = (Inches(v) for v in box)
        frame = shape.text_frame
        frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.MIDDLE
        frame.margin_left = frame.margin_right = 0
        self._write(frame.paragraphs[0], text, size=size, colour=colour, bold=True)

    def _text(
        self, slide: Any, text: str, box: Box, *, size: float, colour: str, bold: bool = False, align: Any = None
    ) -> Any:
        frame = slide.shapes.add_textbox(*(Inches(v) for v in box)).text_frame
        frame.word_wrap = True
        frame.margin_left = frame.margin_right = 0
        self._write(frame.paragraphs[0], text, size=size, colour=colour, bold=bold, align=align)
        return frame

    def _write(
        self, paragraph: Any, text: str, *, size: float, colour: str, bold: bool = False, align: Any = PP_ALIGN.LEFT
    ) -> None:
        run = paragraph.add_run()
        run.text = text
        run.font.name, run.font.size, run.font.bold = FONT, Pt(size), bold
        run.font.color.rgb = RGBColor.from_string(colour)
        paragraph.alignment = align or PP_ALIGN.LEFT

    def _paragraphs(
        self, slide: Any, lines: Sequence[tuple[str, str]], *, size: float = 18, box: Box | None = None
    ) -> None:
        place = box or (EDGE, BODY_TOP, WIDTH - 2 * EDGE, BODY_HEIGHT)
        frame = slide.shapes.add_textbox(*(Inches(v) for v in place)).text_frame
        frame.word_wrap = True
        # Long texts are set smaller rather than run off the slide.
        length = sum(len(a) + len(b) for a, b in lines)
        fits = size if length < 900 else max(11, size - 4) if length < 1800 else 11
        for n, (above, text) in enumerate(lines):
            paragraph = frame.paragraphs[0] if n == 0 else frame.add_paragraph()
            paragraph.space_before = Pt(0 if n == 0 else 10)
            if above:
                self._write(paragraph, above, size=max(11, fits - 5), colour=_hex("muted"))
                paragraph = frame.add_paragraph()
            self._write(paragraph, text, size=fits, colour=_hex("text"))

    def _figures(self, slide: Any, figures: Sequence[Figure]) -> None:
        """Cards, three or four in a row."""
        across = 3 if len(figures) <= 6 else 4
        down = -(-len(figures) // across)
        gap = 0.25
        width = (WIDTH - 2 * EDGE - gap * (across - 1)) / across
        height = min(2.25, (BODY_HEIGHT - gap * (down - 1)) / down)
        for n, figure in enumerate(figures):
            left, top = EDGE + (n % across) * (width + gap), BODY_TOP + 0.1 + (n // across) * (height + gap)
            self._card(slide, figure, (left, top, width, height), tall=down < 3)

    def _card(self, slide: Any, figure: Figure, box: Box, *, tall: bool) -> None:
        shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *(Inches(v) for v in box))
        shape.fill.solid()
        shape.fill.fore_color.rgb = RGBColor.from_string("F5F6F8")
        shape.line.fill.background()
        shape.shadow.inherit = False
        frame = shape.text_frame
        frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.TOP
        frame.margin_left = frame.margin_right = Inches(0.18)
        frame.margin_top = frame.margin_bottom = Inches(0.1)
        self._write(frame.paragraphs[0], figure.name, size=14, colour=_hex("muted"))
        colour = _hex("muted" if figure.unknown else "text")
        self._write(frame.add_paragraph(), figure.value, size=32 if tall else 22, colour=colour, bold=True)
        for versus in figure.versus:
            mood = {"good": "good", "bad": "bad"}.get(versus.mood, "muted")
            self._write(frame.add_paragraph(), versus.text, size=13 if tall else 11, colour=_hex(mood))
        if figure.note:
            self._write(frame.add_paragraph(), figure.note, size=11 if tall else 10, colour=_hex("muted"))

    def _picture(self, slide: Any, block: Block) -> None:
        assert block.drawing is not None
        across, down = 900, 340
        png = as_png(block.drawing, width=across, height=down)
        left, width = EDGE, WIDTH - 2 * EDGE
        picture = slide.shapes.add_picture(io.BytesIO(png), Inches(left), Inches(BODY_TOP + 0.05), width=Inches(width))
        if picture.height > Inches(BODY_HEIGHT):
            picture.width, picture.height = (
                int(picture.width * Inches(BODY_HEIGHT) / picture.height),
                Inches(BODY_HEIGHT),
            )
        picture.name = block.title
        picture._element.nvPicPr.cNvPr.set("descr", block.drawing.alt)

    def _table(
        self, slide: Any, grid: Grid, *, box: Box | None = None, widths: Sequence[float] = (), size: float = 0
    ) -> None:
        rows = grid.rows[:MOST_ROWS]
        left, top, width, _ = box or (EDGE, BODY_TOP + 0.05, WIDTH - 2 * EDGE, BODY_HEIGHT)
        text = size or (14 if len(rows) <= 9 and len(grid.headings) <= 6 else 11)
        height = Inches(0.36 * (len(rows) + 1))
        shape = slide.shapes.add_table(
            len(rows) + 1, len(grid.headings), Inches(left), Inches(top), Inches(width), height
        )
        table = shape.table
        table.horz_banding = False
        for n, share in enumerate(widths or _widths(grid, width)):
            table.columns[n].width = Inches(share)
        for r, cells in enumerate((grid.headings, *rows)):
            table.rows[r].height = Inches(0.36)
            for c, value in enumerate(cells):
                cell = table.cell(r, c)
                cell.fill.background()
                if r == 0:
                    cell.fill.solid()
                    cell.fill.fore_color.rgb = RGBColor.from_string("EEF1F5")
                cell.margin_top = cell.margin_bottom = Inches(0.04)
                cell.vertical_anchor = MSO_ANCHOR.MIDDLE
                align = PP_ALIGN.RIGHT if grid.numbers[c] else PP_ALIGN.LEFT
                colour = _hex("muted" if r == 0 else "text")
                self._write(cell.text_frame.paragraphs[0], value, size=text, colour=colour, bold=r == 0, align=align)
        left_out = len(grid.rows) - len(rows)
        if left_out or grid.more:
            said = f"{left_out} more rows are in the workbook." if left_out else grid.more
            self._text(slide, said, (left, 6.35, width, 0.3), size=11, colour=_hex("muted"))

    def _foot(self, slide: Any, text: str) -> None:
        """What it rests on, the pack, and the number of the slide."""
        number = len(self.made.slides)
        if text:
            said = text if len(text) <= 320 else f"{text[:290].rsplit(' ', 1)[0]} … (more in the notes)"
            self._text(slide, said, (EDGE, 6.62, WIDTH - 2 * EDGE, 0.45), size=10, colour=_hex("muted"))
        self._text(slide, self.document.stamp, (EDGE, 7.08, 9, 0.3), size=10, colour=_hex("muted"))
        box = (WIDTH - EDGE - 1, 7.08, 1, 0.3)
        self._text(slide, str(number), box, size=10, colour=_hex("muted"), align=PP_ALIGN.RIGHT)


def _widths(grid: Grid, width: float) -> list[float]:
    """The first column of text takes what the others leave."""
    numbers = max(1, sum(grid.numbers))
    each = min(2.2, max(1.35, width / 2 / numbers))
    others = [each if number else 2.2 for number in grid.numbers[1:]]
    total = sum(others)
    if total > width - 2:
        others = [o * (width - 2) / total for o in others]
    return [width - sum(others), *others]


def _hex(name: str) -> str:
    return colours()[name].removeprefix("#").upper()
