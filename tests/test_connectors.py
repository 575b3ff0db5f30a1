"""Each connector against a local server that answers as its service's documentation says."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from reportlab.pdfgen.canvas import Canvas
from web_services import Asked, Clock, Reply, Server, client, serving

from retriever.connectors import (
    CONNECTORS,
    Connector,
    Outcome,
    Record,
    Request,
    State,
    asked_of,
    fetch_all,
    held,
    look_all,
    open_connector,
    services,
    waiting,
)
from retriever.connectors.services import services as read_services
from retriever.errors import FetchError, LockHeld, SettingsError
from retriever.loaders.sidecar import written

PROSE = "<p>" + "Led walks were attended by older people of every district. " * 6 + "</p>"


def pdf(text: str = "Reminder letters raised uptake.") -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1)
    canvas.drawString(72, 720, text)
    canvas.save()
    return stream.getvalue()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "library" / "corpus").mkdir(parents=True)
    return tmp_path / "library"


def connector(server: Server, name: str) -> Connector:
    return open_connector(name, client(), server.known())


def get(server: Server, root: Path, *wanted: str, **options: Any) -> list[Outcome]:
    return list(fetch_all(client(), root, wanted, known=server.known(), **options))


def only(server: Server, root: Path, wanted: str, **options: Any) -> Outcome:
    (outcome,) = get(server, root, wanted, **options)
    return outcome


def accept(root: Path, record: Record, **values: Any) -> None:
    """Do what the desk does when a librarian accepts a file."""
    (root / "keeping/incoming" / record.name).rename(root / "corpus" / record.name)
    sidecar = written({**record.values, **values})
    (root / f"corpus/{record.name}.toml").write_text(sidecar, encoding="utf-8")


def state(server: Server, root: Path) -> tuple[State, str]:
    """How it stands with the one document of the library that has an address."""
    ((_, status),) = look_all(client(), held(root, server.known()), server.known())
    if isinstance(status, FetchError):
        raise status
    return status.state, status.says


class TestWeb:
    def test_a_pdf_lies_there_with_its_record_and_nothing_else_is_touched(
        self, server: Server, root: Path
    ) -> None:
        server.routes["/letters.pdf"] = Reply(
            pdf(), etag='"1"', headers={"Content-Type": "application/pdf"}
        )
        outcome = only(server, root, f"{server.url}/letters.pdf")
        assert outcome.outcome == "fetched"
        assert "waits for you to accept it" in outcome.says
        (record,) = waiting(root)
        assert (root / "keeping/incoming" / record.name).read_bytes() == pdf()
        assert record.name.endswith(".pdf")
        assert (record.connector, record.etag) == ("web", '"1"')
        assert record.values == {"url": f"{server.url}/letters.pdf"}
        assert list((root / "corpus").iterdir()) == []

    def test_a_page_says_its_licence_and_its_pdf(self, server: Server, root: Path) -> None:
        head = (
            '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">'
            '<meta name="citation_pdf_url" content="/walks.pdf">'
            '<meta name="citation_publication_date" content="2021/03/02">'
        )
        server.html("/walks", PROSE, "Led walks", head)
        server.routes["/walks.pdf"] = Reply(pdf())
        page, file = get(server, root, f"{server.url}/walks")
        assert (page.outcome, file.outcome) == ("fetched", "fetched")
        for one in (page, file):
            assert one.candidate.title == "Led walks"
            assert one.candidate.licence == "https://creativecommons.org/licenses/by/4.0/"
            assert one.candidate.date == "2021-03-02"

    def test_a_dry_run_fetches_nothing(self, server: Server, root: Path) -> None:
        server.html("/walks", PROSE, "Led walks")
        outcome = only(server, root, f"{server.url}/walks", dry_run=True)
        assert (outcome.outcome, outcome.candidate.title) == ("found", "Led walks")
        assert waiting(root) == []
        assert not (root / "keeping").exists()

    def test_what_has_not_changed_is_not_sent_again(self, server: Server, root: Path) -> None:
        server.routes["/letters.pdf"] = Reply(pdf(), etag='"1"')
        only(server, root, f"{server.url}/letters.pdf")
        again = only(server, root, f"{server.url}/letters.pdf")
        assert again.outcome == "not-changed"
        assert server.asked[-1].headers["If-None-Match"] == '"1"'
        assert len(waiting(root)) == 1

    def test_nor_by_its_date_nor_where_the_server_keeps_no_marks(
        self, server: Server, root: Path
    ) -> None:
        stamp = "Thu, 26 Nov 2026 09:00:00 GMT"

        def dated(asked: Asked) -> Reply:
            same = asked.headers.get("If-Modified-Since") == stamp
            return Reply(status=304) if same else Reply(pdf(), headers={"Last-Modified": stamp})

        server.routes |= {"/dated.pdf": dated, "/bare.pdf": Reply(pdf("Bare."))}
        for name in ("dated", "bare"):
            assert only(server, root, f"{server.url}/{name}.pdf").outcome == "fetched"
            assert only(server, root, f"{server.url}/{name}.pdf").outcome == "not-changed"

    def test_another_version_takes_the_place_of_the_one_that_waits(
        self, server: Server, root: Path
    ) -> None:
        server.routes["/letters.pdf"] = Reply(pdf(), etag='"1"')
        only(server, root, f"{server.url}/letters.pdf")
        server.routes["/letters.pdf"] = Reply(pdf("New."), etag='"2"')
        assert only(server, root, f"{server.url}/letters.pdf").outcome == "changed"
        (record,) = waiting(root)
        assert record.etag == '"2"'
        assert (root / "keeping/incoming" / record.name).read_bytes() == pdf("New.")

    def test_also_when_it_has_another_title(self, server: Server, root: Path) -> None:
        server.html("/walks", PROSE, "Led walks")
        only(server, root, f"{server.url}/walks")
        server.html("/walks", PROSE * 2, "Walks that are led")
        assert only(server, root, f"{server.url}/walks").outcome == "changed"
        (record,) = waiting(root)
        assert record.title == "Walks that are led"

    def test_what_a_librarian_threw_away_is_fetched_anew(self, server: Server, root: Path) -> None:
        server.routes["/letters.pdf"] = Reply(pdf(), etag='"1"')
        only(server, root, f"{server.url}/letters.pdf")
        (record,) = waiting(root)
        (root / "keeping/incoming" / record.name).unlink()
        assert waiting(root) == []
        assert only(server, root, f"{server.url}/letters.pdf").outcome == "fetched"

    def test_what_broke_off_goes_on_where_it_stopped(self, server: Server, root: Path) -> None:
        whole = pdf()
        half = Reply(whole[:300], says=len(whole), headers={"ETag": '"1"'})
        server.routes["/letters.pdf"] = [Reply(whole, etag='"1"'), half, Reply(whole, etag='"1"')]
        broken = only(server, root, f"{server.url}/letters.pdf")
        assert broken.outcome == "failed"
        assert "broke off before its end. Fetch it again" in broken.says
        assert waiting(root) == []
        assert only(server, root, f"{server.url}/letters.pdf").outcome == "fetched"
        assert server.asked[-1].headers["Range"] == "bytes=300-"
        (record,) = waiting(root)
        assert (root / "keeping/incoming" / record.name).read_bytes() == whole
        assert not list((root / "keeping/incoming").glob("*.part"))

    @pytest.mark.parametrize("mark", ['"2"', 'W/"1"', ""])
    def test_another_version_is_not_joined_to_half_of_the_first(
        self, server: Server, root: Path, mark: str
    ) -> None:
        first, second = pdf(), pdf("Another text, and a longer one than before.")
        old = {"ETag": '"1"' if mark == '"2"' else mark}
        half = Reply(first[:300], says=len(first), headers=old)
        server.routes["/a.pdf"] = [Reply(first), half, Reply(second, etag=mark)]
        assert only(server, root, f"{server.url}/a.pdf").outcome == "failed"
        assert only(server, root, f"{server.url}/a.pdf").outcome == "fetched"
        (record,) = waiting(root)
        assert (root / "keeping/incoming" / record.name).read_bytes() == second

    def test_a_part_longer_than_the_file_is_dropped(self, server: Server, root: Path) -> None:
        server.routes["/a.pdf"] = [
            Reply(pdf()),
            Reply(pdf() + b"more", says=9999, headers={"ETag": '"1"'}),
            Reply(pdf(), etag='"1"'),
        ]
        assert only(server, root, f"{server.url}/a.pdf").outcome == "failed"
        assert only(server, root, f"{server.url}/a.pdf").outcome == "fetched"

    @pytest.mark.parametrize(
        ("reply", "said"),
        [
            (Reply(b""), "is empty"),
            (Reply(b"\x89PNG\r\n\x1a\n"), r"a picture \(PNG\), not a document"),
            (Reply(b"PK\x03\x04" + b"x" * 50), "damaged Office or zip file"),
            (
                Reply("<html><body>Oh</body></html>", headers={"Content-Type": "application/pdf"}),
                "hardly any text",
            ),
            (
                Reply(
                    f"<html><body>{PROSE}</body></html>",
                    headers={"Content-Type": "application/pdf"},
                ),
                "should give a PDF, but a web page came",
            ),
        ],
    )
    def test_what_is_not_what_it_should_be(
        self, server: Server, root: Path, reply: Reply, said: str
    ) -> None:
        server.routes["/a"] = reply
        with pytest.raises(AssertionError, match=said):
            outcome = only(server, root, f"{server.url}/a")
            assert outcome.outcome == "fetched", outcome.says
        assert waiting(root) == []
        assert not list((root / "keeping/incoming").glob("*.part"))

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ("<form>Sign in <input type='Password'></form><p>Members only.</p>", "a sign-in page"),
            ("<div id='root'></div><script>" + "let a = 1; " * 99 + "</script>", "hardly any text"),
            ("", "hardly any text"),
        ],
    )
    def test_a_page_without_content(
        self, server: Server, root: Path, body: str, said: str
    ) -> None:
        server.html("/a", body)
        outcome = only(server, root, f"{server.url}/a")
        assert outcome.outcome == "not-fetched"
        assert said in outcome.says.lower()
        assert "save it as PDF" in outcome.says

    @pytest.mark.parametrize(
        ("status", "said"),
        [(404, "is not there"), (410, "taken away"), (422, "not understood"), (429, "too many"),
         (500, "has a fault"), (403, "refuses programs")],
    )
    def test_each_answer_is_told(self, server: Server, root: Path, status: int, said: str) -> None:
        server.routes["/a"] = Reply(status=status)
        server.routes["/b"] = Reply(pdf())
        bad, good = get(server, root, f"{server.url}/a", f"{server.url}/b")
        assert bad.outcome == "failed"
        assert said in bad.says
        assert good.outcome == "fetched"

    def test_only_one_fetches_at_a_time(self, server: Server, root: Path) -> None:
        server.routes["/a"] = Reply(pdf())
        (root / "keeping/incoming").mkdir(parents=True)
        with FileLock(root / "keeping/incoming/.lock"), pytest.raises(LockHeld, match="Wait"):
            get(server, root, f"{server.url}/a")
        assert only(server, root, f"{server.url}/a").outcome == "fetched"


class TestRobots:
    def test_what_a_site_keeps_from_programs_is_left(self, server: Server, root: Path) -> None:
        server.routes["/robots.txt"] = Reply("User-agent: *\nDisallow: /private/\nCrawl-delay: 3")
        server.routes |= {"/private/a.pdf": Reply(pdf()), "/b.pdf": Reply(pdf())}
        clock = Clock()
        wanted = [f"{server.url}/private/a.pdf", f"{server.url}/b.pdf"]
        left, taken = fetch_all(client(clock), root, wanted, known=server.known())
        assert left.outcome == "failed"
        assert "asks programs not to fetch" in left.says
        assert taken.outcome == "fetched"
        assert server.paths() == ["/b.pdf", "/b.pdf"]
        assert 3.0 in clock.waited

    def test_a_redirect_to_what_is_kept_from_programs_is_not_followed(
        self, server: Server, root: Path
    ) -> None:
        server.routes["/robots.txt"] = Reply("User-agent: *\nDisallow: /private/\n")
        server.routes["/a.pdf"] = Reply(status=302, headers={"Location": "/private/a.pdf"})
        server.routes["/private/a.pdf"] = Reply(pdf())
        assert "robots.txt" in only(server, root, f"{server.url}/a.pdf").says
        assert server.paths() == ["/a.pdf"]

    def test_we_can_be_meant_by_name(self, server: Server, root: Path) -> None:
        rules = "User-agent: evidence-retriever\nDisallow: /\n\nUser-agent: *\nDisallow:\n"
        server.routes |= {"/robots.txt": Reply(rules), "/a.pdf": Reply(pdf())}
        assert "robots.txt" in only(server, root, f"{server.url}/a.pdf").says

    def test_a_site_that_cannot_say_is_left_for_now(self, server: Server, root: Path) -> None:
        server.routes |= {"/robots.txt": Reply(status=500), "/a.pdf": Reply(pdf())}
        assert "has a fault (500)" in only(server, root, f"{server.url}/a.pdf").says
        assert server.paths() == []


class TestWebStatus:
    @pytest.fixture
    def page(self, server: Server, root: Path) -> Reply:
        """A page that was fetched and accepted."""
        server.html("/walks", PROSE + "<script>let visit = 1;</script>", "Led walks")
        record = only(server, root, f"{server.url}/walks").record
        assert record
        accept(root, record)
        reply = server.routes["/walks"]
        assert isinstance(reply, Reply)
        return reply

    def test_the_same(self, server: Server, root: Path, page: Reply) -> None:
        assert state(server, root)[0] == "unchanged"

    def test_what_no_reader_sees_is_no_change(
        self, server: Server, root: Path, page: Reply
    ) -> None:
        server.html("/walks", PROSE + "<script>let visit = 2;</script>", "Led walks")
        assert state(server, root)[0] == "unchanged"

    def test_changed(self, server: Server, root: Path, page: Reply) -> None:
        server.html("/walks", PROSE + "<p>Not any more.</p>", "Led walks")
        assert state(server, root)[0] == "changed"
        assert "Fetch it again" in state(server, root)[1]

    @pytest.mark.parametrize("status", [301, 308])
    def test_moved(self, server: Server, root: Path, page: Reply, status: int) -> None:
        server.routes["/new"] = page
        server.routes["/walks"] = Reply(status=status, headers={"Location": "/new"})
        assert state(server, root) == (
            "moved",
            f"It has another address now: {server.url}/new. Correct the link in its record.",
        )

    @pytest.mark.parametrize("status", [404, 410])
    def test_gone(self, server: Server, root: Path, page: Reply, status: int) -> None:
        server.routes["/walks"] = Reply(status=status)
        assert state(server, root)[0] == "gone"
        assert f"({status})" in state(server, root)[1]

    def test_a_fault_is_not_taken_for_an_end(
        self, server: Server, root: Path, page: Reply
    ) -> None:
        server.routes["/walks"] = Reply(status=500)
        with pytest.raises(FetchError, match="Try again later"):
            state(server, root)

    def test_of_what_was_not_fetched_no_change_is_claimed(
        self, server: Server, root: Path
    ) -> None:
        server.html("/walks", PROSE)
        (root / "corpus/walks.md").write_text("# Walks\n\nA digest.\n")
        (root / "corpus/walks.toml").write_text(f'url = "{server.url}/walks"\n')
        assert state(server, root)[0] == "unknown"
        server.routes["/walks"] = Reply(status=404)
        assert state(server, root)[0] == "gone"


def publication(server: Server, **changes: Any) -> dict[str, Any]:
    """A publication in the Content API's shape."""
    return {
        "base_path": "/government/publications/letters",
        "content_id": "b7d6588c-a056-47fc-9528-0b9ff42c3866",
        "document_type": "policy_paper",
        "schema_name": "publication",
        "locale": "en",
        "title": "Reminder letters: policy",
        "first_published_at": "2019-02-01T09:30:00.000+00:00",
        "public_updated_at": "2023-05-04T10:00:00Z",
        "withdrawn_notice": {},
        "details": {
            "body": "<p>See below.</p>",
            "attachments": [
                {
                    "attachment_type": "file", "content_type": "application/pdf",
                    "filename": "letters.pdf", "number_of_pages": 1,
                    "title": "Letters (PDF)", "url": f"{server.url}/media/1/letters.pdf",
                },
                {
                    "attachment_type": "html", "title": "Letters (web)",
                    "url": "/government/publications/letters/letters-web",
                },
                {
                    "attachment_type": "file", "content_type": "text/csv", "title": "Figures",
                    "url": f"{server.url}/media/1/figures.csv",
                },
                {
                    "attachment_type": "external", "title": "Elsewhere",
                    "url": "https://other.example/letters",
                },
            ],
        },
        "links": {"organisations": [
            {"title": "NHS England", "base_path": "/government/organisations/nhs-england"},
            {"title": "Department of Health", "base_path": "/government/organisations/dh"},
        ]},
    } | changes  # fmt: skip


