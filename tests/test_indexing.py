import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from retriever import Library
from retriever.corpus import Known, scan
from retriever.errors import IndexMismatch, IndexMissing, LockHeld, StorageError
from retriever.indexing import code_fingerprint
from retriever.store import Store

FILES = {
    "letters.md": "# Letters\n\nReminder letters raised uptake of bowel screening by 4 points.",
    "smoking.md": "# Smoking\n\nStop smoking services reached people in deprived areas.",
    "calls.txt": "Telephone calls did not raise uptake of cervical screening.",
}
QUESTION = "Do reminder letters raise uptake of bowel screening?"


def outcomes(report):
    return {row.path: row.outcome for row in report.documents}


def generation(library):
    """The bytes of every file of the index in force, by name."""
    folder = library.index_folder / "generations"
    (current,) = folder.iterdir()
    return {
        path.relative_to(current).as_posix(): path.read_bytes()
        for path in current.rglob("*")
        if path.is_file()
    }


def built_anew(library, root):
    """The same corpus and settings as a library whose index owes nothing to what came before."""
    shutil.copytree(library.corpus, root / "corpus")
    shutil.copy(library.root / "retriever.toml", root)
    other = Library.open(root)
    other.index()
    return other


def test_each_file_has_its_outcome_and_a_second_run_changes_nothing(make_library):
    library = make_library(FILES, index=False)
    first, second = library.index(), library.index()
    assert outcomes(first) == dict.fromkeys(sorted(FILES), "added")
    assert outcomes(second) == dict.fromkeys(sorted(FILES), "unchanged")
    assert second.index == first.index
    assert second.embedded == 0


def test_added_updated_and_removed_files_are_told_apart(make_library):
    library = make_library(FILES)
    (library.corpus / "new.md").write_text("# New\n\nInterpreters helped.", encoding="utf-8")
    (library.corpus / "calls.txt").write_text("Calls raised uptake after all.", encoding="utf-8")
    (library.corpus / "smoking.md").unlink()
    (library.corpus / "letters.toml").write_text('title = "Letters that remind"', encoding="utf-8")
    report = library.index()
    assert outcomes(report) == {
        "calls.txt": "updated",
        "letters.md": "updated",
        "new.md": "added",
        "smoking.md": "removed",
    }
    assert library.document("letters").metadata.title == "Letters that remind"


def test_one_bad_file_or_sidecar_stops_nobody_else_and_says_what_to_do(make_library):
    library = make_library({**FILES, "empty.pdf": "", "letters.toml": "titel = 'x'"}, index=False)
    rows = {row.path: row for row in library.index().documents}
    assert rows["empty.pdf"].outcome == "failed"
    assert rows["letters.md"].outcome == "failed"
    assert "titel" in rows["letters.md"].reason
    assert "title" in rows["letters.md"].reason
    assert rows["smoking.md"].outcome == "added"
    (library.corpus / "letters.toml").write_text("title = 'Mended'", encoding="utf-8")
    assert outcomes(library.index())["letters.md"] != "failed"


def test_only_what_is_new_is_embedded(make_library):
    library = make_library(FILES)
    (library.corpus / "new.md").write_text("# New\n\nInterpreters helped.", encoding="utf-8")
    assert library.index().embedded == 1


def test_the_same_corpus_gives_the_same_bytes_whatever_came_before(make_library, tmp_path):
    library = make_library(FILES)
    (library.corpus / "extra.md").write_text("# Extra\n\nGone soon.", encoding="utf-8")
    library.index()
    (library.corpus / "extra.md").unlink()
    library.index()
    assert generation(built_anew(library, tmp_path / "fresh")) == generation(library)


def test_adding_changing_and_removing_gives_the_bytes_of_a_full_build(make_library, tmp_path):
    rng = random.Random(5)
    library = make_library(FILES)
    words = ["letters", "uptake", "screening", "Somali", "deprived", "calls", "cost", "women"]
    for step in range(12):
        name = f"{rng.choice('abc')}/{rng.choice('klmn')}.md"
        path = library.corpus / name
        if path.exists() and rng.random() < 0.4:
            path.unlink()
        else:
            path.parent.mkdir(exist_ok=True)
            text = " ".join(rng.choices(words, k=rng.randint(0, 400)))
            path.write_text(f"# {rng.choice(words)}\n\n{text}.", encoding="utf-8")
        if rng.random() < 0.3:
            sidecar = library.corpus / "letters.toml"
            sidecar.write_text(f"title = 'About {rng.choice(words)}'", encoding="utf-8")
        library.index()
        assert generation(library) == generation(built_anew(library, tmp_path / f"fresh{step}"))


