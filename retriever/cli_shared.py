"""What the files of the command line share. Heavy imports wait for a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from retriever.library import Library

F = TypeVar("F", bound=Callable[..., Any])


def format_option(*formats: str) -> Callable[[F], F]:
    """Give a command `--format`; the first of `formats` is what it prints unasked."""
    return click.option(
        "--format",
        "layout",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How the result is printed.",
    )


def example(*lines: str) -> str:
    """The end of a help text; the backspace tells click to leave the lines as they are."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def open_library(root: Path | None) -> Library:
    """The library that the command line names."""
    from retriever.library import Library  # slow to load: not for --help

    return Library.open(root)