API = "/api/content/government/publications/letters"
NOTICE = {
    "explanation": '<div class="govspeak"><p>It’s replaced – by <a href="https://www.gov.uk/government/'
    'publications/calls">Calls</a>.</p></div>',
    "withdrawn_at": "2024-06-01T12:00:00Z",
}


class TestGovUk:
    @pytest.fixture(autouse=True)
    def _there(self, server: Server) -> None:
        server.json(API, publication(server))
        server.routes["/media/1/letters.pdf"] = Reply(pdf(), etag='"1"')
        server.html("/government/publications/letters/letters-web", PROSE)

    def test_attachments_with_what_is_known_of_them(self, server: Server, root: Path) -> None:
        file, page, figures, other = get(server, root, "govuk:/government/publications/letters")
        assert [o.outcome for o in (file, page)] == ["fetched", "fetched"]
        assert file.candidate.values == {
            "title": "Letters (PDF)",
            "publisher": "NHS England",
            "year": 2019,
            "url": f"{server.govuk}/government/publications/letters",
            "licence": "Open Government Licence v3.0",
            "source_type": "policy-paper",
        }
        assert file.candidate.date == "2023-05-04"
        assert page.candidate.title == "Letters (web)"
        assert "text/csv, which cannot be read here" in figures.says
        assert "fetch https://other.example/letters by itself" in other.says
        assert {o.outcome for o in (figures, other)} == {"not-fetched"}

    def test_the_address_of_the_page_will_do(self, server: Server, root: Path) -> None:
        outcome = get(server, root, f"{server.govuk}/government/publications/letters", limit=1)
        assert [o.candidate.connector for o in outcome] == ["govuk"]

    def test_withdrawn(self, server: Server, root: Path) -> None:
        server.json(API, publication(server, withdrawn_notice=NOTICE))
        outcome = get(server, root, "govuk:government/publications/letters")[0]
        assert outcome.candidate.status == "withdrawn on 2024-06-01: It’s replaced – by Calls."
        assert outcome.candidate.values["status"] == "withdrawn"

    def test_a_notice_on_a_file_that_waits_reaches_its_record(
        self, server: Server, root: Path
    ) -> None:
        get(server, root, "govuk:government/publications/letters", limit=1)
        server.json(API, publication(server, withdrawn_notice=NOTICE))
        (again,) = get(server, root, "govuk:government/publications/letters", limit=1)
        assert again.outcome == "not-changed"
        (record,) = waiting(root)
        assert record.values["status"] == "withdrawn"
        assert record.status.startswith("withdrawn on 2024-06-01")

    def test_a_guidance_page_is_a_document_beside_what_is_attached(
        self, server: Server, root: Path
    ) -> None:
        item = publication(server, schema_name="detailed_guide", document_type="detailed_guide")
        item["details"]["body"] = "<p>People’s letters – in full.</p>"
        server.json(API, item)
        found = get(server, root, "govuk:government/publications/letters", dry_run=True)
        titles = [o.candidate.title for o in found]
        assert titles[:2] == ["Reminder letters: policy", "Letters (PDF)"]
        assert found[0].candidate.address == f"{server.govuk}/government/publications/letters"

    def test_a_path_that_has_become_another(self, server: Server, root: Path) -> None:
        server.routes["/api/content/old"] = Reply(status=303, headers={"Location": API})
        assert get(server, root, "govuk:old", limit=1)[0].outcome == "fetched"

    def test_a_collection_gives_what_its_documents_have(self, server: Server, root: Path) -> None:
        links = {"documents": [
            {"base_path": "/government/publications/letters", "title": "Letters"},
            {"base_path": "/government/publications/gone", "title": "Gone"},
            {"base_path": "/government/publications/old", "title": "Old", "withdrawn": True},
            {"base_path": "/guidance/calls", "title": "Calls"},
        ]}  # fmt: skip
        server.json("/api/content/government/collections/all", {
            "base_path": "/government/collections/all", "document_type": "document_collection",
            "title": "All", "details": {"body": "<p>All.</p>"}, "links": links,
        })  # fmt: skip
        server.routes["/api/content/government/publications/gone"] = Reply(status=410)
        server.json("/api/content/guidance/calls", {
            "base_path": "/guidance/calls", "document_type": "guidance", "title": "Calls",
            "details": {"body": PROSE}, "links": {},
        })  # fmt: skip
        server.html("/guidance/calls", PROSE, "Calls")
        found = get(server, root, "govuk:government/collections/all", dry_run=True)
        assert [o.candidate.title for o in found] == [
            "Letters (PDF)", "Letters (web)", "Figures", "Elsewhere", "Gone", "Old", "Calls",
        ]  # fmt: skip
        assert "(410)" in found[4].says
        assert "withdrawn by its publisher" in found[5].says.lower()
        assert len(get(server, root, "govuk:government/collections/all", limit=2)) == 2

    def test_a_guide_gives_its_parts(self, server: Server, root: Path) -> None:
        parts = [{"slug": "one", "title": "One"}, {"slug": "two", "title": "Two"}]
        server.json("/api/content/walks", {
            "base_path": "/walks", "document_type": "guide", "title": "Walks",
            "details": {"parts": parts}, "links": {},
        })  # fmt: skip
        server.html("/walks", PROSE)
        server.html("/walks/two", PROSE + PROSE)
        one, two = get(server, root, "govuk:walks")
        assert (one.candidate.title, two.candidate.title) == ("Walks: One", "Walks: Two")
        assert (one.outcome, two.outcome) == ("fetched", "fetched")

    @pytest.mark.parametrize(
        ("reply", "said"),
        [
            (Reply(status=404), r"is not there \(404\)"),
            (Reply(status=410), r"taken away for good .*\(410\)"),
            (Reply(status=422), r"not understood by the server \(422\)"),
            (Reply(status=429), r"too many requests .*\(429\)"),
            (Reply(status=503), r"the server has a fault \(503\)"),
            (Reply('{"base_path": "/x", "tit', says=1000), "broke off before its end"),
            (Reply("<html>Sorry</html>"), "did not answer as the GOV.UK Content API does"),
            (Reply("[1, 2]"), "did not answer as the GOV.UK Content API does"),
            (
                Reply(json.dumps({
                    "base_path": "/x", "document_type": "gone",
                    "details": {"explanation": "<p>Duplicate.</p>", "alternative_path": "/y"},
                })),
                r"taken down by its publisher \(410\)\. Duplicate\. It names \S+/y instead",
            ),
            (
                Reply(json.dumps({"base_path": "/x", "document_type": "redirect"})),
                "sends readers to another page",
            ),
            (
                Reply(json.dumps({"base_path": "/x", "document_type": "contact", "details": {}})),
                "has no document of its own",
            ),
        ],
    )  # fmt: skip
    def test_each_answer_is_told(
        self, server: Server, reply: Reply, said: str
    ) -> None:
        server.routes["/api/content/x"] = reply
        with pytest.raises(FetchError, match=said):
            connector(server, "govuk").discover(Request("x"))

    @pytest.fixture
    def accepted(self, server: Server, root: Path) -> None:
        record = get(server, root, "govuk:government/publications/letters", limit=1)[0].record
        assert record
        accept(root, record)

    @pytest.mark.usefixtures("accepted")
    def test_how_it_stands(self, server: Server, root: Path) -> None:
        assert state(server, root)[0] == "unchanged"
        assert server.asked[-1].headers["If-None-Match"] == '"1"'

        server.routes["/media/1/letters.pdf"] = Reply(pdf("New."), etag='"2"')
        assert state(server, root)[0] == "changed"

        fresh = publication(server)
        fresh["details"]["attachments"][0]["url"] = f"{server.url}/media/2/letters.pdf"
        server.json(API, fresh)
        assert state(server, root)[0] == "changed"
        assert "does not list this file any more" in state(server, root)[1]

        server.json(API, publication(server, withdrawn_notice=NOTICE))
        name, says = state(server, root)
        assert name == "withdrawn"
        assert "withdrawn on 2024-06-01" in says
        assert "https://www.gov.uk/government/publications/calls" in says

        server.json("/api/content/n", publication(server, base_path="/government/publications/n"))
        server.routes[API] = Reply(status=303, headers={"Location": "/api/content/n"})
        assert state(server, root)[0] == "moved"
        assert f"{server.govuk}/government/publications/n" in state(server, root)[1]

        for status in (404, 410):
            server.routes[API] = Reply(status=status)
            assert state(server, root)[0] == "gone"

        server.routes[API] = Reply(status=429)
        with pytest.raises(FetchError, match="Try again later"):
            state(server, root)


    def test_of_what_was_not_fetched_the_day_of_the_last_change_is_said(
        self, server: Server, root: Path
    ) -> None:
        (root / "corpus/a.md").write_text("# Letters\n\nA digest.\n")
        address = f"{server.govuk}/government/publications/letters"
        (root / "corpus/a.toml").write_text(f'url = "{address}"\n')
        name, says = state(server, root)
        assert name == "unknown"
        assert says.startswith("It stands on GOV.UK, last changed on 2023-05-04. Whether")


