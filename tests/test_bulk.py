"""Metadata for many documents: the right document or none, and nothing stated is written over."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from retriever import bulk
from retriever.bulk import Plan
from retriever.desk import Desk
from retriever.loaders.sidecar import read_sidecar, written
from retriever.references import Reference, References
from retriever.schema import LibraryEntry, Metadata
from retriever.sheets import Row, Sheet

LETTERS = {"title": "Reminder letters and uptake", "doi": "10.5555/letters", "year": 2019}
GUIDANCE = {"title": "Obesity in adults: management", "guidance_id": "CG189", "year": 2014}
CALLS = {"title": "Telephone calls and well-being", "year": 2016, "authors": ("Ng B", "One A")}


class Shelf:
    """A library's files and what an index would know of them, without an index."""

    def __init__(self, root: Path) -> None:
        (root / "corpus").mkdir(parents=True)
        self.desk = Desk(root, "Ann")
        self.entries: list[LibraryEntry] = []

    def put(self, name: str, stated: dict[str, Any], **inferred: Any) -> None:
        path = self.desk.root / "corpus" / f"{name}.md"
        path.write_text(f"# {name}\n\nText of {name}.\n")
        if stated:
            path.with_suffix(".toml").write_text(written(stated), encoding="utf-8")
        known = Metadata(**{**inferred, **stated}, inferred=tuple(inferred))
        self.entries.append(
            LibraryEntry(path.name, name, "indexed", "", "text/markdown", known, None, 1)
        )

    def plan(self, *references: dict[str, Any], overwrite: bool = False, **more: Any) -> Plan:
        found = tuple(
            Reference(n, values, **more) for n, values in enumerate(references, start=1)
        )
        source = self.desk.root / "refs.ris"
        read = References("RIS", found)
        return bulk.plan_references(self.desk, self.entries, read, source, overwrite)

    def rows(self, *rows: Row) -> Plan:
        return bulk.plan_rows(self.desk, self.entries, Sheet(rows), Path("table.csv"))

    def stated(self, name: str) -> dict[str, Any]:
        sidecar = read_sidecar(self.desk.root / "corpus" / f"{name}.md")
        return dict(sidecar.values) if sidecar else {}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "library")
    shelf.put("letters", LETTERS)
    shelf.put("guidance", GUIDANCE)
    shelf.put("calls", {}, **CALLS)
    return shelf


def matched(plan: Plan) -> list[tuple[str, str]]:
    return [(correction.document_id, correction.by) for correction in plan.corrections]


class TestMatching:
    @pytest.mark.parametrize(
        ("record", "document", "by"),
        [
            ({"doi": "10.5555/LETTERS", "title": "Another title"}, "letters", "DOI"),
            ({"guidance_id": "CG189"}, "guidance", "guidance number"),
            ({"title": "REMINDER LETTERS & UPTAKE"}, "letters", "title"),
            ({"title": "Reminder letters and uptake", "year": 2020}, "letters", "title"),
            ({"title": "Obésity in adults – management."}, "guidance", "title"),
            ({"title": "Telephone calls and wellbeing"}, "calls", "title"),
            (
                {"title": "Telephne calls and well-being", "year": 2016, "authors": ("Ng, B.",)},
                "calls",
                "title but for a letter, year and first author",
            ),
        ],
    )
    def test_by_doi_then_guidance_number_then_title(
        self, shelf: Shelf, record: dict[str, Any], document: str, by: str
    ) -> None:
        assert matched(shelf.plan(record)) == [(document, by)]

    @pytest.mark.parametrize(
        ("record", "words"),
        [
            ({"title": "Reminder letters and uptake", "year": 2015}, "it is of 2019, not 2015"),
            ({"title": "Reminder letters and uptake", "doi": "10.5555/other"}, "DOI is 10.5555/le"),
            ({"title": "Obesity in adults: management", "guidance_id": "NG7"}, "CG189, not NG7"),
            ({"title": "Obesity in children: management"}, "nearest title is 'Obesity in adults"),
            ({"title": "Something else altogether"}, "No document has its DOI"),
        ],
    )
    def test_what_speaks_against_it_is_said_and_nothing_is_set(
        self, shelf: Shelf, record: dict[str, Any], words: str
    ) -> None:
        plan = shelf.plan(record)
        assert plan.corrections == ()
        (left,) = plan.left
        assert words in left.reason
        assert left.place == "refs.ris, record 1"

    def test_where_two_documents_may_be_meant_both_are_named(self, shelf: Shelf) -> None:
        shelf.put("digest", {**LETTERS, "title": "A digest"})
        (left,) = shelf.plan({"doi": "10.5555/letters"}).left
        assert "Its DOI is that of letters and digest" in left.reason

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Annual report of 2018 on health", "Annual report of 2019 on health"),
            ("Treating hypertension in adults", "Treating hypotension in adults"),
            ("Screening of women at work", "Screening of woman at work"),
            ("Walking groups part one", "Walking groups part two"),
            ("Maternal mental health services", "Paternal mental health services"),
        ],
    )
    def test_titles_that_only_look_alike(self, shelf: Shelf, one: str, other: str) -> None:
        more = {"year": 2018, "authors": ["Ng B"]}
        shelf.put("one", {"title": one, **more})
        assert matched(shelf.plan({"title": other, **more})) == []

    def test_a_short_title_is_not_enough(self, shelf: Shelf) -> None:
        shelf.put("report", {"title": "Annual report", "year": 2018})
        (left,) = shelf.plan({"title": "Annual report"}).left
        assert "too short to tell by it alone" in left.reason
        assert matched(shelf.plan({"title": "Annual report", "year": 2018})) == [
            ("report", "title")
        ]

    def test_american_spelling_is_the_same_title(self, shelf: Shelf) -> None:
        shelf.put("trial", {"title": "A randomised programme for behaviour"})
        record = {"title": "A randomized program for behavior"}
        assert matched(shelf.plan(record)) == [("trial", "title")]


