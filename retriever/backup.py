"""One file with all that makes a library, and a library made again from it.

    manifest.json               format, our version, when, and of each file its size and SHA-256
    corpus/, keeping/, judgements/, evaluations/, retriever.toml      as in the library's folder

The file is a ZIP (ZIP64 where it is large): every computer opens one without this program, and each
file in it can be read and checked by itself, so that damage is told by the name of what it hit.
`index/` is not in it: it is made from the rest, the same to the last byte, and holds good for one
version of this program only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from filelock import FileLock, Timeout

from retriever.config import SETTINGS_FILE
from retriever.errors import DeskError, LockHeld, StorageError
from retriever.journal import KEEPING, Journal, aside
from retriever.schema import Progress, to_dict
from retriever.version import VERSION

FORMAT = 1
MANIFEST = "manifest.json"
FOLDERS = ("corpus", KEEPING, "judgements", "evaluations")

ShowProgress = Callable[[Progress], None]

_CHUNK = 1 << 20  # bytes
_MANIFEST_LIMIT = 1 << 28  # bytes: the manifest of some million files
_SPARE = 1 << 24  # bytes of the disk that a restoring leaves free
_PACKED = {".pdf", ".docx", ".zip"}  # compressed already
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What holds for one moment and one process only; a forged change at work would even be made.
_PASSING = re.compile(rf"{KEEPING}/(lock|pending\.json|work/.*|(.*/)?\.[0-9a-f]{{32}}\.new)")
# What somebody is writing, or a crash left.
_HALF = re.compile(rf"{KEEPING}/(incoming/)?\.(taking|closed)-[^/]*/.*")
_GROWING = {".jsonl", ".part"}  # files that are added to in place
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, OverflowError,
           RuntimeError, RecursionError)  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """One file of a backup.

    Attributes:
        path: Relative to the library's folder, forward slashes.
        size: In bytes.
        sha256: Of its bytes, in hexadecimal.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Backup:
    """What a backup holds.

    Attributes:
        version: Of the program that made it.
        made_at: In UTC, `2026-11-26T09:30:00+00:00`.
        files: In order of their paths.
    """

    version: str
    made_at: str
    files: tuple[Kept, ...]

    @property
    def size(self) -> int:
        """Bytes that the files take when they are restored."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class Restored:
    """A library that was restored.

    Attributes:
        folder: Where it is.
        replaced: Where that is now which stood there before; None where nothing did.
    """

    backup: Backup
    folder: Path
    replaced: Path | None


def _silent(_: Progress) -> None:
    return


def back_up(root: Path, target: Path, progress: ShowProgress = _silent) -> Backup:
    """Write a library into one file, as it is between two changes.

    It is written aside and put in its place when it is whole. Changes wait only until all files are
    held still; where the disk knows no hard links, until all is written. Questions are answered.

    Args:
        root: The library's folder.
        target: The file to be; its folder is there already.
        progress: Told of each file.

    Raises:
        DeskError: The place is taken or inside the library, or a name cannot be kept.
        LockHeld: Another change does not come to its end.
        StorageError: A file cannot be read, or the backup cannot be written.
    """
    target = target.expanduser().resolve()
    _check_target(root.resolve(), target)
    part = target.with_name(f".{target.name}.part")
    with _still(root) as still, _writing(target):
        try:
            backup = _write(still, part, progress)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return backup


def check(path: Path, progress: ShowProgress = _silent) -> Backup:
    """Read a backup through and verify all of it; nothing is written.

    Raises:
        DeskError: It is damaged, or no backup of ours; names the file in it that is wrong.
    """
    with _opened(path) as (archive, backup):
        for file in _told(backup, "reading", progress):
            for _ in _verified(archive, path, file):
                pass
    return backup


def restore(
    path: Path, into: Path, replace: bool = False, progress: ShowProgress = _silent
) -> Restored:
    """Make a library again from a backup, which is verified before anything is written.

    It is written beside its place and put there in one step. It has no index then. A crash leaves
    the library as it was; one between moving it aside and putting the other there leaves it aside.

    Args:
        path: The backup.
        into: The library's folder: a new or an empty one.
        replace: Move a library that is there aside, instead of refusing.
        progress: Told of each file, as it is verified and as it is written.

    Raises:
        DeskError: The backup is damaged, or it cannot go there; nothing was changed.
        LockHeld: Something is at work in the library that is there, or restores there.
        StorageError: The disk has no room or cannot be written; nothing was changed.
    """
    into = into.expanduser().resolve()
    _check_place(into, replace)
    check(path, progress)
    with _opened(path) as (archive, backup), _writing(into), _only_one(into) as aside:
        _check_room(backup, into.parent)
        (aside / FOLDERS[0]).mkdir(parents=True)
        for file in _told(backup, "writing", progress):
            target = aside / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as sink:
                sink.writelines(_verified(archive, path, file))
        os.sync()  # all of it is on the disk before it has its name
        return Restored(backup, into, _put_in_place(aside, into, replace))


# --- writing ------------------------------------------------------------------------------------


def _check_target(root: Path, target: Path) -> None:
    if not (root / FOLDERS[0]).is_dir():
        raise DeskError(f"{root} is no library: it has no folder {FOLDERS[0]}.")
    if target.is_relative_to(root):
        raise DeskError(
            f"{target} is inside the library, and would be lost with it. Name a file outside "
            f"{root}, best on another disk."
        )
    if target.exists():
        raise DeskError(f"There is a file {target} already. Choose another name; nothing is "
                        "written over.")  # fmt: skip
    if not target.parent.is_dir():
        raise DeskError(f"There is no folder {target.parent}. Make it, or name another one.")


@contextmanager
def _still(root: Path) -> Iterator[Path]:
    """A library's files as they are between two changes, which stay so while the block runs."""
    with ExitStack() as held:
        held.enter_context(Journal(root).changing())
        with aside(root / KEEPING) as place:
            if not _linked(root, place):
                yield root  # nobody changes it meanwhile
                return
            held.close()
            yield place