def article(number: int, **changes: Any) -> dict[str, Any]:
    """A result in the shape of Europe PMC's `resultType=core`."""
    return {
        "id": f"3000000{number}", "source": "MED", "pmid": f"3000000{number}",
        "pmcid": f"PMC700000{number}", "doi": f"10.1136/letters.{number}",
        "title": f"Reminder <i>letters</i> {number}.",
        "authorString": "Bakewell A, Ní Dhubhghaill C.",
        "authorList": {"author": [
            {"fullName": "Bakewell A", "lastName": "Bakewell"},
            {"fullName": "Ní Dhubhghaill C", "lastName": "Ní Dhubhghaill"},
        ]},
        "journalInfo": {"yearOfPublication": 2019, "journal": {"title": "BMJ open"}},
        "pubYear": "2019", "firstPublicationDate": "2019-05-02",
        "pubTypeList": {"pubType": ["research-article", "Journal Article"]},
        "isOpenAccess": "Y", "inEPMC": "Y", "inPMC": "N", "license": "cc by-nc",
    } | changes  # fmt: skip


def jats(text: str = "Letters raised uptake.") -> str:
    return (
        '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Archiving and Interchange DTD '
        'v1.0//EN" "JATS-archivearticle1.dtd"><article><front><article-meta><title-group>'
        "<article-title>Letters</article-title></title-group></article-meta></front><body><sec>"
        f"<title>Results</title><p>{text}</p></sec></body></article>"
    )


