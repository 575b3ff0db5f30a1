"""What a zip may hold and what it may not; nothing is written where it should not be."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from mixed_files import docx, zipped

from retriever import unpacking
from retriever.unpacking import Refused, is_archive, unpack

LIMIT = 5_000_000


def unpacked(tmp_path: Path, archive: bytes, limit: int = LIMIT) -> dict[str, str | bytes]:
    """By an entry's name its content, or why it was refused."""
    found: dict[str, str | bytes] = {}
    numbers = iter(range(10_000))
    for entry in unpack(io.BytesIO(archive), limit, lambda _: tmp_path / str(next(numbers))):
        if isinstance(entry, Refused):
            found[entry.name] = entry.reason
        else:
            found[entry[0]] = entry[1].read_bytes()
    return found


def test_names_keep_their_folders(tmp_path: Path) -> None:
    files = {"a.md": b"one", "deep/er/b.md": b"two"}
    assert unpacked(tmp_path, zipped(files)) == files


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a.md", "x/../../a.md", "..\\a.md", "C:/a.md"]
)
def test_names_that_lead_outside_are_refused_and_the_others_go_on(
    tmp_path: Path, name: str
) -> None:
    found = unpacked(tmp_path, zipped({name: b"bad", "good.md": b"good"}))
    assert found["good.md"] == b"good"
    assert "leads out of the zip" in str(found[name])


def test_links_are_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("link.md")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "a link to another file" in str(unpacked(tmp_path, stream.getvalue())["link.md"])


def test_locked_entries_are_refused(tmp_path: Path) -> None:
    archive = bytearray(zipped({"a.md": b"text"}))
    archive[archive.index(b"PK\x03\x04") + 6] |= 1
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    assert "locked with a password" in str(unpacked(tmp_path, bytes(archive))["a.md"])


def test_a_trap_is_left_in_the_middle_and_nothing_stays(tmp_path: Path) -> None:
    found = unpacked(tmp_path, zipped({"trap.md": bytes(20_000_000), "good.md": b"good"}), 10**9)
    assert "as traps do" in str(found["trap.md"])
    assert found["good.md"] == b"good"
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"good"]


def test_what_an_entry_says_of_its_size_is_not_believed(tmp_path: Path) -> None:
    archive = bytearray(zipped({"a.md": b"x" * 3_000_000}))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = archive.index(mark) + place
        archive[at : at + 4] = (10).to_bytes(4, "little")
    found = unpacked(tmp_path, bytes(archive))
    assert isinstance(found["a.md"], str)


def test_an_entry_over_the_limit_is_refused(tmp_path: Path) -> None:
    noise = bytes(range(256)) * 4
    assert "too large" in str(unpacked(tmp_path, zipped({"a.md": noise}), limit=1000)["a.md"])


def test_a_damaged_entry_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    archive = bytearray(zipped({"a.md": b"first text", "b.md": b"second text"}))
    at = archive.index(b"a.md") + 4
    archive[at : at + 4] = b"\xff\xff\xff\xff"
    found = unpacked(tmp_path, bytes(archive))
    assert "damaged in the zip" in str(found["a.md"])
    assert found["b.md"] == b"second text"


def test_files_over_the_most_are_named(tmp_path: Path) -> None:
    archive = zipped({f"{n}.md": b"x" for n in range(unpacking.MOST_ENTRIES + 2)})
    found = unpacked(tmp_path, archive)
    assert sum("holds more than 2,000" in str(reason) for reason in found.values()) == 2
    assert sum(content == b"x" for content in found.values()) == unpacking.MOST_ENTRIES


def test_what_computers_put_into_zips_is_nobodys(tmp_path: Path) -> None:
    archive = zipped({"__MACOSX/._a.md": b"x", "a/.DS_Store": b"x", "a/a.md": b"text"})
    assert unpacked(tmp_path, archive) == {"a/a.md": b"text"}


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        (zipped({"a.md": b"x"}), True),
        (docx("Heading", "Text."), False),
        (b"%PDF-1.4\n" + zipped({"a.md": b"x"}), False),
        (b"# Markdown", False),
        (b"PK\x03\x04 cut off", False),
    ],
)
def test_only_a_zip_of_files_is_unpacked(content: bytes, is_one: bool) -> None:
    assert is_archive(io.BytesIO(content)) == is_one
