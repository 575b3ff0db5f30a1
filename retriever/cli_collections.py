"""`retriever collection`: named sets of documents to search within."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retriever import output
from retriever.cli_shared import example, format_option, history_options, open_library
from retriever.collections import Collection, Shelves, find, read
from retriever.errors import IndexMissing
from retriever.journal import Event
from retriever.schema import to_dict

if TYPE_CHECKING:
    from retriever.library import Library

NAME = click.argument("name")
DOCUMENTS = click.argument("documents", nargs=-1, required=True, metavar="DOCUMENT...")


@click.group(
    epilog=example(
        'retriever collection make Leeds --note "Leeds and Bradford"',
        "retriever collection add Leeds ng28 councils/leeds-jsna.pdf",
        'retriever ask "Does social prescribing work?" --collection Leeds',
    ),
)
def collection() -> None:
    """Keep named sets of documents, for a locality or a programme, to search within."""


@collection.command("list", epilog=example("retriever collection list"))
@format_option("table", "json")
@click.pass_obj
def show_all(root: Path | None, layout: str) -> None:
    """List the collections."""
    found = read(open_library(root).root)
    if layout == "json":
        click.echo(output.as_json([to_dict(one) for one in found]))
    else:
        rows = [(one.name, len(one.documents), one.note) for one in found]
        click.echo(output.table(("collection", "documents", "note"), rows))


@collection.command("show", epilog=example("retriever collection show Leeds"))
@NAME
@format_option("table", "json")
@click.pass_obj
def show_one(root: Path | None, name: str, layout: str) -> None:
    """List the documents of the collection NAME."""
    library = open_library(root)
    one = find(library.root, name)
    rows = _rows(library, one)
    if layout == "json":
        keys = ("path", "document_id", "title", "state")
        listed = [dict(zip(keys, row, strict=True)) for row in rows]
        click.echo(output.as_json({"name": one.name, "note": one.note, "documents": listed}))
    else:
        if one.note:
            click.echo(output.wrapped(one.note) + "\n")
        click.echo(output.table(("path", "document", "title", "state"), rows))


@collection.command(epilog=example('retriever collection make Leeds --note "For the ICB"'))
@NAME
@click.option("--note", default="", help="What it is for.")
@history_options
@format_option("text", "json")
@click.pass_obj
def make(root: Path | None, name: str, note: str, why: str, who: str, layout: str) -> None:
    """Make the collection NAME, without a document yet."""
    _tell(Shelves(open_library(root).root, who).make(name, note, why), layout)


@collection.command(epilog=example("retriever collection add Leeds ng28 ng209"))
@NAME
@DOCUMENTS
@history_options
@format_option("text", "json")
@click.pass_obj
def add(
    root: Path | None, name: str, documents: Sequence[str], why: str, who: str, layout: str
) -> None:
    """Put documents, named by id or path, into the collection NAME."""
    library = open_library(root)
    paths = [library.path_of(document) for document in documents]
    _tell(Shelves(library.root, who).add(name, paths, why), layout)


@collection.command(epilog=example("retriever collection remove Leeds ng28"))
@NAME
@DOCUMENTS
@history_options
@format_option("text", "json")
@click.pass_obj
def remove(
    root: Path | None, name: str, documents: Sequence[str], why: str, who: str, layout: str
) -> None:
    """Take documents out of the collection NAME; in the library they stay."""
    library = open_library(root)
    held = find(library.root, name).documents
    paths = [one if one in held else library.path_of(one) for one in documents]
    _tell(Shelves(library.root, who).take_out(name, paths, why), layout)


@collection.command(epilog=example('retriever collection rename Leeds "West Yorkshire"'))
@NAME
@click.argument("new")
@history_options
@format_option("text", "json")
@click.pass_obj
def rename(root: Path | None, name: str, new: str, why: str, who: str, layout: str) -> None:
    """Give the collection NAME another name."""
    _tell(Shelves(open_library(root).root, who).rename(name, new, why), layout)


@collection.command(
    epilog=example('retriever collection describe Leeds --note "For the ICB"'),
)
@NAME
@click.option("--note", required=True, help="What it is for; '' takes the note away.")
@history_options
@format_option("text", "json")
@click.pass_obj
def describe(root: Path | None, name: str, note: str, why: str, who: str, layout: str) -> None:
    """Say what the collection NAME is for, in the place of what was said before."""
    _tell(Shelves(open_library(root).root, who).describe(name, note, why), layout)


@collection.command(epilog=example("retriever collection delete Leeds"))
@NAME
@history_options
@format_option("text", "json")
@click.pass_obj
def delete(root: Path | None, name: str, why: str, who: str, layout: str) -> None:
    """Take the collection NAME away; its documents stay in the library."""
    _tell(Shelves(open_library(root).root, who).delete(name, why), layout)


def _tell(event: Event, layout: str) -> None:
    if layout == "json":
        click.echo(output.as_json(to_dict(event)))
    else:
        click.echo(output.harmless(f"{event.what}. (Change {event.id})"))


def _rows(library: Library, one: Collection) -> list[tuple[str, str, str, str]]:
    """Path, id, title and state of each document of a collection."""
    try:
        known = {entry.path: entry for entry in library.entries()}
    except IndexMissing:
        known = {}
    rows: list[tuple[str, str, str, str]] = []
    for path in one.documents:
        entry = known.get(path)
        if entry:
            rows.append((path, entry.document_id, entry.metadata.title, entry.outcome))
        else:
            there = (library.corpus / path).exists()
            rows.append((path, "", "", "not indexed yet" if there else "removed"))
    return rows
