"""`retriever fetch`: documents from the web, which wait until a librarian accepts them.

It parses, calls the connectors and prints; the heavy imports wait for the command.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from retriever.errors import FetchError
from retriever.output import harmless
from retriever.schema import to_dict

if TYPE_CHECKING:
    from retriever.connectors import Outcome, Record, Status

Line = dict[str, Any]

_EXAMPLE = """\b
Example:
  retriever fetch nice:NG12
  retriever fetch 'europepmc:"bowel cancer screening" AND OPEN_ACCESS:y' --limit 5 --dry-run"""


@click.command(epilog=_EXAMPLE)
@click.argument("wanted", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only list what there is.")
@click.option(
    "--status",
    "looking",
    is_flag=True,
    help="Look whether documents of the library that have an address have changed, moved, were "
    "withdrawn or are gone. Nothing is fetched.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most."
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the result is printed.",
)
@click.pass_obj
def fetch(
    root: Path | None,
    wanted: tuple[str, ...],
    dry_run: bool,
    looking: bool,
    limit: int,
    layout: str,
) -> None:
    """Fetch documents from the web, so that they wait in keeping/incoming/ for your yes.

    WANTED is an address, govuk:PATH, europepmc:QUERY or nice:NUMBER; several may be given. Nothing
    is fetched unless `enabled = true` stands under [web] in retriever.toml.
    """
    if looking == bool(wanted):
        raise click.UsageError("Say what to fetch, or --status and nothing else.")
    from retriever import connectors
    from retriever.library import Library

    library = Library.open(root)
    client = connectors.Client(library.settings.web)
    if looking:
        records = connectors.held(library.root)[:limit]
        lines = [*shown(stands(connectors.look_all(client, records)), layout)]
    else:
        found = connectors.fetch_all(client, library.root, wanted, limit, dry_run)
        lines = [*shown(outcomes(found), layout)]
    if layout == "json":
        click.echo(json.dumps(lines, ensure_ascii=False, indent=2))
    elif not lines:
        click.echo("No document of the library has an address.")
    if any(line["outcome"] == "failed" for line in lines):
        sys.exit(1)


def outcomes(found: Iterable[Outcome]) -> Iterator[Line]:
    """What became of each document, ready to be printed."""
    for one in found:
        record = {"record": to_dict(one.record)} if one.record else {}
        said = {"wanted": one.wanted, "outcome": one.outcome, "says": one.says}
        yield to_dict(one.candidate) | said | record


def stands(looked: Iterable[tuple[Record, Status | FetchError]]) -> Iterator[Line]:
    """How it stands with each document, ready to be printed."""
    for record, state in looked:
        line = {"path": record.name, "title": record.title or record.name}
        line["address"] = record.address
        if isinstance(state, FetchError):
            yield line | {"outcome": "failed", "says": str(state)}
        else:
            yield line | {"outcome": state.state, "says": state.says, "now_at": state.address}


def shown(lines: Iterable[Line], layout: str) -> Iterator[Line]:
    """The lines; each is printed as soon as it is there if they are for people."""
    for line in lines:
        if layout == "text":
            click.echo(_text(line))
        yield line


def _text(line: Line) -> str:
    about = [line.get(name) for name in ("kind", "licence", "date", "status")]
    rows = [
        line["title"],
        ", ".join(part for part in about if part),
        line.get("path", ""),
        line.get("address", "") or line.get("page", ""),
        f"{line['outcome']}: {line['says']}",
    ]
    return "\n  ".join(" ".join(harmless(row).split()) for row in rows if row)
