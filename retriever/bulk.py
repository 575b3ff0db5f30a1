"""Metadata for many documents at once, out of references or a table: planned, looked at, made.

A plan changes nothing. It says of every record which document it is about and how that is known,
what would be set, and what would be left as it is; where more than one document may be meant, it
says so and sets nothing.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from retriever.desk import CORPUS, Desk, NewFile
from retriever.errors import DeskError, SidecarError
from retriever.loaders.sidecar import read_sidecar
from retriever.matching import Documents, Found
from retriever.references import Fault, Reference, References, folded
from retriever.schema import LibraryEntry, Metadata
from retriever.sheets import Sheet, as_cell

_WORDS = ("title", "publisher", "authors")  # of which capitals, marks and spelling may differ
_NOTHING = Metadata()
_ENDNOTE = "internal-pdf://"


@dataclass(frozen=True)
class FieldChange:
    """What becomes of one field.

    Attributes:
        old: As it is now, stated or inferred; None where nothing is known.
        new: As the record has it.
        outcome: `set`; or `kept`: the library states another value already, and that stays.
        confirms: Whether the old value was only inferred.
    """

    field: str
    old: Any
    new: Any
    outcome: Literal["set", "kept"]
    confirms: bool = False


@dataclass(frozen=True)
class Correction:
    """What a record brings to the document that it is about.

    Attributes:
        place: File, and record or row.
        by: How the document is known to be meant: `DOI`, `guidance number`, `title`, ...
        seen: What was stated when this was planned, see `Desk.stated`.
        event: Id of the change in the history, once it is made.
    """

    place: str
    path: str
    document_id: str
    by: str
    changes: tuple[FieldChange, ...]
    seen: str
    event: str = ""

    @property
    def values(self) -> dict[str, Any]:
        """What is to be set."""
        return {change.field: change.new for change in self.changes if change.outcome == "set"}


@dataclass(frozen=True)
class Addition:
    """A file that a record names, which the library does not hold.

    Attributes:
        file: Where it lies.
        name: What it would be called below `corpus/`.
        event: Id of the change in the history, once it is added.
    """

    place: str
    file: str
    name: str
    values: Mapping[str, Any]
    event: str = ""


@dataclass(frozen=True)
class Left:
    """A record that is about no document of the library, or not surely about one, and why."""

    place: str
    title: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What is to be done, or was; `corrections` may set nothing."""

    corrections: tuple[Correction, ...] = ()
    additions: tuple[Addition, ...] = ()
    left: tuple[Left, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether something was changed: a plan alone changes nothing."""
        return any(c.event for c in self.corrections) or any(a.event for a in self.additions)


@dataclass
class _Draft:
    """A plan in the making."""

    corrections: list[Correction] = field(default_factory=list)
    additions: list[Addition] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def plan(self) -> Plan:
        return Plan(*(tuple(getattr(self, f.name)) for f in dataclasses.fields(self)))


def plan_references(
    desk: Desk,
    entries: Sequence[LibraryEntry],
    references: References,
    source: Path,
    overwrite: bool = False,
) -> Plan:
    """Find the documents that references are about, and what the references would set.

    Args:
        desk: Of the library.
        entries: The library's documents as they are known now.
        references: As read.
        source: The file they were read from; files that they name are looked for beside it.
        overwrite: Whether what a sidecar states gives way to the record.
    """
    draft = _Draft(faults=list(references.faults))
    documents = Documents(desk, entries)
    for place, reference in _together(references.found, source.name):
        values, marked = reference.values, reference.inferred
        file = _file_beside(source.parent, reference.files)
        found = (documents.same_file(file) if file else None) or documents.find(reference)
        if isinstance(found, Found):
            _correct(draft, desk, place, found, values, marked, overwrite, exact=overwrite)
        elif file and not found:
            name = _free_name(desk, file, [addition.name for addition in draft.additions])
            checked = {field: values[field] for field in values if field not in marked}
            draft.additions.append(Addition(place, str(file), name, checked))
        else:
            title = values.get("title", "")
            draft.left.append(Left(place, title, found or documents.nearest(title)))
    return _put_together(draft).plan()


def plan_rows(desk: Desk, entries: Sequence[LibraryEntry], sheet: Sheet, source: Path) -> Plan:
    """Find the documents that rows name, and what the rows would set.

    A row is the librarian's word: what it has is set, also where a sidecar states otherwise.

    Args:
        desk: Of the library.
        entries: The library's documents as they are known now.
        sheet: As read.
        source: The file it was read from.
    """
    draft = _Draft(faults=list(sheet.faults))
    documents = Documents(desk, entries)
    for row in sheet.rows:
        place = f"{source.name}, row {row.number}"
        found = documents.named(row)
        if isinstance(found, Found):
            _correct(draft, desk, place, found, row.values, row.inferred, overwrite=True)
        else:
            draft.faults.append(Fault(place, found))
    return _put_together(draft).plan()


def carry_out(plan: Plan, desk: Desk, why: str = "", add_files: bool = False) -> Plan:
    """Make what is planned, each document a change of its own in the history.

    What cannot be made is named and stops nothing else.

    Returns:
        The plan, with the changes' ids and what could not be made.

    Raises:
        LockHeld, StorageError: As `Desk.edit`; what was made until then stays made.
    """
    draft = _Draft(left=list(plan.left), faults=list(plan.faults))
    for correction in plan.corrections:
        try:
            if correction.values:
                event = desk.edit(correction.path, correction.values, why, correction.seen)
                correction = dataclasses.replace(correction, event=event.id)
            draft.corrections.append(correction)
        except (DeskError, SidecarError) as error:
            draft.faults.append(Fault(correction.place, str(error)))
    for addition in plan.additions:
        try:
            if add_files:
                new = NewFile(Path(addition.file), addition.name, addition.values)
                (event,) = desk.add([new], why)
                addition = dataclasses.replace(addition, event=event.id)
            draft.additions.append(addition)
        except (DeskError, SidecarError) as error:
            draft.faults.append(Fault(addition.place, str(error)))
    return draft.plan()


# --- what a record brings ---------------------------------------------------------------------


def _together(found: Sequence[Reference], name: str) -> Iterator[tuple[str, Reference]]:
    """References that say the same as one, with the places where they stand."""
    numbers: dict[str, list[int]] = defaultdict(list)
    first: dict[str, Reference] = {}
    for reference in found:
        key = repr((sorted(reference.values.items()), reference.inferred, reference.files))
        first.setdefault(key, reference)
        numbers[key].append(reference.number)
    for key, reference in first.items():
        records = " and ".join(map(str, numbers[key]))
        yield f"{name}, record{'s' if len(numbers[key]) > 1 else ''} {records}", reference


def _correct(
    draft: _Draft,
    desk: Desk,
    place: str,
    found: Found,
    values: Mapping[str, Any],
    marked: Iterable[str],
    overwrite: bool,
    exact: bool = True,
) -> None:
    """Add to a plan what a record sets of a document."""
    path = found.entry.path
    seen = desk.stated(path)
    try:
        sidecar = read_sidecar(desk.root / CORPUS / path)
    except SidecarError as error:
        draft.faults.append(Fault(place, f"The sidecar of {path} cannot be changed: {error}"))
        return
    stated = sidecar.values if sidecar else {}
    changes = []
    for name, new in values.items():
        old = stated.get(name, getattr(found.entry.metadata, name))
        exactly = exact or name not in stated
        same = as_cell(old) == as_cell(new) if exactly else _alike(name, old, new)
        nothing = new == getattr(_NOTHING, name)  # "other", "unknown"
        if same and (name in stated or name in marked or nothing):
            continue
        if name not in stated and old == getattr(_NOTHING, name):
            old = None
        kept = name in stated and not overwrite
        confirms = name not in stated and name in found.entry.metadata.inferred
        changes.append(FieldChange(name, old, new, "kept" if kept else "set", confirms))
    correction = Correction(
        place, path, found.entry.document_id, found.by, tuple(changes), seen
    )
    draft.corrections.append(correction)


def _alike(name: str, old: Any, new: Any) -> bool:
    """Whether two ways of writing say the same."""
    one, other = (
        "".join(folded(text)) if name in _WORDS else text.casefold().rstrip("/")
        for text in (as_cell(old), as_cell(new))
    )
    return one == other


def _put_together(draft: _Draft) -> _Draft:
    """Make one correction of all those of a document; none where they contradict one another."""
    by_path: dict[str, list[Correction]] = defaultdict(list)
    for correction in draft.corrections:
        by_path[correction.path].append(correction)
    draft.corrections = []
    for path, several in by_path.items():
        places = " and ".join(correction.place for correction in several)
        changes = {c.field: c for correction in several for c in correction.changes}
        differ = [
            c.field
            for correction in several
            for c in correction.changes
            if as_cell(c.new) != as_cell(changes[c.field].new)
        ]
        if differ:
            message = f"They are all about {path} and differ in {', '.join(dict.fromkeys(differ))}"
            draft.faults.append(Fault(places, f"{message}: nothing was set. Keep one of them."))
        else:
            one = dataclasses.replace(several[0], place=places, changes=tuple(changes.values()))
            draft.corrections.append(one)
    return draft


# --- files that references name ---------------------------------------------------------------


def _file_beside(folder: Path, names: Iterable[str]) -> Path | None:
    """The first of these files that is below a folder: nothing else of the computer is read."""
    inside = folder.resolve()
    for name in names:
        for place in _places(inside, name):
            with suppress(OSError):  # no name for a file
                path = place.resolve()
                if inside in path.parents and path.is_file():
                    return path
    return None


def _places(folder: Path, name: str) -> Iterator[Path]:
    if name.startswith(_ENDNOTE):
        inner = name.removeprefix(_ENDNOTE).lstrip("/")
        yield folder / "PDF" / inner
        yield from (data / "PDF" / inner for data in folder.glob("*.Data"))
    else:
        yield folder / name.removeprefix("file://")
    yield folder / PurePosixPath(name).name


def _free_name(desk: Desk, file: Path, taken: Iterable[str]) -> str:
    """A name below `corpus/` that is not taken: the file's own, or that with a number."""
    number, name = 1, file.name
    while name in taken or (desk.root / CORPUS / name).exists():
        number += 1
        name = f"{file.stem}-{number}{file.suffix}"
    return name
