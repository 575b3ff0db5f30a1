"""The librarians' commands: correct, replace by another, remove, bring back, and what was done."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from retriever import output
from retriever.cli_shared import (
    bring_up_to_date,
    example,
    format_option,
    history_options,
    open_library,
)
from retriever.journal import ACTIONS, Event
from retriever.schema import Metadata, to_dict

if TYPE_CHECKING:
    from retriever.desk import Desk
    from retriever.library import Library

_LISTS = frozenset(f.name for f in fields(Metadata) if f.default == () and f.name != "inferred")
_FIELDS = tuple(f.name for f in fields(Metadata) if f.name != "inferred")


def register(group: click.Group) -> None:
    """Add the commands to the command line."""
    for command in (edit, replace, supersede, remove, restore, purge, history, undo):
        group.add_command(command)


def change_options(command: Callable[..., Iterable[Event]]) -> Callable[..., None]:
    """Give a command `--why`, `--who` and `--format`; it is called with `desk` and `why`.

    It gives the changes that it made, which are printed with what is to be done next.
    """

    @functools.wraps(command)
    def with_desk(root: Path | None, who: str, layout: str, **rest: Any) -> None:
        library = open_library(root)
        events: list[Event] = []
        try:
            for event in command(desk=_desk(library, who), **rest):
                events.append(event)  # noqa: PERF402  those before an error were made
        finally:
            if events:
                _take_out_of_index(library, events)
                _print(library, events, layout)
        if not events and layout == "json":
            _print(library, events, layout)

    options = (
        history_options,
        format_option("text", "json"),
        click.pass_obj,
    )
    for option in reversed(options):
        with_desk = option(with_desk)
    return with_desk


def _desk(library: Library, who: str) -> Desk:
    from retriever.desk import Desk

    return Desk(library.root, who)


def _take_out_of_index(library: Library, events: Sequence[Event]) -> None:
    """What is deleted for good leaves the index as well; another change can wait for that."""
    from retriever import upkeep

    purged = [event for event in events if event.action == "purge"]
    if upkeep.wanting_index(library.root, purged):
        bring_up_to_date(library.root, purged[-1].who)


def _print(library: Library, events: Sequence[Event], layout: str) -> None:
    from retriever import upkeep  # slow to load: not for --help

    next_step = upkeep.after(library.root, events)
    if layout == "json":
        changes = [to_dict(event) for event in events]
        click.echo(output.as_json({"changes": changes, "next": next_step}))
        return
    for event in events:
        click.echo(output.harmless(f"{event.what}. (Change {event.id})"))
    click.echo(output.harmless(next_step))


@click.command(
    epilog=example(
        'retriever edit ng28 year=2022 "authors=Ann Other; Ben Some" --why "as printed"',
        "retriever edit towns/visits.pdf status=withdrawn --clear doi",
    ),
)
@click.argument("document")
@click.argument("statements", metavar="FIELD=VALUE", nargs=-1)
@click.option(
    "--clear",
    multiple=True,
    metavar="FIELD",
    help="State it no longer: what the file itself says holds again. May be given again.",
)
@change_options
def edit(
    desk: Desk, document: str, statements: tuple[str, ...], clear: tuple[str, ...], why: str
) -> list[Event]:
    """Set what is stated of DOCUMENT, an id or a path below corpus/.

    The fields are those of a sidecar. Parts of a list have a semicolon between.
    """
    values: dict[str, Any] = {}
    for statement in statements:
        name, equals, value = statement.partition("=")
        if not equals:
            raise click.UsageError(f"'{statement}' states nothing: write FIELD=VALUE.")
        values[_field(name)] = _value(_field(name), value.strip())
    values |= {_field(name): None for name in clear}
    if not values:
        raise click.UsageError("Say what to change: FIELD=VALUE, or --clear FIELD.")
    return [desk.edit(desk.find(document), values, why)]


def _field(name: str) -> str:
    """A field by its own name or by its key in a sidecar."""
    key = name.strip().removeprefix("populations.")
    key = "other_groups" if key == "other" else key
    if key not in _FIELDS:
        raise click.UsageError(f"'{name}' is no field. There are: {', '.join(_FIELDS)}.")
    return key


def _value(field: str, text: str) -> Any:
    if field in _LISTS:
        return tuple(part.strip() for part in text.split(";") if part.strip())
    return int(text) if field == "year" and text.isdecimal() else text


@click.command(
    epilog=example('retriever replace ng28 ~/Downloads/ng28.pdf --why "the text was garbled"')
)
@click.argument("document")
@click.argument("file", type=click.Path(path_type=Path))
@change_options
def replace(desk: Desk, document: str, file: Path, why: str) -> list[Event]:
    """Put FILE in the place of DOCUMENT's file; what is stated of it stays.

    FILE is read first. The old file is kept: `retriever undo` brings it back. A new edition is
    better added beside the old one: `retriever add FILE --as-edition-of DOCUMENT`.
    """
    from retriever import replacing  # slow to load: not for --help
    from retriever.config import load_settings
    from retriever.intake import Given

    limits = load_settings(desk.root).reading
    return [replacing.replace(desk, document, Given(file.name, file), limits, why)]


@click.command(epilog=example('retriever supersede ng28-2015 ng28-2022 --why "new edition"'))
@click.argument("old")
@click.argument("new")
@change_options
def supersede(desk: Desk, old: str, new: str, why: str) -> list[Event]:
    """Say that NEW replaces OLD: OLD stays, with a warning, and stands behind NEW."""
    successor = desk.find(new)
    return [desk.supersede(desk.find(old), successor, desk.id_of(successor), why)]


@click.command(epilog=example('retriever remove ng28-2015 notes.docx --why "not ours"'))
@click.argument("documents", metavar="DOCUMENT", nargs=-1, required=True)
@change_options
def remove(desk: Desk, documents: tuple[str, ...], why: str) -> Iterable[Event]:
    """Take each DOCUMENT out of the library; `retriever restore` brings it back."""
    paths = dict.fromkeys(desk.find(document) for document in documents)
    return (desk.remove(path, why) for path in paths)


@click.command(epilog=example("retriever restore notes.docx"))
@click.argument("document")
@change_options
def restore(desk: Desk, document: str, why: str) -> list[Event]:
    """Bring back a removed DOCUMENT, as it was."""
    return [desk.restore(desk.find_removed(document), why)]


@click.command(
    epilog=example("retriever purge notes.docx", "retriever purge --older-than 90 --yes")
)
@click.argument("document", required=False)
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(0),
    metavar="DAYS",
    help="Instead of one: all that were removed more than so many days ago.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@change_options
def purge(
    desk: Desk, document: str | None, days: int | None, yes: bool, why: str
) -> Iterable[Event]:
    """Delete for good what is kept of a removed DOCUMENT. Nothing brings it back."""
    if (document is None) == (days is None):
        raise click.UsageError("Name a removed document, or say --older-than DAYS.")
    paths = [desk.find_removed(document)] if document else _long_removed(desk, days or 0)
    if not paths:
        click.echo(f"Nothing was removed more than {days} days ago.", err=True)
    elif not yes:
        _ask(paths)
    from retriever import purging  # slow to load: not for --help

    return (purging.purge(desk, path, why) for path in paths)


def _long_removed(desk: Desk, days: int) -> list[str]:
    from retriever import upkeep  # slow to load: not for --help

    return [one.path for one in upkeep.kept_long(desk, days, datetime.now(UTC).date())]


def _ask(paths: Sequence[str]) -> None:
    gone = "\n".join(f"  {output.harmless(path)}" for path in paths)
    click.echo(
        "Gone for good will be, with what was stated of it, all earlier versions and the grades "
        f"that quote it:\n{gone}",
        err=True,
    )
    if not sys.stdin.isatty():
        raise click.UsageError("There is nobody to ask. Say --yes if that is meant.")
    click.confirm("Delete?", abort=True, err=True)


@click.command(
    epilog=example(
        "retriever history --document ng28",
        "retriever history --action remove --since 2026-01-01 --format csv > removed.csv",
    ),
)
@click.option("--document", default="", help="Only what concerns it: an id, a path or part of one.")
@click.option("--who", default="", metavar="NAME", help="Only what they did.")
@click.option("--action", type=click.Choice(ACTIONS), help="Only this kind of change.")
@click.option("--since", default="", metavar="DATE", help="Only from that day on: 2026-11-26.")
@click.option("--until", default="", metavar="DATE", help="Only to that day.")
@format_option("text", "csv", "json")
@click.pass_obj
def history(
    root: Path | None,
    document: str,
    who: str,
    action: str | None,
    since: str,
    until: str,
    layout: str,
) -> None:
    """List what was done to the documents, when, by whom and why; the latest first."""
    from retriever import history as told

    desk = _desk(open_library(root), "")
    events = desk.journal.events()
    path = desk.path_of(document) or document
    choice = told.Choice(path, who, action or "", told.day_of(since), told.day_of(until))
    found = told.chosen(events, choice)
    if layout == "json":
        click.echo(output.as_json([to_dict(event) for event in found]))
    elif layout == "csv":
        click.echo(told.to_csv(found))
    else:
        click.echo(output.harmless("\n".join(map(told.in_words, found))))


@click.command(epilog=example("retriever undo 12", 'retriever undo 12 --why "the wrong one"'))
@click.argument("change")
@change_options
def undo(desk: Desk, change: str, why: str) -> list[Event]:
    """Undo CHANGE, a number of `retriever history`; once more, and it is made again."""
    return [desk.undo(change, why)]
