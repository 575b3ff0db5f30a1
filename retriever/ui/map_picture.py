"""The evidence map as a picture: a heat map whose squares also say in figures what they hold."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import vl_convert
from PIL import Image

from retriever.evidence_map import STANDINGS, Column, EvidenceMap, Row
from retriever.labels import LABELS
from retriever.ui.map_words import caption

# Standing -> colour of the square, colour of its figure; contrast at least 4.5:1.
_COLOURS = {
    "reported": ("#00563b", "#ffffff"),
    "studied": ("#a3cbe8", "#212b32"),
    "mentioned": ("#e3e7ea", "#212b32"),
    "none": ("#ffffff", "#4c6272"),
}
FONT = "Liberation Sans, Arial, sans-serif"
_SQUARE = (46, 30)  # pixels across and down
_SCALE = 2  # for screens that show two pixels as one
_SHADES = 64  # of a flat picture; a tenth of the bytes


@dataclass(frozen=True)
class Drawing:
    """A picture as PNG, and how wide it is to be shown, in the pixels of a page."""

    png: bytes
    width: int


def draw(drawn: EvidenceMap, rows: Sequence[Row], columns: Sequence[Column]) -> Drawing:
    """Draw a map, or a part of it. Nothing is fetched for it.

    Args:
        drawn: The map.
        rows: Those to show, at least one.
        columns: Those to show, at least one.
    """
    return render(json.dumps(_spec(drawn, rows, columns)))


@lru_cache(maxsize=32)
def render(spec: str) -> Drawing:
    """Draw a Vega-Lite specification, written as JSON. Nothing is fetched for it."""
    png = vl_convert.vegalite_to_png(spec, scale=_SCALE, allowed_base_urls=[])
    smaller = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").quantize(_SHADES).save(smaller, "PNG")
        return Drawing(smaller.getvalue(), image.width // _SCALE)


def described(drawn: EvidenceMap, rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """What the picture shows, for those who do not see it."""
    kinds = [drawn.cell(row.subject, column.group).standing for row in rows for column in columns]
    counts = ", ".join(
        f"{kinds.count(standing):,} {LABELS['standings'][standing]['label']}"
        for standing in STANDINGS
    )
    return (
        f"The table above as a heat map, {len(rows)} rows by {len(columns)} columns. By the "
        f"strongest document of each square: {counts}, {kinds.count(None):,} none."
    )


def _spec(drawn: EvidenceMap, rows: Sequence[Row], columns: Sequence[Column]) -> dict[str, Any]:
    across, down = _SQUARE
    labels = {standing: _legend(standing) for standing in STANDINGS} | {"none": "none"}
    names = [column.group.label for column in columns]
    subjects = [row.subject.label for row in rows]
    axis = {"title": None, "domain": False, "ticks": False, "labelLimit": 340}
    # Lines of the same colour as the quiet text part the squares, also where they are white.
    square = {"type": "rect", "stroke": "#aeb7bd", "strokeWidth": 1}
    colours = [_COLOURS[standing][0] for standing in labels]
    shade = {"domain": list(labels.values()), "range": colours}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": {"text": caption(drawn), "anchor": "start", "offset": 20},
        "data": {"values": _squares(drawn, rows, columns, labels)},
        "width": {"step": across},
        "height": {"step": down},
        "encoding": {
            "x": {
                "field": "group",
                "type": "nominal",
                "sort": names,
                "axis": {**axis, "orient": "top", "labelAngle": -55},
            },
            "y": {"field": "row", "type": "nominal", "sort": subjects, "axis": axis},
        },
        "layer": [
            {
                "mark": square,
                "encoding": {
                    "color": {
                        "field": "standing",
                        "type": "nominal",
                        "scale": shade,
                        "legend": {"title": "Strongest document", "orient": "bottom"},
                    }
                },
            },
            {
                "mark": {"type": "text", "fontSize": 12},
                "encoding": {
                    "text": {"field": "figure"},
                    "color": {"field": "ink", "type": "nominal", "scale": None},
                },
            },
        ],
        "background": "#ffffff",
        "padding": 12,
        "config": {
            "font": FONT,
            "axis": {"labelFontSize": 13, "labelColor": "#212b32"},
            "legend": {
                "labelFontSize": 13,
                "titleFontSize": 13,
                "labelLimit": 400,
                "symbolType": "square",
                "symbolStrokeColor": "#4c6272",
            },
            "title": {"fontSize": 15, "color": "#212b32"},
            "view": {"stroke": None},
        },
    }


def _legend(standing: str) -> str:
    label = str(LABELS["standings"][standing]["label"])
    return f"{label} ({_letter(standing)})"


def _letter(standing: str) -> str:
    """The letter that says beside a figure what it counts, so that colour need not."""
    return str(LABELS["standings"][standing]["label"])[0].upper()


def _squares(
    drawn: EvidenceMap, rows: Sequence[Row], columns: Sequence[Column], labels: dict[str, str]
) -> list[dict[str, str]]:
    """One record for each square."""
    found = []
    for row in rows:
        for column in columns:
            cell = drawn.cell(row.subject, column.group)
            kind = cell.standing or "none"
            figure = "–"
            if cell.standing:
                figure = f"{len(cell.documents(cell.standing))} {_letter(cell.standing)}"
            found.append(
                {
                    "row": row.subject.label,
                    "group": column.group.label,
                    "standing": labels[kind],
                    "figure": figure,
                    "ink": _COLOURS[kind][1],
                }
            )
    return found