def _linked(root: Path, place: Path) -> bool:
    """Give all files a second name in another folder; tells whether the disk can do that.

    A change of ours takes a file's name away or gives it to other content; the content stays. What
    is added to is copied.
    """
    try:
        for name in _names(root):
            source, target = root / name, place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix in _GROWING or source.is_symlink():
                shutil.copy2(source, target)
            else:
                os.link(source, target)
    except OSError:
        return False
    return True


def _write(root: Path, part: Path, progress: ShowProgress) -> Backup:
    names = _names(root)
    kept = []
    with part.open("wb") as stream:
        with zipfile.ZipFile(stream, "w", compresslevel=1) as archive:
            for number, name in enumerate(names):
                progress(Progress("writing", number, len(names), name))
                kept.append(_pack(archive, root / name, name))
            made_at = datetime.now(UTC).isoformat(timespec="seconds")
            backup = Backup(VERSION, made_at, tuple(kept))
            text = json.dumps({"format": FORMAT, **to_dict(backup)}, indent=1, ensure_ascii=False)
            archive.writestr(MANIFEST, text + "\n", zipfile.ZIP_DEFLATED)
        stream.flush()
        os.fsync(stream.fileno())
    progress(Progress("writing", len(names), len(names)))
    return backup


def _names(root: Path) -> list[str]:
    """The files to keep, relative to the library's folder, in order."""
    found = [path for folder in FOLDERS for path in (root / folder).rglob("*")]
    relative = (path.relative_to(root).as_posix() for path in [root / SETTINGS_FILE, *found]
                if path.is_file())  # fmt: skip
    passing = (_PASSING, _HALF)
    names = sorted(name for name in relative if not any(p.fullmatch(name) for p in passing))
    for name in names:
        if not _is_text(name):
            shown = name.encode("utf-8", "backslashreplace").decode()
            raise DeskError(
                f"The name of {shown} holds bytes that are no text, so no backup could give it "
                "back everywhere. Rename that file; then back up again."
            )
    return names


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pack(archive: zipfile.ZipFile, path: Path, name: str) -> Kept:
    info = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
    packed = path.suffix.lower() in _PACKED
    info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(info, "w") as sink:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            sink.write(chunk)
    return Kept(name, size, digest.hexdigest())


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    """What the disk refuses, said in a way that a person can mend."""
    try:
        yield
    except OSError as error:
        at = f"{error.filename}: " if error.filename else ""
        raise StorageError(
            f"{place} cannot be written: {at}{error.strerror or error}. Make sure that the disk "
            "has room and that you may read and write there. Nothing was changed."
        ) from error


