"""From the web, on the page Add documents, and the work behind it.

The work is done by a process of its own. What it asks goes to the local service as to a proxy, so
that addresses may be public ones though nobody else is asked.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from small_library import build
from streamlit.testing.v1 import AppTest
from web_services import Asked, Reply, Server, client, serving

from retriever import Library, fetching
from retriever.connectors import waiting
from retriever.desk import Desk
from retriever.errors import FetchError, LockHeld
from retriever.incoming import Incoming
from retriever.purging import purge
from retriever.schema import Progress
from retriever.waiting import Batch
from retriever.work import OVER, Job, Work

ROOT = Path(__file__).resolve().parents[1]
PAGE = "retriever/ui/add.py"
LETTERS, WALKS, GONE = (f"http://93.184.216.{number}" for number in (34, 35, 36))
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
PROSE = "<p>" + "Led walks were attended by older people of every district. " * 6 + "</p>"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        head = (
            f'<link rel="license" href="{LICENCE}">'
            '<meta name="citation_publication_date" content="2021/03/02">'
        )
        running.html("/walks", PROSE, "Led walks <b>&amp; talks</b>", head)
        running.routes["/letters.md"] = Reply("# Letters\n\nLetters raised uptake.\n" * 9)
        yield running


@pytest.fixture
def library(tmp_path: Path, server: Server) -> Iterator[Library]:
    library = build(tmp_path / "library")
    settings = library.root / "retriever.toml"
    on = f'[web]\nenabled = true\nproxy = "{server.url}"\n'
    settings.write_text(f"{on}\n{settings.read_text()}")
    yield library
    ended(library)


@pytest.fixture
def place(library: Library) -> Path:
    return library.root / "keeping/work/0001.fetched"


def ended(library: Library) -> list[Job]:
    """All long work, the latest first, once none goes on."""
    work = Work(library.root)
    while going_on := [job for job in work.jobs() if job.state not in OVER]:
        work.follow(going_on[-1].id, lambda _: None)
    return work.jobs()


def opened(library: Library, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("RETRIEVER_LIBRARY", str(library.root))
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.run().switch_page(PAGE)
    app.run()
    app.text_input(key="who_changes").set_value("Ann")
    return app.run()


def press(app: AppTest, key: str) -> AppTest:
    next(button for button in app.button if button.key == key).click()
    return app.run()


def ask_for(app: AppTest, button: str, *wanted: str, kind: str = "web") -> AppTest:
    app.radio(key="web-kind").set_value(kind)
    app.text_area(key="web-text").set_value("\n".join(wanted))
    return press(app, f"web-{button}")


def shown(app: AppTest) -> str:
    assert not app.exception
    source = "\n".join(str(part.proto.body) for part in app.main.get("html"))
    labels = " ".join(one.label for one in app.expander).replace("\\", "")
    return " ".join(f"{html.unescape(re.sub(r'<[^>]+>', ' ', source))} {labels}".split())


def corpus(library: Library) -> set[str]:
    return {path.name for path in library.corpus.rglob("*")}


def only_batch(library: Library) -> Batch:
    (batch,) = Incoming(library.root).batches()
    return batch


def test_switched_off_it_says_how_to_switch_it_on_and_offers_nothing(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = library.root / "retriever.toml"
    settings.write_text(settings.read_text().replace("enabled = true", "enabled = false"))
    app = opened(library, monkeypatch)
    said = shown(app)
    assert "switched off; to switch it on, put the line “enabled = true” under “[web]”" in said
    assert "retriever.toml" in said
    assert not [widget for widget in app.button if str(widget.key).startswith("web-")]
    assert not app.radio
    settings.write_text(settings.read_text().replace("enabled = false", "enabled = true"))
    assert app.run().radio(key="web-kind").value == "web"


def test_settings_that_cannot_be_read_are_named(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(library, monkeypatch)
    settings = library.root / "retriever.toml"
    whole = settings.read_text()
    settings.write_text(whole.replace("enabled = true", 'enabled = "yes"'))
    assert "web.enabled must be true or false, not 'yes'" in shown(app.run())
    settings.write_text(whole)


def test_opening_the_page_asks_nobody(
    library: Library, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(library, monkeypatch)
    app.text_area(key="web-text").set_value(f"{WALKS}/walks")
    app.run()
    assert server.asked == []
    assert Work(library.root).jobs() == []


def test_what_there_is_is_shown_and_nothing_fetched(
    library: Library, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ask_for(opened(library, monkeypatch), "find", f"{WALKS}/walks", f"{GONE}/gone")
    assert "Work in progress" in shown(app)
    (job,) = ended(library)
    assert job.message == "Found 1 document on the web. 1 could not be had: the list says why."
    said = shown(app.run())
    assert "What there is on the web, asked for on" in said
    assert (
        f"Led walks <b>& talks</b> {WALKS}/walks Can be fetched not found a web page {LICENCE} "
        "2021-03-02 not stated"
    ) in said
    assert f"{GONE}/gone Failed: {GONE}/gone is not there (404). Check the address" in said
    assert [path for path in server.paths() if not path.endswith("/robots.txt")] == [
        f"{WALKS}/walks", f"{GONE}/gone"
    ]  # fmt: skip
    assert waiting(library.root) == []
    assert Incoming(library.root).batches() == []


def test_fetched_documents_wait_for_a_yes_and_one_that_fails_stops_no_other(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = corpus(library)
    app = ask_for(
        opened(library, monkeypatch), "fetch", f"{LETTERS}/letters.md", f"{GONE}/gone",
        f"{WALKS}/walks",
    )  # fmt: skip
    read, fetch = ended(library)
    assert fetch.message == "2 documents were fetched. 1 could not be fetched: the list says why."
    assert (read.what, read.state, read.who) == ("read", "done", "Ann")
    assert corpus(library) == before

    app = opened(library, monkeypatch)  # the page was closed meanwhile
    said = shown(app)
    assert "What was fetched from the web, asked for on" in said
    assert f"{GONE}/gone Failed: {GONE}/gone is not there (404). Check the address" in said
    assert f"Led walks <b>& talks</b> {WALKS}/walks Fetched not found" in said
    batch = only_batch(library)
    assert [file.outcome for file in batch.files] == ["ready", "ready"]
    assert said.count("Files given on") == 2  # as a heading, and as where to look at them

    walks = next(file for file in batch.files if "walks" in file.original)
    app.session_state[f"{batch.id}-{walks.number}-open"] = True
    said = shown(app.run())
    assert f"from {WALKS}/walks . Licence, as its source states it: {LICENCE}." in said
    assert app.text_input(key=f"{batch.id}-{walks.number}-url").value == f"{WALKS}/walks"
    assert app.text_input(key=f"{batch.id}-{walks.number}-licence").value == LICENCE
    press(app, f"{batch.id}-{walks.number}-add")
    assert corpus(library) - before == {walks.name, f"{walks.name}.toml"}


def test_once_the_files_are_decided_on_it_says_so(
    library: Library, place: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended_job(library, server, place, f"{server.url}/letters.md")
    Incoming(library.root).close(only_batch(library).id)
    assert "Its files were decided on: the History tells" in shown(opened(library, monkeypatch))


def ended_job(library: Library, server: Server, place: Path, *wanted: str) -> None:
    """Leave behind what a fetching job does, without its process."""
    folder = Work(library.root).folder
    folder.mkdir(parents=True, exist_ok=True)
    old = {"id": "0001", "what": "fetch", "who": "Ben", "state": "done"}
    at = {"queued": "2026-11-26T09:00:00+00:00", "wanted": wanted, "limit": 20}
    (folder / "0001.json").write_text(json.dumps(old | at))
    get(library, server, place, *wanted)
    fetching.take_in(library.root, place, "Ben", library.settings.reading)


def get(
    library: Library, server: Server, place: Path, *wanted: str, **options: object
) -> fetching.Kept:
    return fetching.fetch(
        library.root, place, wanted, 20, client(), known=server.known(), **options  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("kind", "typed", "said"),
    [
        ("web", " \n ", "Nothing was named. Fill in what is wanted"),
        ("govuk", "https://www.example.org/a", "is not on GOV.UK. Choose “An address on the web”"),
    ],
)
def test_what_cannot_be_asked_for_is_said_at_once(
    library: Library, monkeypatch: pytest.MonkeyPatch, kind: str, typed: str, said: str
) -> None:
    app = ask_for(opened(library, monkeypatch), "fetch", typed, kind=kind)
    assert said in shown(app)
    assert app.text_area(key="web-text").value == typed
    assert Work(library.root).jobs() == []


@pytest.mark.parametrize(
    ("kind", "typed", "asked"),
    [
        ("web", "https://example.org/a.pdf", "web:https://example.org/a.pdf"),
        ("web", "www.example.org/a b", "web:https://www.example.org/a b"),
        ("web", "example.org/a.pdf", "web:https://example.org/a.pdf"),
        ("web", "https://www.gov.uk/guidance/a", "govuk:/guidance/a"),
        ("web", "https://www.nice.org.uk/guidance/ng12", "nice:NG12"),
        ("govuk", "government/publications/a", "govuk:government/publications/a"),
        ("govuk", "www.gov.uk/government/publications/a", "govuk:/government/publications/a"),
        ("nice", "NG12", "nice:NG12"),
        ("nice", "https://www.nice.org.uk/guidance/ng12", "nice:NG12"),
        ("europepmc", "bowel  cancer", "europepmc:bowel cancer"),
        ("europepmc", "10.1000/a.b", "europepmc:10.1000/a.b"),
        ("europepmc", "https://doi.org/10.1000/a.b", "europepmc:https://doi.org/10.1000/a.b"),
        ("europepmc", "https://europepmc.org/article/MED/12345", "europepmc:12345"),
    ],
)
def test_what_people_type_is_understood(kind: fetching.Kind, typed: str, asked: str) -> None:
    assert fetching.asked(kind, typed) == asked


def test_an_address_elsewhere_is_no_gov_uk_publication() -> None:
    with pytest.raises(FetchError, match=r"not on GOV\.UK"):
        fetching.asked("govuk", "https://example.org/a")


def test_what_is_held_already_is_said(library: Library, server: Server, place: Path) -> None:
    Desk(library.root).edit("policy.md", {"url": f"{server.url}/walks/"})
    library.index()
    kept = get(library, server, place, f"{server.url}/walks", f"{server.url}/letters.md")
    assert [line.held for line in kept.lines] == ["policy.md names the same address", ""]

    wanted = [f"{server.url}/letters.md"]
    look = place.with_name("0002.fetched")
    (line,) = get(library, server, look, *wanted, dry_run=True).lines
    assert (line.outcome, line.held) == ("found", "waits for your yes")
    fetching.take_in(library.root, place, "Ann", library.settings.reading)
    (line,) = get(library, server, look, *wanted, dry_run=True).lines
    assert line.held == "waits for your yes"

    batch = Incoming(library.root).read(only_batch(library).id, library.settings.reading)
    letters = next(file for file in batch.files if file.original.startswith("letters"))
    Incoming(library.root).accept(batch.id, letters.number)
    library.index()
    (line,) = get(library, server, look, *wanted, dry_run=True).lines
    assert line.held.startswith(f"in the library as {letters.name}, fetched 20")


def test_the_same_guidance_number_is_told(library: Library, server: Server, place: Path) -> None:
    server.html("/guidance/ng999", PROSE + '<a href="/letters.pdf">PDF</a>', "Letters | NICE")
    (line,) = get(library, server, place, "nice:NG999", dry_run=True).lines
    assert line.held == "policy.md has the same guidance number"


def test_stopped_between_two_documents_it_goes_on_with_the_rest(
    library: Library, server: Server, place: Path
) -> None:
    wanted = [f"{server.url}/letters.md", f"{server.url}/gone", f"{server.url}/walks"]

    def stop(progress: Progress) -> None:
        if progress.stage == "fetching" and progress.item.startswith("Led"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(library, server, place, *wanted, progress=stop)
    assert [line.outcome for line in fetching.kept(place).lines] == ["fetched", "failed"]
    assert len(waiting(library.root)) == 1
    asked = len(server.paths())
    kept = get(library, server, place, *wanted)
    assert [line.outcome for line in kept.lines] == ["fetched", "failed", "fetched"]
    again = server.paths()[asked:]
    assert again.count("/letters.md") == 1  # looked at, not fetched


def test_the_work_stops_when_somebody_asks_and_goes_on_later(
    library: Library, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(library.root)

    def stops(_: Asked) -> Reply:
        work.stop("1")
        return letters

    letters = Reply("# Letters\n\nLetters raised uptake.\n" * 9)
    server.routes["/letters.md"] = [letters, stops, Reply(status=500)]  # looked at, then fetched
    ask_for(opened(library, monkeypatch), "fetch", f"{LETTERS}/letters.md", f"{WALKS}/walks")
    (job,) = ended(library)
    assert job.state == "stopped"
    assert [one.outcome for one in fetching.kept(work.fetched(job.id)).lines] == ["fetched"]
    said = shown(app := opened(library, monkeypatch))
    assert "Fetching from the web did not come to its end. Stopped, as somebody asked" in said
    server.routes["/letters.md"] = letters
    press(app, f"resume-{job.id}")
    assert ended(library)[-1].message == "2 documents were fetched."
    assert len(only_batch(library).files) == 2


def test_what_was_taken_in_before_a_crash_is_not_fetched_again(
    library: Library, server: Server, place: Path
) -> None:
    get(library, server, place, f"{server.url}/letters.md")
    first = fetching.take_in(library.root, place, "Ann", library.settings.reading)
    get(library, server, place, f"{server.url}/letters.md")
    again = fetching.take_in(library.root, place, "Ann", library.settings.reading)
    assert again == first
    assert only_batch(library).id == first.batch


def test_while_something_else_is_fetched_it_says_so(
    library: Library, server: Server, place: Path
) -> None:
    (library.root / "keeping/incoming").mkdir(parents=True)
    with (
        FileLock(library.root / "keeping/incoming/.lock"),
        pytest.raises(LockHeld, match="Wait until that is done"),
    ):
        get(library, server, place, f"{server.url}/letters.md")


def test_a_purge_forgets_what_was_found(library: Library, server: Server, place: Path) -> None:
    ended_job(library, server, place, f"{server.url}/letters.md")
    Desk(library.root).remove("old.md")
    purge(Desk(library.root), "old.md")
    assert not place.exists()
    assert fetching.kept(place) == fetching.Kept()


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"lines": [{"title": "A"}], "batch": ""}'])
def test_a_damaged_file_is_as_if_nothing_had_been_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "0001.fetched").write_text(text)
    assert fetching.kept(tmp_path / "0001.fetched") == fetching.Kept()


def test_jobs_written_down_before_there_was_fetching_are_still_read(library: Library) -> None:
    folder = Work(library.root).folder
    folder.mkdir(parents=True)
    old = {"id": "0001", "what": "index", "who": "Ann", "state": "done"}
    at = {"queued": "2026-01-01T00:00:00+00:00"}
    (folder / "0001.json").write_text(json.dumps(old | at))
    (job,) = Work(library.root).jobs()
    assert (job.wanted, job.limit) == ((), 0)