class TestEuropePmc:
    """Results come two a page."""

    @pytest.fixture
    def results(self, server: Server) -> list[dict[str, Any]]:
        found = [article(number) for number in range(1, 6)]

        def search(asked: Asked) -> Reply:
            mark = asked.query["cursorMark"]
            begin = 0 if mark == "*" else int(mark.removeprefix("at"))
            page = {
                "version": "6.9", "hitCount": len(found),
                "nextCursorMark": f"at{min(begin + 2, len(found))}",
                "request": {"queryString": asked.query["query"], "resultType": "core"},
                "resultList": {"result": found[begin : begin + 2]},
            }  # fmt: skip
            return Reply(json.dumps(page))

        server.routes["/rest/search"] = search
        for number in range(1, 6):
            server.routes[f"/rest/PMC700000{number}/fullTextXML"] = Reply(
                jats(f"Letters {number} raised uptake."), etag=f'"{number}"'
            )
        return found

    def test_pages_are_turned_as_far_as_asked(
        self, server: Server, root: Path, results: list[dict[str, Any]]
    ) -> None:
        found = get(server, root, "europepmc:reminder letters", limit=3, dry_run=True)
        assert [o.candidate.title for o in found] == [f"Reminder letters {n}" for n in (1, 2, 3)]
        assert [a.query["cursorMark"] for a in server.asked] == ["*", "at2"]
        assert len(get(server, root, "europepmc:letters", limit=50, dry_run=True)) == 5

    def test_an_article_with_what_is_known_of_it(
        self, server: Server, root: Path, results: list[dict[str, Any]]
    ) -> None:
        (outcome,) = get(server, root, "europepmc:PMC7000001", limit=1)
        assert outcome.outcome == "fetched"
        assert server.asked[0].query["query"] == "PMCID:PMC7000001"
        assert outcome.record
        assert outcome.record.name.endswith(".xml")
        assert outcome.record.licence == "CC BY-NC"
        assert outcome.record.values == {
            "title": "Reminder letters 1",
            "authors": ("Bakewell A", "Ní Dhubhghaill C"),
            "publisher": "BMJ open",
            "year": 2019,
            "url": "https://doi.org/10.1136/letters.1",
            "doi": "10.1136/letters.1",
            "licence": "CC BY-NC",
        }
        assert waiting(root) == [outcome.record]

    @pytest.mark.parametrize(
        ("asked", "query"),
        [
            ("PMC7000001", "PMCID:PMC7000001"),
            ("30000001", "EXT_ID:30000001 AND SRC:MED"),
            ("PMID: 30000001", "EXT_ID:30000001 AND SRC:MED"),
            ("10.1136/letters.1", 'DOI:"10.1136/letters.1"'),
            ("https://doi.org/10.1136/letters.1", 'DOI:"10.1136/letters.1"'),
            ('"bowel screening" AND OPEN_ACCESS:y', '"bowel screening" AND OPEN_ACCESS:y'),
        ],
    )
    def test_by_whatever_number(
        self, server: Server, root: Path, results: list[dict[str, Any]], asked: str, query: str
    ) -> None:
        get(server, root, f"europepmc:{asked}", limit=1, dry_run=True)
        assert server.asked[0].query["query"] == query

    def test_what_is_not_open_access_is_said(
        self, server: Server, root: Path, results: list[dict[str, Any]]
    ) -> None:
        results[:] = [
            article(1, isOpenAccess="N", license=None),
            article(2, isOpenAccess="N", inEPMC="N", pmcid=None),
        ]
        kept, elsewhere = get(server, root, "europepmc:letters")
        assert {kept.outcome, elsewhere.outcome} == {"not-fetched"}
        assert "not open access: its full text is in Europe PMC, but only to be read" in kept.says
        assert "is not in Europe PMC" in elsewhere.says
        assert all(path.startswith("/rest/search") for path in server.paths())

    @pytest.mark.parametrize(
        "changes",
        [
            {"pubTypeList": {"pubType": ["Journal Article", "Retracted Publication"]}},
            {"commentCorrectionList": {"commentCorrection": [{"type": "Retraction in"}]}},
        ],
    )
    def test_what_was_taken_back_is_marked(
        self, server: Server, root: Path, results: list[dict[str, Any]], changes: dict[str, Any]
    ) -> None:
        results[:] = [article(1, **changes)]
        (outcome,) = get(server, root, "europepmc:PMC7000001")
        assert outcome.candidate.status.startswith("Retract")
        assert outcome.candidate.values["status"] == "withdrawn"

    def test_nothing_found(
        self, server: Server, root: Path, results: list[dict[str, Any]]
    ) -> None:
        results.clear()
        assert "finds nothing for 'PMC1'" in only(server, root, "europepmc:PMC1").says

    @pytest.mark.parametrize(
        ("reply", "said"),
        [
            (Reply('{"errCode": 404, "errMsg": "Bad query"}'), "as it should: Bad query"),
            (Reply("<html>"), "did not answer as it should"),
            (Reply(status=400), r"\(400\)"),
            (Reply(status=422), r"not understood by the server \(422\)"),
            (Reply(status=429), r"too many requests"),
            (Reply(status=500), r"has a fault"),
            (Reply('{"resultList', says=900), "broke off"),
        ],
    )
    def test_each_answer_is_told(self, server: Server, reply: Reply, said: str) -> None:
        server.routes["/rest/search"] = reply
        with pytest.raises(FetchError, match=said):
            connector(server, "europepmc").discover(Request("letters"))

    def test_how_it_stands(
        self, server: Server, root: Path, results: list[dict[str, Any]]
    ) -> None:
        record = only(server, root, "europepmc:PMC7000001", limit=1).record
        assert record
        accept(root, record)
        assert state(server, root)[0] == "unchanged"
        assert server.asked[-1].headers["If-None-Match"] == '"1"'
        server.routes["/rest/PMC7000001/fullTextXML"] = Reply(jats("Corrected."), etag='"9"')
        assert state(server, root)[0] == "changed"
        results[0] |= {"pubTypeList": {"pubType": ["Retracted Publication"]}}
        assert state(server, root) == (
            "withdrawn",
            "Europe PMC: Retracted Publication. Mark it as withdrawn in its record.",
        )
        results[0] |= {"pubTypeList": {}, "isOpenAccess": "N"}
        assert state(server, root)[0] == "gone"
        results.clear()
        assert state(server, root)[0] == "gone"


