"""A reader that misbehaves as a parser can, for the worker's tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from retriever.config import Reading
from retriever.errors import UnreadableFile
from retriever.loaders.recognition import PAGE_DONE
from retriever.schema import Metadata, Page, Parsed, Section


def read(path: Path, limits: Reading) -> tuple[str, Parsed]:
    """Do what the file says; anything else is a good document."""
    order = path.read_text(encoding="utf-8")
    if "page" in order:
        PAGE_DONE.get()()
        PAGE_DONE.get()()
    if order.endswith("hang"):
        while True:
            pass
    if order == "crash":
        os.abort()
    if order == "eat memory":
        hoard = []
        while True:
            hoard.append(bytearray(10_000_000))
    if order == "print":
        print("noise on standard output")
        print("noise on standard error", file=sys.stderr)
    if order == "fail":
        raise KeyError("an unforeseen fault")
    if order == "refuse":
        raise UnreadableFile("no good: add another")
    return "text/plain", Parsed(
        text=f"{order} ({os.getpid()})",
        pages=(Page(1, 0, 4),),
        sections=(Section("h", 1, 0, 1, 4),),
        metadata=Metadata(title="\ud83d\ude00 titre é", authors=("A", "B"), year=2020),
        notes=("a note",),
    )
