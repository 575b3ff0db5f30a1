"""Bars that show how many documents there are of what; they repeat the table above them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from retriever.health import Count
from retriever.ui.map_picture import FONT, Drawing, render

_BAR = 26  # pixels from one to the next
_WIDTH = 520


def draw(title: str, counts: Sequence[Count]) -> Drawing:
    """Draw bars from top to bottom, at least one, each with its figure."""
    rows = [{"label": count.label, "documents": count.documents} for count in counts]
    axis = {"title": None, "domain": False, "ticks": False, "labelLimit": 260, "labelPadding": 6}
    labels = [count.label for count in counts]
    place = {"field": "label", "type": "nominal", "sort": labels, "axis": axis}
    length = {"field": "documents", "type": "quantitative", "axis": None}
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": {"text": title, "anchor": "start", "offset": 10},
        "data": {"values": rows},
        "width": _WIDTH,
        "height": {"step": _BAR},
        "encoding": {"y": place, "x": length},
        "layer": [
            {"mark": {"type": "bar", "color": "#12395b", "height": _BAR * 0.7}},
            {
                "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 13},
                "encoding": {
                    "text": {"field": "documents", "format": ","},
                    "color": {"value": "#212b32"},
                },
            },
        ],
        "background": "#ffffff",
        "padding": 12,
        "config": {
            "font": FONT,
            "axis": {"labelFontSize": 13, "labelColor": "#212b32"},
            "title": {"fontSize": 15, "color": "#212b32"},
            "view": {"stroke": None},
        },
    }
    return render(json.dumps(spec))
