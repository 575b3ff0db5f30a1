"""A backup holds the whole library, and gives it back whole or not at all."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from conftest import MakeLibrary

from retriever import Library, backup
from retriever.answer import to_json
from retriever.cli import cli
from retriever.collections import Shelves, read
from retriever.desk import Desk, NewFile
from retriever.errors import DeskError, LockHeld, StorageError
from retriever.journal import Event, Journal, Move
from retriever.schema import Filters, Progress, to_dict

QUESTIONS = (
    "Do reminder letters raise bowel cancer screening uptake?",
    "What do phone calls cost?",
    "How do I reset my password?",
)
FILES = {
    "letters.md": "# Letters\n\nReminder letters raised bowel cancer screening uptake by four "
    "percentage points in the most deprived fifth.\n",
    "letters.toml": 'title = "Letters"  # as printed\nyear = 2019\n',
    "towns/naïve calls.md": "# Calls\n\nPhone calls cost £4 for each person who took part.\n",
    "evaluation/questions.jsonl": '{"id": "q1", "text": "Do letters work?"}\n',
    "old.md": "# Old\n\nA page on letters that nobody reads any more.\n",
}


@pytest.fixture
def library(make_library: MakeLibrary, tmp_path: Path) -> Library:
    """A library with a history: documents changed, removed and put into a collection."""
    found = make_library(FILES, index=False)
    desk = Desk(found.root, "Ann")
    desk.edit("letters.md", {"year": 2020}, "misprint")
    desk.remove("old.md", "out of date")
    added = tmp_path / "visits.md"
    added.write_text("# Visits\n\nVisits at home doubled uptake among older people.\n")
    desk.add([NewFile(added, "visits.md", {"title": "Visits"})])
    shelves = Shelves(found.root, "Ann")
    shelves.make("Towns", "for Bea")
    shelves.add("Towns", ["towns/naïve calls.md"])
    for name in ("judgements/ann.jsonl", "evaluations/e1.json"):
        path = found.root / name
        path.parent.mkdir()
        path.write_text("{}\n")
    return found


@pytest.fixture
def archive(library: Library, tmp_path: Path) -> Path:
    path = tmp_path / "library.zip"
    backup.back_up(library.root, path)
    return path


def contents(root: Path) -> dict[str, bytes]:
    """What stands in a library's folder, but for the index and the lock."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).parts[0] != "index" and path.name != "lock"
    }


def answers(library: Library) -> str:
    """All that is answered, as JSON, apart from when."""
    told = [to_json(library.ask(question)) for question in QUESTIONS]
    told.append(to_json(library.ask(QUESTIONS[1], Filters(collections=("Towns",)))))
    for one in told:
        del one["record"]["asked_at"]
    return json.dumps(told)


def beside(root: Path) -> list[str]:
    return sorted(path.name for path in root.parent.iterdir())