@pytest.mark.parametrize("engine", ["bm25s", "rank-bm25"])
def test_one_document_more_leaves_the_bytes_of_the_others(make_library, tmp_path, engine):
    library = make_library(FILES, settings=f'[search]\nlexical = "{engine}"\n')
    (library.corpus / "m.md").write_text("# M\n\nMore letters raised uptake.", encoding="utf-8")
    library.index()
    assert generation(library) == generation(built_anew(library, tmp_path / "fresh"))


def know_its_files(library):
    """Have the library know its files as it does once they are some seconds old."""
    files = scan(library.corpus, now=time.time_ns() + 10**11)
    known = {f.path: Known(f.stamp, f.sha256, f.sidecar_sha256, f.id) for f in files}
    with Store.open(library.index_folder / "store.sqlite") as store:
        store.save_known_files(code_fingerprint(), known)
    assert all(file.known for file in scan(library.corpus, known))


def test_a_file_written_to_is_read_again_though_size_and_date_are_as_they_were(make_library):
    library = make_library({**FILES, "calls.toml": "title = 'Calls'"})
    for name, old, new in (
        ("calls.txt", "cervical", "prostate"),
        ("calls.toml", "Calls", "Bells"),
    ):
        know_its_files(library)
        path = library.corpus / name
        before = path.stat()
        path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_size == before.st_size
        assert outcomes(library.index())["calls.txt"] == "updated"
    assert "prostate" in library.document("calls").text
    assert library.document("calls").metadata.title == "Bells"


def test_files_that_are_known_give_the_same_bytes(make_library, tmp_path):
    library = make_library({**FILES, "letters.toml": "id = 'post'\ntitle = 'Letters'"})
    know_its_files(library)
    (library.corpus / "m.md").write_text("# M\n\nMore letters raised uptake.", encoding="utf-8")
    (library.corpus / "a").mkdir()
    (library.corpus / "calls.txt").rename(library.corpus / "a" / "calls.txt")
    library.index()
    assert library.document("post").metadata.title == "Letters"
    assert generation(library) == generation(built_anew(library, tmp_path / "fresh"))


def test_a_store_that_was_deleted_is_filled_again_and_the_index_stays_the_same(make_library):
    library = make_library(FILES)
    before = generation(library)
    (library.index_folder / "store.sqlite").unlink()
    library.index()
    assert library.document("letters").text.startswith("Letters")
    assert generation(library) == before


def test_two_files_of_one_name_both_get_an_id_and_the_same_text_is_kept_twice(make_library):
    library = make_library({"a/report.md": "# A\n\nFirst.", "b/report.md": "# A\n\nSecond."})
    ids = [entry.document_id for entry in library.entries()]
    assert len(set(ids)) == 2
    assert all(name.startswith("report-") for name in ids)


@pytest.mark.parametrize(
    "name", ["with space.md", "ünïcode – dash.md", "-leading.md", "x" * 240 + ".md", "a'b\"c.md"]
)
def test_odd_file_names(make_library, name):
    library = make_library({name: "# Title\n\nReminder letters raised uptake."})
    (entry,) = library.entries()
    assert entry.path == name
    assert library.document(entry.document_id).path == name


def test_what_is_no_document_is_left_alone(make_library):
    library = make_library(
        {**FILES, "README.md": "About", "evaluation/q.md": "x", ".hidden.md": "x", ".git/a.md": "x"}
    )
    assert {entry.path for entry in library.entries()} == set(FILES)


def test_a_failed_file_is_read_again_only_when_asked(make_library):
    library = make_library({"bad.pdf": "%PDF-1.4 nothing"})
    assert outcomes(library.index()) == {"bad.pdf": "failed"}
    assert outcomes(library.index(retry_failed=True)) == {"bad.pdf": "failed"}


def test_no_index_names_the_command_that_makes_one(make_library):
    library = make_library(FILES, index=False)
    with pytest.raises(IndexMissing, match="retriever index"):
        library.search("letters")


@pytest.mark.parametrize("victim", ["manifest.json", "passages.jsonl", "vectors.faiss"])
@pytest.mark.parametrize("damage", ["delete", "truncate"])
def test_a_damaged_index_is_refused_and_mended_by_the_command_it_names(
    make_library, victim, damage
):
    library = make_library(FILES)
    (path,) = (library.index_folder / "generations").glob(f"*/{victim}")
    if damage == "delete":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-20])
    library = Library.open(library.root)
    with pytest.raises(IndexMismatch, match="Run `retriever index`"):
        library.search("letters")
    library.index()
    assert library.ask(QUESTION).findings


