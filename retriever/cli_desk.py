"""The librarians' commands: each parses, calls the desk and prints. `cli.py` takes them in.

`COMMANDS`, at the end, lists them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from retriever import desk_output, output
from retriever.cli_shared import (
    example,
    filter_options,
    format_option,
    history_options,
    open_library,
)
from retriever.schema import Filters, to_dict

if TYPE_CHECKING:
    from retriever.bulk import Plan

_FILE = click.Path(path_type=Path)
_dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Only say what would be done; change nothing."
)


# --- metadata for many documents ---------------------------------------------------------------


@click.command(
    epilog=example(
        "retriever import-ris references.ris --dry-run",
        'retriever import-ris references.ris --add-files --why "Zotero, group library"',
    ),
)
@click.argument("file", type=_FILE)
@_dry_run_option
@click.option("--overwrite", is_flag=True, help="Also change what a sidecar states otherwise.")
@click.option(
    "--add-files", is_flag=True, help="Add files that a record names and that lie beside FILE."
)
@history_options
@format_option("table", "json")
@click.pass_context
def import_ris(
    ctx: click.Context,
    file: Path,
    dry_run: bool,
    overwrite: bool,
    add_files: bool,
    why: str,
    who: str,
    layout: str,
) -> None:
    """Set metadata out of FILE, references as RIS, PubMed or Web of Science write them.

    A reference is matched to a document by DOI, guidance number, title, or the file it names.
    The exit status is 1 when something in FILE could not be used.
    """
    from retriever import bulk, references  # slow to load: not for --help
    from retriever.desk import Desk

    library = open_library(ctx.obj)
    found = references.read(file)
    desk = Desk(library.root, who)
    plan = bulk.plan_references(desk, library.entries(), found, file, overwrite)
    if not dry_run:
        plan = bulk.carry_out(plan, desk, why, add_files)
    _tell(ctx, plan, found.note, dry_run, layout)


@click.command(
    epilog=example(
        "retriever export --format csv --output metadata.csv",
        "retriever import-metadata metadata.csv --dry-run",
    ),
)
@click.argument("file", type=_FILE)
@_dry_run_option
@history_options
@format_option("table", "json")
@click.pass_context
def import_metadata(
    ctx: click.Context, file: Path, dry_run: bool, why: str, who: str, layout: str
) -> None:
    """Set metadata out of FILE, a CSV file or a spreadsheet (.xlsx): one row, one document.

    The column "path" or "document" says which; the others are named like a sidecar's keys, and
    lists are parted by ";". Empty cells change nothing. The exit status is 1 when something in
    FILE could not be used.
    """
    from retriever import bulk, sheets  # slow to load: not for --help
    from retriever.desk import Desk

    library = open_library(ctx.obj)
    sheet = sheets.read(file)
    desk = Desk(library.root, who)
    plan = bulk.plan_rows(desk, library.entries(), sheet, file)
    if not dry_run:
        plan = bulk.carry_out(plan, desk, why)
    _tell(ctx, plan, sheet.note, dry_run, layout)


def _tell(ctx: click.Context, plan: Plan, note: str, dry_run: bool, layout: str) -> None:
    if note:
        click.echo(note, err=True)
    if layout == "json":
        click.echo(output.as_json({"dry_run": dry_run, **to_dict(plan)}))
    else:
        click.echo(desk_output.plan_text(plan, dry_run))
    if plan.changed:
        click.echo("`retriever index` brings the index up to date with this.", err=True)
    if plan.faults:
        ctx.exit(1)


@click.command(
    epilog=example(
        "retriever export --format ris --output library.ris",
        "retriever export --format csv --source-type policy-paper --output policies.csv",
    ),
)
@click.option(
    "--output", "target", type=_FILE, help="The file to write; it must not be there yet."
)
@filter_options
@format_option("ris", "csv", "json")
@click.pass_obj
def export(root: Path | None, target: Path | None, filters: Filters, layout: str) -> None:
    """Write what is known of the documents: all of them, or those that the filters let through.

    CSV begins with a byte order mark, by which spreadsheets know its letters. In RIS, files with
    neither title nor DOI nor guidance number are left out.
    """
    from retriever import references, sheets  # slow to load: not for --help

    entries = open_library(root).entries(filters)
    if layout == "ris":  # of files that could not be read nothing may be known
        entries = [entry for entry in entries if references.can_be_told(entry.metadata)]
    if layout == "json":
        text = output.as_json([to_dict(entry) for entry in entries])
    else:
        text = {"ris": references.written, "csv": sheets.written}[layout](entries)
    if target is None:
        click.echo(text.rstrip("\n"))
        return
    try:
        with target.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text.rstrip("\n") + "\n")
    except FileExistsError as error:
        raise click.ClickException(f"{target} is there already. Name another file.") from error
    except OSError as error:
        raise click.ClickException(f"{target} cannot be written: {error.strerror}.") from error
    click.echo(f"{len(entries)} documents written to {target}.", err=True)


COMMANDS = (import_ris, import_metadata, export)