def guidance(server: Server, number: str, notice: str = "", updated: str = "") -> None:
    """A page in the shape of NICE's, with its PDF."""
    last = f"<li>Last updated: <time datetime='x'>{updated}</time></li>" if updated else ""
    slug = f"/guidance/{number.lower()}"
    server.html(
        slug,
        f"{notice}<h1>Suspected letters</h1><p>NICE guideline</p><ul><li>Reference number: "
        f"{number}</li><li>Published: <time datetime='2015-06-23'>23 June 2015</time></li>{last}"
        f"</ul><a href='{slug}/resources/suspected-letters-pdf-1837268071621'>Download guidance "
        f"(PDF)</a>{PROSE}",
        "Overview | Suspected letters | Guidance | NICE",
        '<meta name="DC.Title" content="Suspected letters">',
    )
    server.routes[f"{slug}/resources/suspected-letters-pdf-1837268071621"] = Reply(
        pdf(), etag='"1"'
    )


class TestNice:
    def test_a_guidance_with_what_its_page_says(self, server: Server, root: Path) -> None:
        guidance(server, "NG12", updated="02 October 2023")
        outcome = only(server, root, "nice:ng12")
        assert outcome.outcome == "fetched"
        assert outcome.candidate.date == "2023-10-02"
        assert outcome.candidate.values == {
            "title": "Suspected letters",
            "publisher": "NICE",
            "year": 2015,
            "url": f"{server.nice}/guidance/ng12",
            "guidance_id": "NG12",
            "licence": "© NICE, subject to notice of rights",
            "source_type": "nice-guidance",
            "status": "updated: 2023",
        }

    def test_without_a_word_on_its_state_none_is_claimed(
        self, server: Server, root: Path
    ) -> None:
        guidance(server, "NG12")
        assert "status" not in only(server, root, "nice:NG12").candidate.values

    @pytest.mark.parametrize(
        ("notice", "status", "said"),
        [
            (
                "<p>This guidance has been updated and replaced by NICE guideline NG209.</p>",
                "superseded-by: NG209",
                "was replaced by guideline NG209",
            ),
            (
                "<p>This guideline has been withdrawn because the evidence has changed.</p>",
                "withdrawn",
                "was withdrawn (This guideline has been withdrawn because the evidence has chang",
            ),
        ],
    )
    def test_its_end(
        self, server: Server, root: Path, notice: str, status: str, said: str
    ) -> None:
        guidance(server, "PH39", notice)
        outcome = only(server, root, "nice:PH39")
        assert outcome.candidate.values["status"] == status
        assert outcome.candidate.status.startswith(said)

    def test_its_address_will_do(self, server: Server, root: Path) -> None:
        guidance(server, "NG12")
        wanted = f"{server.nice}/guidance/NG12/chapter/Recommendations"
        assert only(server, root, wanted, dry_run=True).candidate.connector == "nice"

    def test_a_page_without_a_pdf(self, server: Server, root: Path) -> None:
        server.html("/guidance/ng12", PROSE, "Suspected letters | NICE")
        outcome = only(server, root, "nice:NG12")
        assert outcome.outcome == "not-fetched"
        assert "names no PDF. Open the page in a browser" in outcome.says

    @pytest.mark.parametrize(
        ("wanted", "said"),
        [("NG12", "is not there (404)"), ("letters", "is not the number of a NICE guidance")],
    )
    def test_what_is_not_there(
        self, server: Server, root: Path, wanted: str, said: str
    ) -> None:
        assert said in only(server, root, f"nice:{wanted}").says

    def test_robots_are_heeded(self, server: Server, root: Path) -> None:
        guidance(server, "NG12")
        server.routes["/robots.txt"] = Reply("User-agent: *\nDisallow: /guidance/ng12/resources/")
        assert "asks programs not to fetch" in only(server, root, "nice:NG12").says

    def test_how_it_stands(self, server: Server, root: Path) -> None:
        guidance(server, "NG12", updated="02 October 2023")
        record = only(server, root, "nice:NG12").record
        assert record
        accept(root, record)
        assert state(server, root)[0] == "unchanged"
        guidance(server, "NG12", updated="04 May 2025")
        assert state(server, root)[0] == "changed"
        assert "NICE updated NG12 on 2025-05-04" in state(server, root)[1]
        guidance(server, "NG12", "<p>This guidance has been replaced by NG300.</p>")
        assert state(server, root) == ("withdrawn", "NICE: NG12 was replaced by NG300.")
        guidance(server, "NG300")
        server.routes["/guidance/ng12"] = Reply(status=301, headers={"Location": "/guidance/ng300"})
        assert state(server, root)[0] == "moved"
        for status in (404, 410):
            server.routes["/guidance/ng12"] = Reply(status=status)
            assert state(server, root)[0] == "gone"


    def test_of_what_was_not_fetched_the_day_of_the_last_update_is_said(
        self, server: Server, root: Path
    ) -> None:
        guidance(server, "NG12", updated="02 October 2023")
        (root / "corpus/a.md").write_text("# Letters\n\nA digest.\n")
        (root / "corpus/a.toml").write_text(f'url = "{server.nice}/guidance/ng12"\n')
        name, says = state(server, root)
        assert name == "unknown"
        assert says.startswith("NICE has NG12, last changed on 2023-10-02.")


