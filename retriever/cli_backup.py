"""`retriever backup` and `retriever restore-backup`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from retriever import output
from retriever.backup import Backup, back_up, check, restore
from retriever.cli_shared import example, format_option
from retriever.schema import to_dict

FILE = click.argument("path", metavar="FILE", type=click.Path(path_type=Path))


@click.command(epilog=example("retriever --library my-library backup ~/backups/library.zip"))
@FILE
@format_option("text", "json")
@click.pass_obj
def backup(root: Path | None, path: Path, layout: str) -> None:
    """Write the whole library into FILE: documents, history, settings, grades.

    It is the state between two changes; questions and changes go on meanwhile. The index
    is not in it: `retriever index` makes it again.
    """
    made = back_up(_folder(root), path, output.progress_to(sys.stderr))
    _print(layout, made, path, [f"Backed up {_amount(made)} into {path}."])


@click.command(
    "restore-backup",
    epilog=example(
        "retriever restore-backup ~/backups/library.zip --check",
        "retriever restore-backup ~/backups/library.zip --into my-library",
    ),
)
@FILE
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder to make the library in. Default: the library's own.",
)
@click.option("--replace", is_flag=True, help="Move the library that is there aside.")
@click.option("--check", "only_check", is_flag=True, help="Only verify FILE; nothing is written.")
@format_option("text", "json")
@click.pass_obj
def restore_backup(
    root: Path | None, path: Path, into: Path | None, replace: bool, only_check: bool, layout: str
) -> None:
    """Make the library again that FILE holds, once all of it is verified."""
    show = output.progress_to(sys.stderr)
    if only_check:
        found = check(path, show)
        _print(layout, found, path, [f"{path} is whole: {_amount(found)}, backed up "
                                     f"{found.made_at} by version {found.version}."])  # fmt: skip
        return
    done = restore(path, into or _folder(root), replace, show)
    lines = [
        f"Restored {_amount(done.backup)}, backed up {done.backup.made_at}, to {done.folder}.",
        *([f"What was there is now in {done.replaced}."] if done.replaced else []),
        f"Now make its index: retriever --library {done.folder} index",
    ]
    _print(layout, done.backup, path, lines, done.folder, done.replaced)


def _folder(root: Path | None) -> Path:
    from retriever.library import folder  # slow to load: not for --help

    return folder(root)


def _amount(backup: Backup) -> str:
    return f"{len(backup.files):,} files, {backup.size / 1e6:,.1f} MB"


def _print(
    layout: str,
    backup: Backup,
    path: Path,
    lines: list[str],
    folder: Path | None = None,
    replaced: Path | None = None,
) -> None:
    if layout == "json":
        places = {"file": path, "folder": folder, "replaced": replaced}
        told = {name: str(place) if place else None for name, place in places.items()}
        click.echo(output.as_json({**told, "bytes": backup.size, **to_dict(backup)}))
    else:
        click.echo("\n".join(map(output.harmless, lines)))