class TestWhatIsSet:
    def test_only_what_is_not_stated_otherwise(self, shelf: Shelf) -> None:
        record = {**LETTERS, "title": "reminder letters & uptake", "year": 2018, "publisher": "BMJ"}
        (correction,) = shelf.plan(record).corrections
        assert correction.values == {"publisher": "BMJ"}
        assert [(c.field, c.outcome) for c in correction.changes] == [
            ("year", "kept"), ("publisher", "set")
        ]  # fmt: skip
        (correction,) = shelf.plan(record, overwrite=True).corrections
        assert set(correction.values) == {"title", "year", "publisher"}

    def test_what_was_inferred_is_set_and_so_confirmed(self, shelf: Shelf) -> None:
        (correction,) = shelf.plan(CALLS).corrections
        assert correction.values == CALLS
        assert all(change.confirms for change in correction.changes)

    def test_what_the_record_itself_calls_inferred_confirms_nothing(self, shelf: Shelf) -> None:
        (correction,) = shelf.plan(CALLS, inferred=("year", "authors")).corrections
        assert correction.values == {"title": CALLS["title"]}

    def test_authors_written_in_another_way_are_the_same(self, shelf: Shelf) -> None:
        shelf.put("two", {"title": "Two people wrote this", "authors": ["Smith CE", "Hill S"]})
        record = {"title": "Two people wrote this", "authors": ("Smith, C. E.", "Hill, S.")}
        (correction,) = shelf.plan(record).corrections
        assert correction.changes == ()

    def test_records_that_say_the_same_are_one(self, shelf: Shelf) -> None:
        plan = shelf.plan(LETTERS, LETTERS, {**LETTERS, "language": "en"})
        (correction,) = plan.corrections
        assert correction.values == {"language": "en"}
        assert correction.place == "refs.ris, records 1 and 2 and refs.ris, record 3"

    def test_records_that_contradict_one_another_set_nothing(self, shelf: Shelf) -> None:
        plan = shelf.plan({**LETTERS, "publisher": "A"}, {**LETTERS, "publisher": "B"})
        assert plan.corrections == ()
        (fault,) = plan.faults
        assert "all about letters.md and differ in publisher: nothing was set" in fault.message

    def test_a_broken_sidecar_is_named_and_stops_no_other(self, shelf: Shelf) -> None:
        (shelf.desk.root / "corpus" / "letters.toml").write_text("titel = 1\n")
        plan = shelf.plan({**LETTERS, "language": "en"}, {**GUIDANCE, "language": "en"})
        assert [c.document_id for c in plan.corrections] == ["guidance"]
        assert "sidecar of letters.md cannot be changed: letters.toml" in plan.faults[0].message


class TestCarryOut:
    def test_each_document_is_a_change_of_its_own(self, shelf: Shelf) -> None:
        plan = shelf.plan({**LETTERS, "publisher": "BMJ"}, {**CALLS, "language": "en"})
        done = bulk.carry_out(plan, shelf.desk, "from Zotero")
        assert shelf.stated("letters") == {**LETTERS, "publisher": "BMJ"}
        assert shelf.stated("calls") == {**CALLS, "language": "en"}
        events = shelf.desk.journal.events()
        assert [(e.action, e.documents, e.why) for e in events] == [
            ("edit", ("letters.md",), "from Zotero"), ("edit", ("calls.md",), "from Zotero")
        ]  # fmt: skip
        assert [correction.event for correction in done.corrections] == [e.id for e in events]

    def test_planning_changes_nothing(self, shelf: Shelf) -> None:
        assert not shelf.plan({**LETTERS, "publisher": "BMJ"}).changed
        assert shelf.stated("letters") == LETTERS
        assert shelf.desk.journal.events() == []

    def test_what_somebody_changed_since_is_not_written_over(self, shelf: Shelf) -> None:
        plan = shelf.plan({**LETTERS, "publisher": "BMJ"}, {**GUIDANCE, "publisher": "NICE"})
        Desk(shelf.desk.root, "Bea").edit("letters.md", {"publisher": "Lancet"})
        done = bulk.carry_out(plan, shelf.desk)
        assert shelf.stated("letters")["publisher"] == "Lancet"
        assert shelf.stated("guidance")["publisher"] == "NICE"
        assert "changed by somebody else" in done.faults[0].message

    def test_what_has_it_all_already_is_not_changed(self, shelf: Shelf) -> None:
        done = bulk.carry_out(shelf.plan(LETTERS), shelf.desk)
        assert len(done.corrections) == 1
        assert not done.changed


