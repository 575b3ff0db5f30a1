"""The evidence map: what is counted for whom, what stays empty, and what the command prints."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from map_library import build

from retriever import Library
from retriever.cli import cli
from retriever.errors import BadQuestion
from retriever.evidence_map import Cell, EvidenceMap, to_csv, to_json
from retriever.schema import Filters


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A library that no test changes."""
    return build(tmp_path_factory.mktemp("map") / "library")


@pytest.fixture(scope="module")
def drawn(library: Library) -> EvidenceMap:
    return library.evidence_map()


def cell(drawn: EvidenceMap, subject: str, group: str) -> Cell:
    """The cell of a row and a column, by their ids."""
    row = next(row for row in drawn.rows if row.subject.id == subject)
    column = next(column for column in drawn.columns if column.group.id == group)
    return drawn.cell(row.subject, column.group)


def counts(found: Cell) -> tuple[set[str], set[str], set[str]]:
    """The documents that report, that studied, and that only mention."""
    return (
        set(found.documents("reported")),
        set(found.documents("studied")),
        set(found.documents("mentioned")),
    )


def test_reporting_taking_part_and_being_named_are_kept_apart(drawn: EvidenceMap) -> None:
    assert counts(cell(drawn, "bowel-screening", "pakistani")) == ({"letters"}, set(), set())
    assert counts(cell(drawn, "bowel-screening", "bangladeshi")) == (set(), {"phone"}, {"plan"})
    # "No data for" is evidence of a gap, and so no more than a mention.
    assert counts(cell(drawn, "bowel-screening", "somali")) == (set(), set(), {"plan"})


def test_a_document_counts_once_by_its_strongest_passage(drawn: EvidenceMap) -> None:
    found = cell(drawn, "bowel-screening", "pakistani")
    assert len(found.passages("reported")) == 1
    assert len(found.passages("studied")) == 1
    assert found.documents("studied") == ()
    assert found.standing == "reported"


def test_a_broader_group_takes_in_the_narrower_and_says_so(drawn: EvidenceMap) -> None:
    assert counts(cell(drawn, "bowel-screening", "asian")) == (
        {"letters", "videos"},
        {"phone"},
        {"plan"},
    )
    asian = next(column for column in drawn.columns if column.group.id == "asian")
    assert {"bangladeshi", "pakistani"} <= {group.id for group in asian.includes}


def test_a_narrower_group_never_takes_in_the_broader(drawn: EvidenceMap) -> None:
    assert "videos" not in cell(drawn, "bowel-screening", "pakistani").documents("reported")


def test_a_broader_topic_takes_in_the_narrower(drawn: EvidenceMap) -> None:
    assert counts(cell(drawn, "cancer-screening", "pakistani"))[0] == {"letters"}


def test_a_result_elsewhere_in_a_long_document_is_not_on_the_topic(drawn: EvidenceMap) -> None:
    assert "town" in cell(drawn, "oral-health", "somali").documents("reported")
    assert "town" not in {e.document_id for e in cell(drawn, "bowel-screening", "somali").entries}


def test_empty_cells_stay_and_say_how_many_documents_speak_of_the_topic(
    drawn: EvidenceMap,
) -> None:
    assert cell(drawn, "bowel-screening", "roma").entries == ()
    assert cell(drawn, "bowel-screening", "roma").standing is None
    row = next(row for row in drawn.rows if row.subject.id == "bowel-screening")
    assert row.documents == 5
    assert drawn.searched == 6


def test_what_no_document_speaks_of_is_no_row_and_is_listed(drawn: EvidenceMap) -> None:
    unnamed = {concept.id for concept in drawn.unnamed}
    assert "asthma" in unnamed
    assert unnamed.isdisjoint(row.subject.id for row in drawn.rows)


def test_the_map_says_what_the_answers_say(library: Library, drawn: EvidenceMap) -> None:
    gap = library.ask("Does a letter raise bowel screening uptake in Bangladeshi people?").gaps[0]
    found = cell(drawn, "bowel-screening", "bangladeshi")
    assert gap.startswith("5 of the 6 documents searched speak of bowel cancer screening")
    named = len(found.documents("studied")) + len(found.documents("mentioned"))
    assert f"took part or are named in {named} document" in gap
    held = library.ask("Does a letter raise bowel screening uptake in Pakistani people?").gaps
    assert not [gap for gap in held if "Pakistani" in gap]


def test_interventions_can_be_the_rows(library: Library) -> None:
    letters = cell(library.evidence_map("interventions"), "letters", "pakistani")
    assert letters.documents("reported") == ("letters",)


def test_groups_by_another_axis(library: Library) -> None:
    drawn = library.evidence_map(axis="deprivation")
    assert {column.group.axis for column in drawn.columns} == {"deprivation"}
    assert drawn.held == {}


def test_groups_that_others_are_compared_with_are_no_columns(drawn: EvidenceMap) -> None:
    assert {"white", "ethnic-groups"}.isdisjoint(column.group.id for column in drawn.columns)


def test_kinds_of_source_are_counted_and_can_be_chosen(
    library: Library, drawn: EvidenceMap
) -> None:
    asian = cell(drawn, "bowel-screening", "asian")
    assert asian.source_types("reported") == {"observational-study": 1, "randomised-trial": 1}
    trials = library.evidence_map(filters=Filters(source_types=("randomised-trial",)))
    assert counts(cell(trials, "bowel-screening", "asian")) == ({"letters"}, {"phone"}, set())
    assert trials.searched == 2


def test_years_can_be_chosen(library: Library) -> None:
    late = library.evidence_map(filters=Filters(year_from=2015))
    assert counts(cell(late, "bowel-screening", "asian")) == ({"letters"}, {"phone"}, {"plan"})