class TestAsked:
    @pytest.mark.parametrize(
        ("text", "asked"),
        [
            ("https://example.org/a.pdf", ("web", "https://example.org/a.pdf")),
            ("web:https://www.gov.uk/a", ("web", "https://www.gov.uk/a")),
            ("https://www.gov.uk/government/x", ("govuk", "/government/x")),
            ("https://www.nice.org.uk/guidance/ng12", ("nice", "NG12")),
            ("https://www.nice.org.uk/about", ("web", "https://www.nice.org.uk/about")),
            ("https://europepmc.org/article/MED/30000001", ("europepmc", "30000001")),
            ("https://europepmc.org/article/PMC/PMC7000001", ("europepmc", "PMC7000001")),
            ("GOVUK:government/x", ("govuk", "government/x")),
            ("europepmc:TITLE:letters", ("europepmc", "TITLE:letters")),
        ],
    )
    def test_each_connector_has_its_form(self, text: str, asked: tuple[str, str]) -> None:
        assert asked_of(text) == asked

    @pytest.mark.parametrize("text", ["", "NG12", "nice:", "ftp://example.org/a", "pubmed:1"])
    def test_another_form_is_refused_with_those_there_are(self, text: str) -> None:
        with pytest.raises(FetchError, match="give an address that begins with https://, or"):
            asked_of(text)

    def test_every_connector_has_a_service(self) -> None:
        named = {field.name for field in dataclasses.fields(services())}
        assert set(CONNECTORS) == named | {"web"}