def rewritten(
    source: Path,
    target: Path,
    change: Callable[[dict[str, bytes]], None] = lambda _: None,
    manifest: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Path:
    """A copy of a backup with other files in it, or another manifest."""
    with zipfile.ZipFile(source) as old:
        files = {name: old.read(name) for name in old.namelist()}
    data = json.loads(files.pop("manifest.json"))
    change(files)
    manifest(data)
    with zipfile.ZipFile(target, "w") as new:
        for name, content in files.items():
            new.writestr(name, content)
        new.writestr("manifest.json", json.dumps(data))
    return target


def kept(path: str, content: bytes) -> dict[str, Any]:
    """A line of the manifest."""
    digest = hashlib.sha256(content).hexdigest()
    return {"path": path, "size": len(content), "sha256": digest}


class TestBackUp:
    def test_all_that_makes_the_library_is_in_it_and_nothing_else(
        self, library: Library, archive: Path
    ) -> None:
        expected = contents(library.root)
        with zipfile.ZipFile(archive) as opened:
            inside = {name: opened.read(name) for name in opened.namelist()}
        manifest = json.loads(inside.pop("manifest.json"))
        assert inside == expected
        assert "keeping/kept/000002/old/corpus/old.md" in inside
        assert manifest["format"] == 1
        assert [file["path"] for file in manifest["files"]] == sorted(expected)
        assert beside(archive) == ["library", "library.zip", "visits.md"]

    def test_what_holds_for_a_moment_only_is_left_out(
        self, library: Library, tmp_path: Path
    ) -> None:
        for name in ("keeping/work/job.json", f"keeping/kept/000001/.{'0' * 32}.new"):
            path = library.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("half")
        made = backup.back_up(library.root, tmp_path / "b.zip")
        assert not any("half" in path or ".new" in path or "work" in path or "lock" in path
                       for path in (file.path for file in made.files))  # fmt: skip

    def test_a_change_that_a_crash_left_is_finished_first(
        self, library: Library, tmp_path: Path
    ) -> None:
        moves = (Move("corpus/visits.md", "corpus/v.md"),)
        event = Event("000006", "", "Ann", "replace", (), "", moves=moves)
        (library.root / "keeping/pending.json").write_text(json.dumps(to_dict(event)))
        paths = [file.path for file in backup.back_up(library.root, tmp_path / "b.zip").files]
        assert "corpus/v.md" in paths
        assert not {"corpus/visits.md", "keeping/pending.json"} & set(paths)

    def test_what_is_changed_meanwhile_is_in_the_next_one(
        self, library: Library, tmp_path: Path
    ) -> None:
        before = contents(library.root)

        def change(progress: Progress) -> None:
            if progress.done == 0:
                desk = Desk(library.root)
                desk.edit("letters.md", {"year": 2001})
                desk.remove("visits.md")
                with (library.root / "judgements/ann.jsonl").open("a") as grades:
                    grades.write("{}\n")

        made = backup.back_up(library.root, tmp_path / "b.zip", change)
        backup.restore(tmp_path / "b.zip", tmp_path / "restored")
        assert contents(tmp_path / "restored") == before
        assert len(made.files) == len(before)
        backup.back_up(library.root, tmp_path / "c.zip")
        backup.restore(tmp_path / "c.zip", tmp_path / "again")
        assert contents(tmp_path / "again") == contents(library.root) != before

    def test_a_file_that_lies_on_another_disk_has_changes_wait(
        self, library: Library, tmp_path: Path
    ) -> None:
        other = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it
        if not other.is_dir() or other.stat().st_dev == library.root.stat().st_dev:
            pytest.skip("there is no other disk")
        before, begun, ended = contents(library.root), threading.Event(), []

        def change() -> None:
            begun.set()
            Shelves(library.root).make("Ashby")
            ended.append("made")

        with tempfile.TemporaryDirectory(dir=other) as folder:
            shutil.copytree(library.corpus, folder, dirs_exist_ok=True)
            shutil.rmtree(library.corpus)
            library.corpus.symlink_to(folder)
            thread = threading.Thread(target=change)

            def show(progress: Progress) -> None:
                if not begun.is_set():
                    thread.start()
                    begun.wait()
                if progress.done == progress.total:
                    ended.append("written")

            backup.back_up(library.root, tmp_path / "b.zip", show)
            thread.join()
        assert ended[0] == "written"
        backup.restore(tmp_path / "b.zip", tmp_path / "restored")
        assert contents(tmp_path / "restored") == before

    @pytest.mark.parametrize("name", ["b.zip", "corpus/b.zip", "keeping/kept/b.zip"])
    def test_it_is_never_written_into_the_library(self, library: Library, name: str) -> None:
        before = contents(library.root)
        with pytest.raises(DeskError, match="inside the library"):
            backup.back_up(library.root, library.root / name)
        assert contents(library.root) == before

    def test_nothing_is_written_over(self, library: Library, tmp_path: Path) -> None:
        target = tmp_path / "report.zip"
        target.write_text("precious")
        with pytest.raises(DeskError, match=r"There is a file .*report\.zip already"):
            backup.back_up(library.root, target)
        with pytest.raises(DeskError, match="There is no folder"):
            backup.back_up(library.root, tmp_path / "nowhere/b.zip")
        with pytest.raises(DeskError, match="no library"):
            backup.back_up(tmp_path / "nowhere", tmp_path / "b.zip")
        assert target.read_text() == "precious"

    def test_what_the_disk_refuses_is_said_and_nothing_is_left(
        self, library: Library, tmp_path: Path
    ) -> None:
        place = tmp_path / "backups"
        place.mkdir()

        def vanish(progress: Progress) -> None:
            if progress.item == "corpus/visits.md":
                shutil.rmtree(place)

        before = contents(library.root)
        with pytest.raises(StorageError, match=r"b\.zip cannot be written"):
            backup.back_up(library.root, place / "b.zip", vanish)
        assert contents(library.root) == before

    def test_a_name_that_is_no_text_is_refused(self, library: Library, tmp_path: Path) -> None:
        name = library.corpus / "caf\udce9.md"
        name.write_text("text")
        with pytest.raises(DeskError, match="Rename that file"):
            backup.back_up(library.root, tmp_path / "b.zip")


class TestRestore:
    def test_a_restored_library_answers_the_same_to_the_last_byte(
        self, library: Library, archive: Path, tmp_path: Path
    ) -> None:
        into = tmp_path / "elsewhere" / "new"
        into.parent.mkdir()
        done = backup.restore(archive, into)
        assert (done.folder, done.replaced) == (into, None)
        assert contents(into) == contents(library.root)
        assert beside(into) == ["new"]
        twin = Library.open(into)
        library.index()
        twin.index()
        assert twin.index_id == library.index_id
        assert answers(twin) == answers(library)

    def test_history_and_undo_still_work(self, archive: Path, library: Library) -> None:
        into = library.root.with_name("new")
        backup.restore(archive, into)
        desk = Desk(into)
        assert desk.journal.events() == Desk(library.root).journal.events()
        desk.restore("old.md")
        desk.undo("1")
        assert (into / "corpus/letters.toml").read_text() == FILES["letters.toml"]
        assert (into / "corpus/old.md").read_text() == FILES["old.md"]
        desk.undo("5")
        assert [one.documents for one in read(into)] == [()]

    def test_restoring_twice_moves_what_is_there_aside(
        self, library: Library, archive: Path
    ) -> None:
        root, before = library.root, contents(library.root)
        (root / "corpus/new.md").write_text("# New\n\nSince then.\n")
        changed = contents(root)
        first = backup.restore(archive, root, replace=True)
        second = backup.restore(archive, root, replace=True)
        assert contents(root) == before
        assert first.replaced is not None
        assert second.replaced is not None
        assert first.replaced != second.replaced
        assert contents(first.replaced) == changed
        assert contents(second.replaced) == before
        assert not [name for name in beside(root) if "restoring" in name]

    def test_the_index_that_was_moved_aside_spares_embedding_again(
        self, library: Library, archive: Path
    ) -> None:
        library.index()
        done = backup.restore(archive, library.root, replace=True)
        assert done.replaced is not None
        (done.replaced / "index").rename(library.root / "index")
        (library.root / "index/current").unlink()  # only what was read and embedded is kept
        report = Library.open(library.root).index()
        assert (report.embedded, report.index) == (0, library.index_id)

    def test_a_folder_that_is_not_empty_is_left_alone(
        self, library: Library, archive: Path, tmp_path: Path
    ) -> None:
        before = contents(library.root)
        with pytest.raises(DeskError, match="is not empty"):
            backup.restore(archive, library.root)
        assert contents(library.root) == before
        other = tmp_path / "photographs"
        other.mkdir()
        (other / "holiday.jpg").write_text("beach")
        with pytest.raises(DeskError, match="something else than a library"):
            backup.restore(archive, other, replace=True)
        with pytest.raises(DeskError, match="the program's own folder"):
            backup.restore(archive, Path(backup.__file__).parents[1], replace=True)
        with pytest.raises(DeskError, match="There is no folder"):
            backup.restore(archive, tmp_path / "no" / "where")
        assert (other / "holiday.jpg").read_text() == "beach"

    def test_an_empty_folder_will_do(self, library: Library, archive: Path) -> None:
        into = library.root.with_name("empty")
        into.mkdir()
        backup.restore(archive, into)
        assert contents(into) == contents(library.root)

    def test_a_library_at_work_is_not_replaced(self, library: Library, archive: Path) -> None:
        before = contents(library.root)
        with Journal(library.root).changing(), pytest.raises(LockHeld, match="being changed"):
            backup.restore(archive, library.root, replace=True)
        assert contents(library.root) == before
        assert beside(library.root) == ["library", "library.zip", "visits.md"]

    def test_a_library_whose_history_is_damaged_can_be_replaced(
        self, library: Library, archive: Path
    ) -> None:
        (library.root / "keeping/history.jsonl").write_text("damaged\n")
        backup.restore(archive, library.root, replace=True)
        assert len(Desk(library.root).journal.events()) == 5

    def test_two_restorings_to_one_place_do_not_mix(
        self, library: Library, archive: Path
    ) -> None:
        into = library.root.with_name("new")
        refused = []

        def again(progress: Progress) -> None:
            if progress.stage == "writing" and progress.done == 2:
                with pytest.raises(LockHeld) as error:
                    backup.restore(archive, into)
                refused.append(error)

        backup.restore(archive, into, progress=again)
        assert refused
        assert contents(into) == contents(library.root)

    def test_no_room_on_the_disk_is_said_before_anything_is_written(
        self, archive: Path, tmp_path: Path
    ) -> None:
        huge = tmp_path / "huge.zip"
        with zipfile.ZipFile(huge, "w") as new:
            new.writestr("corpus/a.md", b"")
            data = {"format": 1, "version": "1", "made_at": "",
                    "files": [{**kept("corpus/a.md", b""), "size": 1 << 60}]}  # fmt: skip
            new.writestr("manifest.json", json.dumps(data))
            new.infolist()[0].file_size = 1 << 60
        with pytest.raises(StorageError, match="Make room"):
            backup.restore(huge, tmp_path / "new")
        assert not (tmp_path / "new").exists()


class TestDamage:
    @pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
    def test_a_truncated_file(self, archive: Path, tmp_path: Path, share: float) -> None:
        whole = archive.read_bytes()
        archive.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(DeskError, match="not a whole ZIP file"):
            backup.restore(archive, tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_a_flipped_byte_is_told_by_the_file_it_hit(
        self, library: Library, tmp_path: Path
    ) -> None:
        scan = b"%PDF-1.4 and then nothing that can be read"
        (library.corpus / "scan.pdf").write_bytes(scan)
        archive = tmp_path / "b.zip"
        backup.back_up(library.root, archive)
        whole = archive.read_bytes()
        archive.write_bytes(whole.replace(scan, scan.replace(b"nothing", b"noshing")))
        for attempt in (lambda: backup.check(archive),
                        lambda: backup.restore(archive, tmp_path / "new")):  # fmt: skip
            with pytest.raises(DeskError, match=r"corpus/scan\.pdf is damaged"):
                attempt()
        assert not (tmp_path / "new").exists()

    def test_whatever_byte_is_flipped_nothing_wrong_is_restored(
        self, library: Library, archive: Path, tmp_path: Path
    ) -> None:
        """A byte that bears on nothing, such as a file's date, may be flipped unnoticed."""
        whole, expected, refused = archive.read_bytes(), contents(library.root), 0
        rng = random.Random(5)
        for number in range(300):
            at = rng.randrange(len(whole))
            archive.write_bytes(
                whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :]
            )
            into = tmp_path / f"new-{number}"
            try:
                backup.restore(archive, into)
            except DeskError:
                refused += 1
                assert not into.exists()
            else:
                assert contents(into) == expected
        assert refused > 200

    def test_content_with_a_right_checksum_of_its_own_is_held_to_the_manifest(
        self, archive: Path, tmp_path: Path
    ) -> None:
        def change(files: dict[str, bytes]) -> None:
            files["corpus/visits.md"] = files["corpus/visits.md"].replace(b"doubled", b"tripled")

        forged = rewritten(archive, tmp_path / "forged.zip", change)
        with pytest.raises(DeskError, match=r"corpus/visits\.md is not what was backed up"):
            backup.check(forged)

    @pytest.mark.parametrize(
        "name",
        [
            "../../evil.md",
            "corpus/../../evil.md",
            "/etc/evil.md",
            "corpus//evil.md",
            "./corpus/evil.md",
            "index/current",
            "evil.md",
            "corpus",
            "keeping/pending.json",
            "keeping/lock",
        ],
    )
    def test_a_name_that_no_backup_has_is_refused(
        self, archive: Path, tmp_path: Path, name: str
    ) -> None:
        forged = rewritten(
            archive,
            tmp_path / "forged.zip",
            lambda files: files.update({name: b"evil"}),
            lambda data: data["files"].append(kept(name, b"evil")),
        )
        into = tmp_path / "deep" / "er" / "new"
        into.parent.mkdir(parents=True)
        with pytest.raises(DeskError, match="cannot be used: in it, ") as refused:
            backup.restore(forged, into)
        assert name in str(refused.value)
        assert not list(tmp_path.rglob("*evil*"))
        assert list(into.parent.iterdir()) == []

    def test_a_link_is_refused(self, archive: Path, tmp_path: Path) -> None:
        forged = tmp_path / "forged.zip"
        link = zipfile.ZipInfo("corpus/link.md")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(forged, "w") as new:
            new.writestr(link, "/etc/passwd")
            files = [kept("corpus/link.md", b"/etc/passwd")]
            data = {"format": 1, "version": "1", "made_at": "", "files": files}
            new.writestr("manifest.json", json.dumps(data))
        with pytest.raises(DeskError, match=r"corpus/link\.md is no plain file"):
            backup.check(forged)

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_a_name_twice_is_refused(self, archive: Path, tmp_path: Path) -> None:
        with zipfile.ZipFile(archive, "a") as opened:
            opened.writestr("corpus/visits.md", "something else")
        with pytest.raises(DeskError, match=r"corpus/visits\.md is in it twice"):
            backup.check(archive)

    def test_a_file_too_many_or_too_few_is_named(self, archive: Path, tmp_path: Path) -> None:
        more = rewritten(archive, tmp_path / "more.zip", lambda f: f.update({"corpus/x.md": b""}))
        with pytest.raises(DeskError, match=r"corpus/x\.md is not named in manifest"):
            backup.check(more)
        less = rewritten(
            archive, tmp_path / "less.zip", lambda files: files.__delitem__("corpus/visits.md")
        )
        with pytest.raises(DeskError, match=r"corpus/visits\.md is missing"):
            backup.check(less)

    def test_another_format_is_said_to_be(self, archive: Path, tmp_path: Path) -> None:
        later = rewritten(
            archive, tmp_path / "later.zip", manifest=lambda d: d.update(format=2, version="7.0")
        )
        with pytest.raises(DeskError, match=r"is of format 2, made by version '7\.0'"):
            backup.check(later)

    @pytest.mark.parametrize(
        "text", ["", "[]", '"x"', "{}", '{"format": 1}', "[" * 100_000, '{"format": 1, "version": '
                 '"1", "made_at": "", "files": [{"path": 1, "size": "a", "sha256": ""}]}']
    )  # fmt: skip
    def test_a_manifest_that_is_none(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "b.zip"
        with zipfile.ZipFile(path, "w") as new:
            new.writestr("manifest.json", text)
        with pytest.raises(DeskError, match=r"manifest\.json is damaged"):
            backup.check(path)

    def test_what_is_no_backup(self, tmp_path: Path) -> None:
        other = tmp_path / "photographs.zip"
        with zipfile.ZipFile(other, "w") as new:
            new.writestr("beach.jpg", "sand")
        with pytest.raises(DeskError, match="this is no backup of a library"):
            backup.check(other)
        with pytest.raises(DeskError, match="There is no file"):
            backup.check(tmp_path / "nowhere.zip")
        with pytest.raises(DeskError, match="not a whole ZIP file"):
            backup.check(tmp_path)

    def test_an_encrypted_entry_is_refused(self, archive: Path) -> None:
        whole = bytearray(archive.read_bytes())
        at = whole.index(struct.pack("<I", 0x02014B50))  # the first line of the ZIP's directory
        whole[at + 8] |= 1
        archive.write_bytes(whole)
        with pytest.raises(DeskError, match="is encrypted"):
            backup.check(archive)


KILLED_AT = """
import os, signal, sys
from pathlib import Path
from retriever import backup

def show(progress):
    if (progress.stage, progress.done) == ("writing", int(sys.argv[4])):
        os.kill(os.getpid(), signal.SIGKILL)

first, second = Path(sys.argv[2]), Path(sys.argv[3])
if sys.argv[1] == "restore":
    backup.restore(first, second, replace=True, progress=show)
else:
    backup.back_up(first, second, show)
"""


def killed(what: str, first: Path, second: Path, at: int) -> None:
    """Do it in another process, which is killed when so many files are written."""
    program = [sys.executable, "-c", KILLED_AT, what, str(first), str(second), str(at)]
    assert subprocess.run(program).returncode == -signal.SIGKILL


class TestKilled:
    @pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
    def test_restoring_leaves_nothing_half_there(
        self, library: Library, archive: Path, share: float
    ) -> None:
        files = len(backup.check(archive).files)
        new, expected = library.root.with_name("new"), contents(library.root)
        (library.corpus / "since.md").write_text("# Since\n\nSomething new.\n")
        before = contents(library.root)
        for into in (new, library.root):
            killed("restore", archive, into, int(share * files))
        assert not new.exists()
        assert contents(library.root) == before
        backup.restore(archive, new)
        backup.restore(archive, library.root, replace=True)
        assert contents(new) == contents(library.root) == expected
        assert not [name for name in beside(new) if "restoring" in name]

    @pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
    def test_backing_up_leaves_no_backup_and_no_lock(
        self, library: Library, tmp_path: Path, share: float
    ) -> None:
        target = tmp_path / "b.zip"
        files = len(contents(library.root))
        killed("back_up", library.root, target, int(share * files))
        assert not target.exists()
        Desk(library.root).remove("visits.md")
        backup.back_up(library.root, target)
        backup.check(target)
        assert beside(target) == ["b.zip", "library", "visits.md"]


class TestCommand:
    @staticmethod
    def run(root: Path, *arguments: object) -> Result:
        result = CliRunner().invoke(cli, ["--library", str(root), *map(str, arguments)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def test_back_up_check_and_restore(self, library: Library, tmp_path: Path) -> None:
        path, into = tmp_path / "b.zip", tmp_path / "new"
        said = self.run(library.root, "backup", path)
        assert (said.exit_code, said.stdout) == (
            0, f"Backed up {len(contents(library.root))} files, 0.0 MB into {path}.\n"
        )  # fmt: skip
        assert "is whole" in self.run(library.root, "restore-backup", path, "--check").stdout
        assert not into.exists()
        lines = self.run(library.root, "restore-backup", path, "--into", into).stdout.splitlines()
        assert lines[-1] == f"Now make its index: retriever --library {into} index"
        assert contents(into) == contents(library.root)
        told = json.loads(
            self.run(into, "restore-backup", path, "--replace", "--format", "json").stdout
        )
        assert told["folder"] == str(into)
        assert contents(Path(told["replaced"])) == contents(into)

    def test_what_is_wrong_is_one_line(self, library: Library, tmp_path: Path) -> None:
        path = tmp_path / "b.zip"
        path.write_text("no zip")
        for arguments in (["backup", path], ["restore-backup", path, "--check"],
                          ["restore-backup", path, "--into", tmp_path / "new"]):  # fmt: skip
            result = self.run(library.root, *arguments)
            assert (result.exit_code, result.stdout) == (1, "")
            assert result.stderr.startswith("Error: ")
            assert result.stderr.count("\n") == 1
