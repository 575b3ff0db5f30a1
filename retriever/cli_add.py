"""`retriever add` and `retriever work`: new documents, and long work, from the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from retriever import output
from retriever.cli_shared import (
    bring_up_to_date,
    example,
    format_option,
    history_options,
    open_library,
)
from retriever.errors import DeskError, RetrieverError, SidecarError
from retriever.schema import to_dict

if TYPE_CHECKING:
    from retriever.config import Reading
    from retriever.incoming import Incoming
    from retriever.intake import Given
    from retriever.library import Library
    from retriever.waiting import Batch, Waiting
    from retriever.work import Work


@click.command(
    epilog=example(
        "retriever add ~/Downloads/reports --dry-run",
        'retriever add papers.zip --metadata papers.csv --yes --why "For the screening team"',
        "retriever add ng28-2026.pdf --as-edition-of ng28",
    )
)
@click.argument("paths", nargs=-1, metavar="PATH ...", type=click.Path(path_type=Path))
@click.option("--fetched", is_flag=True, help="What `retriever fetch` got, instead of files.")
@click.option(
    "--metadata",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A CSV file or a spreadsheet (.xlsx) that states something of the files: a row for each, "
    "its name under the heading path, the other headings those of a sidecar.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be added.")
@click.option("--yes", is_flag=True, help="Add without asking.")
@click.option("--different", is_flag=True, help="Add also what is like a document that is held.")
@click.option(
    "--as-edition-of",
    "older",
    metavar="DOCUMENT",
    help="The one file that is given is a new edition of this document, which is marked as "
    "superseded. Its id, or its path below corpus/.",
)
@click.option("--collection", metavar="NAME", help="Put what is added into this collection.")
@history_options
@click.option("--no-index", is_flag=True, help="Leave the index as it is.")
@click.pass_obj
def add(
    root: Path | None,
    paths: tuple[Path, ...],
    fetched: bool,
    metadata: Path | None,
    dry_run: bool,
    yes: bool,
    different: bool,
    older: str | None,
    collection: str | None,
    why: str,
    who: str,
    no_index: bool,
) -> None:
    """Add files, folders and zips of files to the library.

    Each file is read and compared with what is held. Then a table shows what would be added, and
    you are asked, unless there is nobody to ask: without --yes nothing is added then. What
    NAME.toml beside a file states of it comes along.
    """
    from retriever import collections
    from retriever.incoming import Incoming  # slow to load: not for --help

    if fetched == bool(paths):
        raise click.UsageError("Say which files to add, or --fetched and no files.")
    library = open_library(root)
    replaced = _path_of(library, older) if older else ""
    if collection:
        collections.find(library.root, collection)  # so that one that is not there is refused
    incoming = Incoming(library.root, who)
    reading = library.settings.reading
    if fetched:
        batch = _fetched(incoming, reading)
    else:
        batch = incoming.take_in(_given(paths, metadata), reading)
    try:
        batch = incoming.read(batch.id, reading, output.progress_to(sys.stderr))
        click.echo(_table(batch))
        if replaced and len(batch.having("ready", "like")) != 1:
            raise click.UsageError("--as-edition-of is for one file that can be read and is new.")
        wanted = _wanted(batch, different, replaced)
        if dry_run or not wanted or not _agreed(len(wanted), yes):
            return
        added = _add(incoming, batch, wanted, replaced, why)
        batch = incoming.batch(batch.id)
    finally:
        # What was fetched would have to be fetched again: it goes on waiting, for the page.
        if not fetched or not batch.having("unread", "ready", "like"):
            incoming.close(batch.id)
    if added and collection:
        collections.Shelves(library.root, who).add(collection, added, why)
    if added and not no_index:
        bring_up_to_date(library.root, who)


@click.command(
    epilog=example("retriever work", "retriever work --stop", "retriever work --resume")
)
@click.option("--stop", is_flag=True, help="Ask the job at work to stop, between two files.")
@click.option("--resume", is_flag=True, help="Let go on what was stopped, killed or failed.")
@format_option("table", "json")
@click.pass_obj
def work(root: Path | None, stop: bool, resume: bool, layout: str) -> None:
    """Show the long work: what waits, what is at work and how far, how the last ones ended."""
    from retriever.work import CAN_GO_ON, OVER, Work  # slow to load: not for --help

    there = Work(open_library(root).root)
    open_jobs = there.unfinished()
    if stop:
        for job in (job for job in open_jobs if job.state not in OVER):
            there.stop(job.id)
    if resume:
        for job in (job for job in open_jobs if job.state in CAN_GO_ON):
            there.resume(job.id)
    if layout == "json":
        click.echo(output.as_json([to_dict(job) for job in there.jobs()]))
    else:
        click.echo(_jobs_table(there))


def _given(paths: tuple[Path, ...], metadata: Path | None) -> Iterator[Given]:
    """The files that are named, and those in folders that are, with their folders' names."""
    from retriever import sheets
    from retriever.intake import Given

    if metadata:
        sheets.read(metadata)  # so that a file that is no such table is refused
        yield Given(f"{metadata.stem}.csv", metadata)  # what it is, is told by its content
    for path in paths:
        if not path.is_dir():
            yield Given(path.name, path)
            continue
        for file in sorted(path.rglob("*")):
            below = file.relative_to(path)
            hidden = any(part.startswith(".") for part in below.parts)
            if file.is_file() and not hidden:
                yield Given(below.as_posix(), file)