def test_an_index_of_a_version_with_other_records_is_refused_and_mended(make_library):
    library = make_library(FILES)
    (path,) = (library.index_folder / "generations").glob("*/documents.jsonl")
    path.write_text(path.read_text("utf-8").replace('"sha256"', '"checksum"'), encoding="utf-8")
    manifest = path.with_name("manifest.json")
    told = json.loads(manifest.read_text("utf-8"))
    told["hashes"]["documents.jsonl"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(told), encoding="utf-8")
    library = Library.open(library.root)
    with pytest.raises(IndexMismatch, match=r"another version of this program.*retriever index"):
        library.search("letters")
    (library.corpus / "calls.txt").write_text("Calls raised uptake after all.", encoding="utf-8")
    library.index()
    assert library.ask(QUESTION).findings


def test_a_store_that_is_no_database_is_made_anew(make_library):
    library = make_library(FILES)
    (library.index_folder / "store.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(IndexMismatch, match="retriever index"):
        Library.open(library.root).document("letters")
    (library.corpus / "letters.md").write_text("# L\n\nNew text.", encoding="utf-8")
    library.index()
    assert library.document("letters").text.endswith("New text.")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("[passages]\nmax_tokens = 64\n", "passages"),
        ('[search]\nlexical = "rank-bm25"\n', "lexical"),
        ("[search]\nk1 = 2.0\n", "k1"),
    ],
)
def test_other_settings_than_the_index_was_built_with_are_refused(make_library, change, named):
    library = make_library(FILES)
    changed = make_library({}, settings=change, index=False)
    with pytest.raises(IndexMismatch, match=f"other settings \\({named}\\).*retriever index"):
        changed.search("letters")
    changed.index()
    assert changed.search("letters")[0].passage.document_id == "letters"
    assert library.root == changed.root


def test_an_index_from_another_model_is_refused(make_library):
    library = make_library(FILES)
    (library.root / "retriever.toml").unlink()
    with pytest.raises(IndexMismatch, match=r"hashing.*all-MiniLM-L6-v2.*retriever index"):
        Library.open(library.root).search("letters")


def test_a_second_run_says_who_holds_the_lock(make_library):
    library = make_library(FILES)
    holder = {"process": 4321, "host": "here", "since": "09:15"}
    (library.index_folder / "lock-holder.json").write_text(json.dumps(holder), encoding="utf-8")
    with FileLock(library.index_folder / "lock"), pytest.raises(LockHeld, match="process 4321"):
        library.index()
    library.index()


def test_an_index_folder_that_cannot_be_written_is_said_plainly(make_library):
    library = make_library(FILES, index=False)
    library.index_folder.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(StorageError, match=r"Cannot write .*index.*retriever index"):
        library.index()


def _index_with_little_room(root: Path) -> subprocess.CompletedProcess[str]:
    code = f"from retriever import Library; Library.open({str(root)!r}).index()"

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    return subprocess.run(
        [sys.executable, "-c", code], preexec_fn=limit, capture_output=True, text=True, check=False
    )


def test_a_full_disk_leaves_the_old_index_in_force(make_library):
    library = make_library(FILES)
    for number in range(40):
        text = f"# Title {number}\n\n" + f"Sentence {number} about screening uptake. " * 40
        (library.corpus / f"more{number}.md").write_text(text, encoding="utf-8")
    result = _index_with_little_room(library.root)
    assert "StorageError" in result.stderr
    assert "disk has room" in result.stderr
    assert Library.open(library.root).ask(QUESTION).findings
    assert library.index().passages > 40


def test_a_killed_run_leaves_an_index_that_opens_and_answers(make_library):
    """The whole claim, fifty times and with the real model, is checked by benchmarks/killing.py."""
    library = make_library(FILES)
    code = (
        "import sys; from retriever import Library;"
        "print('ready', flush=True);"
        f"Library.open({str(library.root)!r}).index(lambda p: print(p.stage, flush=True))"
    )
    rng = random.Random(7)
    for attempt in range(6):
        for number in range(5):
            path = library.corpus / f"n{number}.md"
            path.write_text(f"# N\n\nText {attempt} of {number}.", encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        assert process.stdout is not None
        for _ in range(rng.randint(1, 9)):
            process.stdout.readline()
        process.kill()
        process.wait()
        process.stdout.close()
        assert Library.open(library.root).ask(QUESTION).findings
    library.index()
    assert library.document("n3").text.endswith("Text 5 of 3.")
    assert sorted(path.name for path in (library.index_folder / "generations").iterdir()) == [
        library.index_id.removeprefix("sha256:")[:16]
    ]