# --- reading ------------------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Backup]]:
    """A backup, and what it says that it holds, which agrees with the ZIP's own directory."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise DeskError(f"There is no file {path}.") from error
    except _DAMAGE as error:
        raise DeskError(
            f"{path} is no backup of a library, or is damaged: it is not a whole ZIP file "
            f"({error}). Copy it again, or take another backup."
        ) from error
    with archive:
        yield archive, _listed(archive, path)


def _listed(archive: zipfile.ZipFile, path: Path) -> Backup:
    infos = archive.infolist()
    counts = Counter(info.filename for info in infos)
    if MANIFEST not in counts:
        raise _refusal(path, MANIFEST, "is missing: this is no backup of a library")
    for name, count in counts.items():
        if count > 1:
            raise _refusal(path, name, "is in it twice")
    for info in infos:
        if fault := _fault(info):
            raise _refusal(path, info.filename, fault)
    backup = _manifest(archive, path)
    there = {info.filename: info.file_size for info in infos if info.filename != MANIFEST}
    stated = {file.path: file.size for file in backup.files}
    for name in there.keys() - stated.keys():
        raise _refusal(path, name, f"is not named in {MANIFEST}")
    for name, size in stated.items():
        if there.get(name) != size:
            fault = "is missing" if name not in there else "is longer or shorter than it was"
            raise _refusal(path, name, fault)
    return backup


def _fault(info: zipfile.ZipInfo) -> str:
    """What keeps an entry of the ZIP's directory from being restored, or nothing."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.is_dir() or kind not in (0, stat.S_IFREG):
        return "is no plain file but a folder, a link or a device"
    if info.flag_bits & 1:
        return "is encrypted"
    if info.compress_type not in _METHODS:
        return "is compressed in a way that backups are not"
    if info.filename == MANIFEST:
        return "" if info.file_size <= _MANIFEST_LIMIT else "is too long to be one of ours"
    parts = PurePosixPath(info.filename).parts
    if ".." in parts or "/".join(parts) != info.filename:
        return "would leave the library's folder"
    if info.filename != SETTINGS_FILE and (len(parts) < 2 or parts[0] not in FOLDERS):
        return "is nothing that a library holds"
    if _PASSING.fullmatch(info.filename):
        return "is nothing that a backup holds"
    return ""


def _manifest(archive: zipfile.ZipFile, path: Path) -> Backup:
    text = b"".join(_chunks(archive, path, MANIFEST))
    try:
        data = json.loads(text)
        found = data["format"]
        if found == FORMAT:
            return _backup_from(data)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _refusal(path, MANIFEST, "is damaged, or not one of ours") from error
    raise _refusal(
        path,
        MANIFEST,
        f"is of format {found!r}, made by version {data.get('version')!r} of the program; this "
        f"one, version {VERSION}, reads format {FORMAT}. Use the program that made it",
    )


def _backup_from(data: dict[str, Any]) -> Backup:
    files = tuple(Kept(**file) for file in data["files"])
    for file in files:
        if not isinstance(file.path, str) or type(file.size) is not int or file.size < 0:
            raise ValueError(file)
    if len({file.path for file in files}) < len(files):
        raise ValueError(files)
    return Backup(str(data["version"]), str(data["made_at"]), files)


