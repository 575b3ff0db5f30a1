"""Collections: named sets of documents, for a locality or a programme, to search within.

They stand in `keeping/collections.json` and are changed through the journal, one change at a time:
each is in the history and can be undone. A document is named by its path below `corpus/`. One that
was removed stays named, so that it is in its collections again when it is brought back.
"""

from __future__ import annotations

import difflib
import getpass
import json
import re
from collections.abc import Collection as Several
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from retriever.errors import BadQuestion, DeskError
from retriever.journal import KEEPING, Change, Event, Journal

FILE = f"{KEEPING}/collections.json"
LONGEST = 80
"""Characters that a name may have."""

_THEIRS = re.compile(rf"({KEEPING}/kept/\d+/(old|new)/)?{re.escape(FILE)}")
_NAMED = 5  # documents that the history names; of more it tells how many


@dataclass(frozen=True)
class Collection:
    """A named set of documents.

    Attributes:
        documents: Paths below `corpus/`, in order.
        note: What it is for, if they said so.
    """

    name: str
    documents: tuple[str, ...] = ()
    note: str = ""


def read(root: Path) -> list[Collection]:
    """The collections of a library, in order of their names.

    Raises:
        DeskError: Their file is damaged.
    """
    path = root / FILE
    try:
        data = json.loads(path.read_text("utf-8"))
        found = [_collection(name, values) for name, values in data.items()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DeskError(
            f"{path} cannot be read ({error}). Undo the last change to a collection, or put the "
            "file back from a backup; no document is touched by this."
        ) from error
    return sorted(found, key=lambda one: (one.name.casefold(), one.name))


def find(root: Path, name: str) -> Collection:
    """One collection.

    Raises:
        DeskError: There is none of that name, and the nearest are named; or as `read`.
    """
    return _known(name, {one.name: one for one in read(root)})


def documents_of(root: Path, names: Sequence[str]) -> frozenset[str]:
    """Paths below `corpus/` of what is in at least one of some collections.

    Raises:
        BadQuestion: There is no such collection; the nearest are named.
        DeskError: As `read`.
    """
    known = {one.name: one for one in read(root)}
    for name in names:
        if name not in known:
            raise BadQuestion(_unknown(name, list(known)))
    return frozenset(path for name in names for path in known[name].documents)


def is_theirs(place: str) -> bool:
    """Whether a place below the library's folder is of the collections' file, or was."""
    return bool(_THEIRS.fullmatch(place))


class Shelves:
    """Changes the collections of one library. Safe for several people at once."""

    def __init__(self, root: Path, who: str = "") -> None:
        """Come to the shelves.

        Args:
            root: The library's folder.
            who: Name for the history; the computer's user where empty.
        """
        self._root = root
        self._who = who or getpass.getuser()

    def make(self, name: str, note: str = "", why: str = "") -> Event:
        """Make a collection, without a document yet.

        Raises:
            DeskError: The name is taken or is none.
        """
        with self._changing() as (change, known):
            name = _free(name, known)
            known[name] = Collection(name, note=note.strip())
            return self._put(change, known, (), f"Made the collection “{name}”", why)

    def add(self, name: str, paths: Sequence[str], why: str = "") -> Event:
        """Put documents into a collection; those in it already stay.

        Args:
            name: The collection's.
            paths: Below `corpus/`.
            why: For the history.

        Raises:
            DeskError: There is no such collection or file, or all are in it already.
        """
        with self._changing() as (change, known):
            old = _known(name, known)
            for path in paths:
                if not (self._root / "corpus" / path).is_file():
                    raise DeskError(f"There is no file {path} below corpus/.")
            new = [path for path in dict.fromkeys(paths) if path not in old.documents]
            if not new:
                raise DeskError(f"{_listed(paths)}: in the collection “{name}” already.")
            known[name] = replace(old, documents=tuple(sorted({*old.documents, *new})))
            said = f"Put {_listed(new)} into the collection “{name}”"
            return self._put(change, known, new, said, why)

    def take_out(self, name: str, paths: Sequence[str], why: str = "") -> Event:
        """Take documents out of a collection; in the library they stay.

        Raises:
            DeskError: There is no such collection, or one of them is not in it.
        """
        with self._changing() as (change, known):
            old = _known(name, known)
            for path in paths:
                if path not in old.documents:
                    raise DeskError(f"{path} is not in the collection “{name}”.")
            known[name] = _without(old, paths)
            said = f"Took {_listed(paths)} out of the collection “{name}”"
            return self._put(change, known, tuple(dict.fromkeys(paths)), said, why)

    def rename(self, name: str, new: str, why: str = "") -> Event:
        """Give a collection another name.

        Raises:
            DeskError: There is no such collection, or the new name is taken or is none.
        """
        with self._changing() as (change, known):
            old = _known(name, known)
            del known[name]
            new = _free(new, known)
            known[new] = replace(old, name=new)
            said = f"Renamed the collection “{name}” to “{new}”"
            return self._put(change, known, (), said, why)

    def describe(self, name: str, note: str, why: str = "") -> Event:
        """Say what a collection is for, in the place of what was said before.

        Raises:
            DeskError: There is no such collection, or just that is said of it already.
        """
        with self._changing() as (change, known):
            old = _known(name, known)
            if old.note == note.strip():
                raise DeskError(f"Of the collection “{name}” just that is said already.")
            known[name] = replace(old, note=note.strip())
            return self._put(change, known, (), f"Changed the note of the collection “{name}”", why)

    def delete(self, name: str, why: str = "") -> Event:
        """Take a collection away; its documents stay in the library.

        Raises:
            DeskError: There is no such collection.
        """
        with self._changing() as (change, known):
            old = _known(name, known)
            del known[name]
            said = f"Deleted the collection “{name}”, which named {_count(len(old.documents))}"
            return self._put(change, known, (), said, why)

    @contextmanager
    def _changing(self) -> Iterator[tuple[Change, dict[str, Collection]]]:
        """Read and change the collections while nobody else does."""
        with Journal(self._root).changing() as change:
            yield change, {one.name: one for one in read(self._root)}

    def _put(
        self,
        change: Change,
        collections: Mapping[str, Collection],
        documents: Sequence[str],
        what: str,
        why: str,
    ) -> Event:
        return _put(change, self._root, collections, documents, what, self._who, why)


def forget(change: Change, root: Path, path: str, who: str) -> None:
    """Take a document that is to be purged out of all collections, as a change of its own."""
    known = {one.name: one for one in read(root)}
    naming = [one for one in known.values() if path in one.documents]
    if naming:
        known |= {one.name: _without(one, [path]) for one in naming}
        names = ", ".join(f"“{one.name}”" for one in naming)
        what = f"Took {path} out of {names}, to delete it for good"
        _put(change, root, known, [path], what, who, "")


def _put(
    change: Change,
    root: Path,
    collections: Mapping[str, Collection],
    documents: Sequence[str],
    what: str,
    who: str,
    why: str,
) -> Event:
    data = {
        name: {"note": collections[name].note, "documents": collections[name].documents}
        for name in sorted(collections)
    }
    if (root / FILE).exists():
        change.take(FILE)
    change.put(FILE, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())
    return change.make("collection", documents, what, who, why)


def _collection(name: str, values: Mapping[str, Any]) -> Collection:
    documents, note = values["documents"], values["note"]
    if not isinstance(documents, list) or not all(isinstance(d, str) for d in [note, *documents]):
        raise TypeError(f"'{name}' is written wrongly")
    return Collection(name, tuple(documents), note)


def _without(collection: Collection, paths: Several[str]) -> Collection:
    left = tuple(path for path in collection.documents if path not in paths)
    return replace(collection, documents=left)


def _known(name: str, known: Mapping[str, Collection]) -> Collection:
    if name not in known:
        raise DeskError(_unknown(name, list(known)))
    return known[name]


def _unknown(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"The library has no collection '{name}'.{hint}"


def _free(name: str, known: Mapping[str, Collection]) -> str:
    """The name as it is kept: without needless spaces."""
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST or not plain.isprintable():
        raise DeskError(
            f"'{name}' is no name for a collection: give one of 1 to {LONGEST} letters, digits, "
            "spaces or marks."
        )
    for other in known:
        if other.casefold() == plain.casefold():
            raise DeskError(f"There is a collection “{other}” already. Choose another name.")
    return plain


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(paths) if len(paths) <= _NAMED else _count(len(paths))


def _count(number: int) -> str:
    return f"{number:,} document{'' if number == 1 else 's'}"