def test_rows_can_be_found_by_their_words(library: Library) -> None:
    ids = {row.subject.id for row in library.evidence_map(find="BOWEL screening").rows}
    assert "bowel-screening" in ids
    assert "oral-health" not in ids


def test_an_axis_that_there_is_not_is_refused(library: Library) -> None:
    with pytest.raises(BadQuestion, match=r"'shoe size'. Choose one of ethnicity"):
        library.evidence_map(axis="shoe size")


def test_unknown_rows_are_refused(library: Library) -> None:
    with pytest.raises(BadQuestion, match="Choose one of topics, interventions"):
        library.evidence_map("outcomes")


def test_a_cell_opens_its_passages_with_the_words_it_rests_on(
    library: Library, drawn: EvidenceMap
) -> None:
    readings = library.read_cell(cell(drawn, "bowel-screening", "asian"))
    said = {
        (r.passage.document_id, r.tags[0].relation): [r.passage.text[a:b] for a, b in r.marks]
        for r in readings
    }
    assert said["letters", "reported"] == ["Pakistani"]
    assert said["phone", "studied"] == ["Bangladeshi"]
    assert said["plan", "mentioned"] == ["Bangladeshi"]
    inherited = next(r for r in readings if r.passage.document_id == "videos")
    assert (inherited.tags[0].place, inherited.marks) == ("title", ())


def test_a_passage_for_several_narrower_groups_names_each(tmp_path: Path) -> None:
    library = build(tmp_path / "library")
    (library.corpus / "both.md").write_text(
        "# Kits and bowel screening\n\n## Results\n\nUptake of bowel screening was 42% among "
        "Pakistani people and 40% among Bangladeshi people.\n"
    )
    library.index()
    found = cell(library.evidence_map(), "bowel-screening", "south-asian")
    both = next(r for r in library.read_cell(found) if r.passage.document_id == "both")
    assert {tag.group.id for tag in both.tags} == {"pakistani", "bangladeshi"}


def test_the_map_follows_the_library(tmp_path: Path) -> None:
    library = build(tmp_path / "library")
    (library.corpus / "letters.md").unlink()
    gone = cell(library.evidence_map(), "bowel-screening", "pakistani")
    assert gone.entries == (), "a document whose file is gone still counts"
    (library.corpus / "roma.md").write_text(
        "# Bowel screening\n\n## Results\n\nUptake of bowel screening was 12% among Roma people.\n"
    )
    library.index()
    assert cell(library.evidence_map(), "bowel-screening", "roma").documents("reported") == (
        "roma",
    )


def test_csv_has_a_line_for_every_cell(drawn: EvidenceMap) -> None:
    lines = list(csv.DictReader(io.StringIO(to_csv(drawn))))
    assert len(lines) == len(drawn.rows) * len(drawn.columns)
    by_cell = {(line["row"], line["group"]): line for line in lines}
    empty = by_cell["bowel-screening", "roma"]
    assert (empty["reported"], empty["studied"], empty["mentioned"]) == ("0", "0", "0")
    assert empty["row_documents"] == "5"
    asian = by_cell["bowel-screening", "asian"]
    assert (asian["reported"], asian["studied"], asian["mentioned"]) == ("2", "1", "1")
    assert asian["source_types_reported"] == "observational-study: 1; randomised-trial: 1"
    assert "bangladeshi" in asian["group_includes"].split("; ")


def test_json_names_documents_and_passages(drawn: EvidenceMap) -> None:
    record = json.loads(json.dumps(to_json(drawn)))
    found = next(
        c for c in record["cells"] if (c["row"], c["column"]) == ("bowel-screening", "pakistani")
    )
    assert (found["reported"], found["studied"], found["mentioned"]) == (1, 0, 0)
    assert found["documents"]["reported"] == ["letters"]
    assert [len(found["passages"][s]) for s in ("reported", "studied")] == [1, 1]
    assert found["source_types"]["reported"] == {"randomised-trial": 1}
    assert all(c["reported"] + c["studied"] + c["mentioned"] for c in record["cells"])
    assert {"id": "asthma", "label": "asthma"} in record["unnamed"]


def run(library: Library, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--library", str(library.root), "map", *arguments])


def test_the_command_prints_what_is_held_and_how_much_is_not(library: Library) -> None:
    printed = run(library, "--find", "bowel screening").output
    assert re.search(r"bowel cancer screening +5 +Pakistani people +1 +0 +0", printed)
    assert re.search(r"bowel cancer screening +5 +\(\d+ other groups: nothing\)", printed)
    assert "6 documents looked through." in printed


def test_the_command_prints_csv_and_json(library: Library) -> None:
    lines = run(library, "--format", "csv").output.splitlines()
    assert lines[0].startswith("row,row_label,row_documents,axis,group,")
    record = json.loads(
        run(library, "--rows", "interventions", "--axis", "ethnicity", "--format", "json").output
    )
    assert record["rows_are"] == "interventions"


def test_the_command_takes_filters(library: Library) -> None:
    record = json.loads(
        run(
            library, "--source-type", "policy-paper", "--to-year", "2015", "--format", "json"
        ).output
    )
    assert record["documents_searched"] == 1


def test_the_command_refuses_an_axis_in_one_line(library: Library) -> None:
    refused = run(library, "--axis", "shoe size")
    assert refused.exit_code == 1
    assert "Choose one of ethnicity, deprivation" in refused.output


def test_an_empty_library_gives_an_empty_map(tmp_path: Path) -> None:
    root = tmp_path / "library"
    (root / "corpus").mkdir(parents=True)
    (root / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n')
    library = Library.open(root)
    library.index()
    assert library.evidence_map().rows == ()
    assert run(library).exit_code == 0
