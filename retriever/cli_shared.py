"""What the command line's commands share: options, examples, the library."""

from __future__ import annotations

import functools
import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from retriever.errors import DeskError
from retriever.schema import SOURCE_TYPES, Filters, Progress

if TYPE_CHECKING:
    from retriever.library import Library

R = TypeVar("R")
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


def history_options(command: F) -> F:
    """Give a command that changes something `--why` and `--who`."""
    why = click.option("--why", default="", metavar="WORDS", help="Why, for the history.")
    by = "By whom, for the history. Default: the computer's user."
    return why(click.option("--who", default="", metavar="NAME", help=by)(command))


def collection_option(command: F) -> F:
    """Give a command `--collection`, as `collection`: names, in the order given."""
    return click.option(
        "--collection",
        multiple=True,
        metavar="NAME",
        help="Search only what is in this collection. May be given again.",
    )(command)


def filter_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options that narrow the search; it is called with `filters`."""

    @functools.wraps(command)
    def with_filters(
        source_type: tuple[str, ...],
        publisher: tuple[str, ...],
        from_year: int | None,
        to_year: int | None,
        document: tuple[str, ...],
        collection: tuple[str, ...],
        **rest: Any,
    ) -> R:
        filters = Filters(source_type, publisher, from_year, to_year, document, collection)
        return command(filters=filters, **rest)

    options = (
        click.option(
            "--source-type",
            multiple=True,
            type=click.Choice(SOURCE_TYPES),
            help="Search only this kind of source. May be given again.",
        ),
        click.option(
            "--publisher",
            multiple=True,
            help="Search only what this organisation published. May be given again.",
        ),
        click.option("--from-year", type=int, help="Search only what appeared in or after it."),
        click.option("--to-year", type=int, help="Search only what appeared in or before it."),
        click.option(
            "--document",
            multiple=True,
            metavar="DOCUMENT_ID",
            help="Search only this document. May be given again.",
        ),
        collection_option,
    )
    return functools.reduce(lambda done, option: option(done), reversed(options), with_filters)


def example(*lines: str) -> str:
    """The end of a help text; the backspace tells click to leave the lines as they are."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def bring_up_to_date(root: Path, who: str = "") -> None:
    """Have the index brought up to date, and show how far that is until it has ended.

    Args:
        root: The library's folder.
        who: Who asks for it; the computer's user where empty.

    Raises:
        DeskError: It was stopped, or failed; the message says why.
    """
    from retriever import output  # slow to load: not for --help
    from retriever.work import Work

    there = Work(root)
    job = there.start("index", who or getpass.getuser())
    show = output.progress_to(sys.stderr)
    try:
        job = there.follow(job.id, show)
    except KeyboardInterrupt:
        click.echo("\nIt goes on; `retriever work` shows how far it is.", err=True)
        return
    if job.state == "done":
        show(Progress("writing", job.total, job.total))
    click.echo(job.message, err=True)
    if job.state != "done":
        raise DeskError("What you changed is kept, but the index is not up to date yet.")


def open_library(root: Path | None) -> Library:
    """Open the library that the command line names, see `Library.open`."""
    from retriever.library import Library  # slow to load: not for --help

    return Library.open(root)
