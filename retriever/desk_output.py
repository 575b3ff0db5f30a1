"""How the librarians' commands print."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from retriever.output import table

if TYPE_CHECKING:
    from retriever.bulk import Plan  # slow to load: not for --help


def plan_text(plan: Plan, dry_run: bool) -> str:
    """What an import would do or has done, what it left, and what could not be used."""
    return "\n\n".join(_plan_blocks(plan, dry_run))


def _plan_blocks(plan: Plan, dry_run: bool) -> Iterator[str]:
    rows = [
        (correction.document_id or correction.path, correction.by, change)
        for correction in plan.corrections
        for change in correction.changes
    ]
    be_set = [
        (name, by, change.field, _shown(change.old, change.confirms), _shown(change.new))
        for name, by, change in rows
        if change.outcome == "set"
    ]
    kept = [
        (name, by, change.field, _shown(change.old), _shown(change.new))
        for name, by, change in rows
        if change.outcome == "kept"
    ]
    changed = sum(bool(correction.values) for correction in plan.corrections)
    same = len(plan.corrections) - changed
    done = "Documents that would change (nothing was changed)" if dry_run else "Documents changed"
    yield f"{done}: {changed}. With nothing to change: {same}."
    if be_set:
        yield table(("document", "known by", "field", "was", "is to be"), be_set)
    if kept:
        yield (
            "Kept, because a sidecar states another value (--overwrite changes it):\n"
            + table(("document", "known by", "field", "stated", "in the record"), kept)
        )
    if plan.additions:
        yield from _additions(plan, dry_run)
    if plan.left:
        left = [(item.place, item.title, item.reason) for item in plan.left]
        yield f"Records about no document of the library: {len(left)}.\n" + table(
            ("where", "title", "why"), left
        )
    if plan.faults:
        faults = [(fault.place, fault.message) for fault in plan.faults]
        yield f"Could not be used: {len(faults)}.\n" + table(("where", "what and remedy"), faults)


def _additions(plan: Plan, dry_run: bool) -> Iterator[str]:
    added = [item for item in plan.additions if item.event]
    offered = [item for item in plan.additions if not item.event]
    for said, items in (
        (f"Files added: {len(added)}.", added),
        (
            f"Files that the library does not hold: {len(offered)}. "
            f"--add-files adds them{' (without --dry-run)' if dry_run else ''}.",
            offered,
        ),
    ):
        if items:
            rows = [(item.place, item.name, item.values.get("title")) for item in items]
            yield f"{said}\n" + table(("where", "file", "title"), rows)


def _shown(value: object, inferred: bool = False) -> str:
    text = "; ".join(map(str, value)) if isinstance(value, tuple) else str(value or "")
    return f"{text} (inferred)" if text and inferred else text