class TestWords:
    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("[nice]", "[nise]", r"\[nice\] needs service, publisher"),
            ("readable = [", "readable = 1\nother = [", r"\[govuk\] needs"),
            (r"pdf = '/resources/[^/?#]+-pdf-\d+$'", "pdf = '['", "nice.pdf is not a regular"),
            ('publisher = "NICE"', "publisher = 1", "nice.publisher must be text"),
            ("retracted = [", "retracted = [1, ", "europepmc.retracted must be a list of texts"),
        ],
    )
    def test_a_broken_entry_is_named(
        self, tmp_path: Path, old: str, new: str, said: str
    ) -> None:
        from retriever.connectors.services import PATH

        text = PATH.read_text("utf-8")
        assert old in text
        path = tmp_path / "connectors.toml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(SettingsError, match=said):
            read_services(path)


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in an answer, as the keys that lead there."""
    yield path
    if isinstance(data, dict | list):
        for key in data if isinstance(data, dict) else range(len(data)):
            yield from places(data[key], (*path, key))


def with_other(data: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = with_other(data[path[0]], path[1:], other)
    return copy


@pytest.mark.parametrize("name", ["govuk", "europepmc"])
@pytest.mark.parametrize("other", [None, 1, [None], {"a": 1}, "http://[::1", "\x00"])
def test_an_answer_that_is_other_than_documented_somewhere_does_no_harm(
    server: Server, name: str, other: Any
) -> None:
    """What is proposed can be stated in a sidecar, or the person is told that nothing came."""
    whole = {
        "govuk": publication(server, withdrawn_notice=NOTICE),
        "europepmc": {"resultList": {"result": [article(1)]}, "nextCursorMark": "*"},
    }[name]
    path = {"govuk": "/api/content/letters", "europepmc": "/rest/search"}[name]
    asking = connector(server, name)
    found = 0
    for place in places(whole):
        server.json(path, with_other(whole, place, other))
        try:
            for candidate in asking.discover(Request("letters")):
                written(candidate.values)
                found += 1
        except FetchError as error:
            assert str(error)
    assert found > len(list(places(whole))) / 2


def test_a_damaged_record_is_not_taken_for_one(root: Path) -> None:
    incoming = root / "keeping/incoming"
    incoming.mkdir(parents=True)
    (incoming / "a.pdf").write_bytes(pdf())
    (incoming / "a.pdf.json").write_text('{"name": "a.pdf"')
    (incoming / "b.pdf.json").write_text('{"name": "b.pdf"}')
    assert waiting(root) == []