class TestFiles:
    def test_a_file_beside_is_offered_and_added_when_asked(self, shelf: Shelf) -> None:
        folder = shelf.desk.root / "files" / "7"
        folder.mkdir(parents=True)
        (folder / "new one.md").write_text("# New\n\nText.\n")
        record = {"title": "A new one", "year": 2021}
        plan = shelf.plan(record, files=("files/7/new one.md",), inferred=("year",))
        assert [(a.name, dict(a.values)) for a in plan.additions] == [
            ("new one.md", {"title": "A new one"})
        ]
        bulk.carry_out(plan, shelf.desk)
        assert not (shelf.desk.root / "corpus" / "new one.md").exists()
        done = bulk.carry_out(plan, shelf.desk, add_files=True)
        assert done.additions[0].event
        assert shelf.stated("new one") == {"title": "A new one"}
        again = shelf.plan(record, files=("files/7/new one.md",))
        assert again.additions == ()
        assert matched(again) == [("", "file")]

    @pytest.mark.parametrize(
        "link",
        [
            "internal-pdf://275/new.md",
            "file:///C:/Users/Ann/Zotero/new.md",
            "new.md",
            "./new.md",
        ],
    )
    def test_links_as_programs_write_them(self, shelf: Shelf, link: str) -> None:
        (shelf.desk.root / "new.md").write_text("# New\n\nText.\n")
        (addition,) = shelf.plan({"title": "A new one"}, files=(link,)).additions
        assert addition.file == str((shelf.desk.root / "new.md").resolve())

    @pytest.mark.parametrize("link", ["../secret.md", "/etc/hostname", "link.md", "x" * 5000, "."])
    def test_nothing_outside_the_folder_is_taken(self, shelf: Shelf, link: str) -> None:
        outside = shelf.desk.root.parent / "secret.md"
        outside.write_text("# Secret\n\nText.\n")
        (shelf.desk.root / "link.md").symlink_to(outside)
        plan = shelf.plan({"title": "A new one"}, files=(link,))
        assert plan.additions == ()
        assert len(plan.left) == 1

    def test_a_name_that_is_taken_gets_a_number(self, shelf: Shelf) -> None:
        (shelf.desk.root / "letters.md").write_text("# Other\n\nText.\n")
        (addition,) = shelf.plan({"title": "A new one"}, files=("letters.md",)).additions
        assert addition.name == "letters-2.md"


class TestRows:
    def test_a_row_is_the_librarian_s_word(self, shelf: Shelf) -> None:
        plan = shelf.rows(
            Row(2, "letters.md", "", {"year": 2020}),
            Row(3, "", "calls", {"other_groups": ("carers",)}),
        )
        bulk.carry_out(plan, shelf.desk)
        assert shelf.stated("letters") == {**LETTERS, "year": 2020}
        assert shelf.stated("calls") == {"other_groups": ("carers",)}

    def test_what_the_table_calls_inferred_is_only_confirmed_by_taking_that_away(
        self, shelf: Shelf
    ) -> None:
        row = Row(2, "calls.md", "", CALLS, inferred=("title", "year", "authors"))
        (correction,) = shelf.rows(row).corrections
        assert correction.values == {}
        corrected = Row(2, "calls.md", "", {**CALLS, "year": 2017}, inferred=(*CALLS,))
        (correction,) = shelf.rows(corrected).corrections
        assert correction.values == {"year": 2017}

    def test_a_file_that_is_not_indexed_yet(self, shelf: Shelf) -> None:
        (shelf.desk.root / "corpus" / "new.md").write_text("# New\n\nText.\n")
        bulk.carry_out(shelf.rows(Row(2, "corpus/new.md", "", {"year": 2020})), shelf.desk)
        assert shelf.stated("new") == {"year": 2020}

    @pytest.mark.parametrize(
        ("path", "document", "words"),
        [
            ("leters.md", "", r"no document 'leters\.md'.*Did you mean 'letters\.md'\?"),
            ("", "guidence", r"no document 'guidence'\. Did you mean 'guidance'\?"),
            ("../library/corpus/letters.md", "", "no document"),
            ("letters.toml", "", "no document"),
            ("letters.md", "calls", "names two documents"),
        ],
    )
    def test_a_document_that_there_is_not_is_named(
        self, shelf: Shelf, path: str, document: str, words: str
    ) -> None:
        plan = shelf.rows(Row(2, path, document, {"year": 2020}))
        assert plan.corrections == ()
        (fault,) = plan.faults
        assert fault.place == "table.csv, row 2"
        assert re.search(words, fault.message)