def _verified(archive: zipfile.ZipFile, path: Path, file: Kept) -> Iterator[bytes]:
    """The bytes of a file in a backup, in parts; refused at their end if they are others."""
    digest = hashlib.sha256()
    for chunk in _chunks(archive, path, file.path):
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != file.sha256:
        raise _refusal(path, file.path, "is not what was backed up: it is damaged")


def _chunks(archive: zipfile.ZipFile, path: Path, name: str) -> Iterator[bytes]:
    """The bytes of a file in a backup, in parts."""
    try:
        with archive.open(name) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
    except _DAMAGE as error:
        raise _refusal(path, name, f"is damaged ({error})") from error


def _told(
    backup: Backup, stage: Literal["reading", "writing"], progress: ShowProgress
) -> Iterator[Kept]:
    """Each file, with a word on it before and one after the last."""
    for number, file in enumerate(backup.files):
        progress(Progress(stage, number, len(backup.files), file.path))
        yield file
    progress(Progress(stage, len(backup.files), len(backup.files)))


def _refusal(path: Path, name: str, fault: str) -> DeskError:
    return DeskError(
        f"{path} cannot be used: in it, {name} {fault}. Nothing was restored. Copy the backup "
        "again, or take another one."
    )


# --- restoring ----------------------------------------------------------------------------------


def _check_place(into: Path, replace: bool) -> None:
    if not into.parent.is_dir():
        raise DeskError(f"There is no folder {into.parent}. Make it, or restore somewhere else.")
    if not into.exists() or (into.is_dir() and _is_empty(into)):
        return
    if Path(__file__).resolve().is_relative_to(into):
        raise DeskError(
            f"{into} is the program's own folder. Name another one for the library, with --into."
        )
    if not (into / FOLDERS[0]).is_dir():
        raise DeskError(
            f"{into} holds something else than a library, which is left alone. Name a new folder."
        )
    if not replace:
        raise DeskError(
            f"{into} is not empty. Name a new folder, or say --replace: what is there is then "
            "moved aside, and nothing of it deleted."
        )


def _is_empty(folder: Path) -> bool:
    return next(folder.iterdir(), None) is None


def _check_room(backup: Backup, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if backup.size + _SPARE > free:
        raise StorageError(
            f"The library takes {backup.size / 1e6:,.0f} MB, and the disk of {folder} has only "
            f"{free / 1e6:,.0f} MB left. Make room, or restore to another disk. Nothing was "
            "changed."
        )


@contextmanager
def _only_one(into: Path) -> Iterator[Path]:
    """A folder beside the place, for nobody else; it is gone afterwards, if it was not moved."""
    aside = into.with_name(f".{into.name}.restoring")
    lock = aside.with_name(f"{aside.name}.lock")
    with _held(lock, f"Something is being restored into {into} already"):
        shutil.rmtree(aside, ignore_errors=True)  # a crash may have left one
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            lock.unlink(missing_ok=True)


def _put_in_place(aside: Path, into: Path, replace: bool) -> Path | None:
    """Give the folder its name; of what is there already nothing is lost.

    Returns:
        Where that is now.
    """
    if not into.exists() or _is_empty(into) or not replace:
        aside.rename(into)  # refused where somebody has put something there meanwhile
        return None
    with ExitStack() as locks:
        for work in (into / KEEPING, into / "index"):
            if work.is_dir():
                locks.enter_context(_held(work / "lock", f"{into} is being changed or indexed"))
        before = _free_name(into)
        into.rename(before)
        try:
            aside.rename(into)
        except OSError:
            before.rename(into)
            raise
    return before


def _free_name(into: Path) -> Path:
    stamp = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
    names: Sequence[str] = ("", *(f"-{number}" for number in range(2, 1000)))
    places = (into.with_name(f"{into.name}.before-{stamp}{number}") for number in names)
    return next(place for place in places if not place.exists())


@contextmanager
def _held(lock: Path, what: str) -> Iterator[None]:
    """A lock that goes with the process."""
    try:
        with FileLock(lock).acquire(timeout=0):
            yield
    except Timeout as error:
        raise LockHeld(f"{what}. Wait until that has ended, then restore again.") from error