def _fetched(incoming: Incoming, limits: Reading) -> Batch:
    """What was fetched and is in no batch yet, or else a batch of such that waits."""
    from retriever.waiting import UNDECIDED

    if incoming.fetched():
        return incoming.take_in_fetched(limits)
    for batch in incoming.batches():
        if any(file.record for file in batch.having(*UNDECIDED)):
            return batch
    raise DeskError("Nothing that was fetched waits. `retriever fetch` gets documents.")


def _path_of(library: Library, name: str) -> str:
    """Path below `corpus/` of a document that is named by it, or by its id."""
    if (library.corpus / name).is_file():
        return name
    try:
        return library.file_of(name).relative_to(library.corpus).as_posix()
    except RetrieverError as error:
        raise DeskError(f"--as-edition-of: {error}") from error


def _table(batch: Batch) -> str:
    from retriever.labels import kind_of_source

    rows: list[output.Row] = [
        (
            file.original,
            file.outcome,
            file.metadata.title,
            file.metadata.year,
            kind_of_source(file.metadata.source_type) if file.metadata.title else "",
            file.same_as or ", ".join(like.path for like in file.likes),
            "; ".join(filter(None, (file.reason, *file.faults, _inferred(file)))),
        )
        for file in batch.files
    ]
    rows += [(one.name, "refused", "", None, "", "", one.reason) for one in batch.refused]
    return output.table(("file", "outcome", "title", "year", "kind", "like", "note"), rows)


def _inferred(file: Waiting) -> str:
    return f"inferred: {', '.join(file.metadata.inferred)}" if file.metadata.inferred else ""


def _wanted(batch: Batch, different: bool, replaced: str) -> list[Waiting]:
    """The files to be added; says of the others that are like something what can be done."""
    if different or replaced:
        return batch.having("ready", "like")
    if likes := batch.having("like"):
        click.echo(
            f"{len(likes)} like a document that is held or comes with them: left out. Add one "
            "with --as-edition-of DOCUMENT, all with --different, or drop them on the page "
            "Add documents.",
            err=True,
        )
    return batch.having("ready")


def _agreed(number: int, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        click.echo("Nothing was added. Add --yes to add without being asked.", err=True)
        return False
    return click.confirm(f"Add {number} to the library?", err=True)


def _add(
    incoming: Incoming, batch: Batch, wanted: list[Waiting], replaced: str, why: str
) -> list[str]:
    """Add the files; gives their paths. What goes wrong with one does not stop the others."""
    added = []
    for file in wanted:
        try:
            if replaced:
                incoming.as_edition(batch.id, file.number, replaced, "new-edition", why=why)
            else:
                incoming.accept(batch.id, file.number, why=why)
        except (DeskError, SidecarError) as error:
            click.echo(f"{file.original}: {output.harmless(str(error))}", err=True)
        else:
            added.append(file.name)
    click.echo(f"Added {len(added)} of {len(batch.files)}.", err=True)
    return added


def _jobs_table(there: Work) -> str:
    jobs = there.jobs()
    if not jobs:
        return "There is no long work, and there was none."
    rows = [
        (
            job.id,
            job.what,
            job.state,
            f"{job.stage} {job.done}/{job.total}" if job.stage else "",
            job.queued,
            job.who,
            job.message or job.item,
        )
        for job in jobs
    ]
    return output.table(("job", "what", "state", "progress", "queued", "who", "note"), rows)


COMMANDS = (add, work)
