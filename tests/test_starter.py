"""The starter library says what its fact sheets say: no more, no less, in every format."""

import importlib.util
import json
import re
import sys
import tomllib
from collections import Counter, defaultdict
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from retriever import loaders
from retriever.config import Reading
from retriever.loaders.sidecar import read_sidecar
from retriever.schema import SOURCE_TYPES, Parsed

PROJECT = Path(__file__).resolve().parents[1]
STARTER = PROJECT / "corpus" / "starter"
JUDGEMENTS = PROJECT / "corpus" / "evaluation" / "judgements-facts.jsonl"
DOCUMENTS = sorted(path for path in STARTER.iterdir() if path.suffix != ".toml")
KINDS = {
    "effectiveness",
    "no-effect",
    "harm",
    "cost",
    "uptake",
    "inequality",
    "recommendation",
    "implementation",
    "context",
}


def one_spaced(text: str) -> str:
    return " ".join(text.split())


def numbers(text: str) -> Counter[str]:
    return Counter(re.findall(r"\d+(?:[.,]\d+)*", text))


@cache
def loaded(path: Path) -> Parsed:
    return loaders.read(path, Reading())[1]


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    loader = SourceFileLoader("build_starter", str(PROJECT / "scripts" / "build_starter"))
    spec = importlib.util.spec_from_loader("build_starter", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_starter"] = module
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def sheets(builder: ModuleType) -> list[dict[str, Any]]:
    if not builder.FACTS.is_dir():
        pytest.skip("the fact sheets are not beside the project")
    return builder.read_sheets(builder.FACTS)


def judgements() -> dict[str, list[dict[str, str]]]:
    by_document = defaultdict(list)
    for line in JUDGEMENTS.read_text("utf-8").splitlines():
        judgement = json.loads(line)
        by_document[judgement["document_id"]].append(judgement)
    return by_document


# ---- what ships, without the sheets --------------------------------------------------------


def test_there_is_one_sidecar_for_each_document_and_every_format_is_there():
    sidecars = {path.stem for path in STARTER.glob("*.toml")}
    formats = Counter(path.suffix for path in DOCUMENTS)

    assert len(DOCUMENTS) == 137
    assert sidecars == {path.stem for path in DOCUMENTS}
    assert formats[".pdf"] >= 12
    assert formats[".docx"] >= 4
    assert formats[".html"] >= 4
    assert formats[".md"] == 137 - formats[".pdf"] - formats[".docx"] - formats[".html"]


def test_every_sidecar_is_one_that_the_library_accepts():
    for path in DOCUMENTS:
        sidecar = read_sidecar(path)

        assert sidecar, path.name
        assert sidecar.values["title"], path.name
        assert sidecar.values["source_type"] in SOURCE_TYPES, path.name
        assert sidecar.values["url"].startswith("https://"), path.name


def test_every_judged_quotation_stands_word_for_word_in_the_document_as_it_is_read():
    judged = judgements()
    missing = [
        (path.name, line["quote"])
        for path in DOCUMENTS
        for line in judged[path.stem]
        if one_spaced(line["quote"]) not in one_spaced(loaded(path).text)
    ]

    assert missing == []


def test_judgements_name_only_documents_and_kinds_that_exist():
    judged = judgements()
    lines = [line for document in judged.values() for line in document]

    assert set(judged) == {path.stem for path in DOCUMENTS}
    assert {line["kind"] for line in lines} <= KINDS
    assert all(line["group"] for line in lines)


def test_a_digest_says_that_it_is_one_and_links_to_the_original(builder: ModuleType):
    for path in DOCUMENTS:
        text = loaded(path).text
        url = tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))["url"]

        assert builder.DIGEST_LINE in one_spaced(text), path.name
        assert url in re.sub(r"\s", "", text), path.name


def expected_status(sidecar: dict[str, Any]) -> list[str]:
    status, _, detail = sidecar["status"].partition(": ")
    if status == "superseded-by":
        return [f"Status: superseded. Replaced by {detail}."]
    if sidecar["source_type"] not in ("nice-guidance", "policy-paper"):
        return []
    return {
        "unknown": ["Status: not checked: look at the source."],
        "updated": [
            f"Status: updated in {detail}. That is the latest change seen; look at the source."
        ],
        "current": ["Status: seen in force when this digest was written."],
    }[status]


def test_guidance_that_was_not_checked_is_never_shown_as_current():
    for path in DOCUMENTS:
        sidecar = tomllib.loads(path.with_suffix(".toml").read_text("utf-8"))
        shown = re.findall(r"^Status: .*$", loaded(path).text, re.MULTILINE)

        assert shown == expected_status(sidecar), path.name


def test_a_pdf_has_pages_and_headings_and_its_text_no_running_head():
    for path in STARTER.glob("*.pdf"):
        parsed = loaded(path)

        assert len(parsed.pages) >= 2, path.name
        assert len({section.level for section in parsed.sections}) > 1, path.name
        assert "Evidence digest:" not in parsed.text, path.name


def test_example_questions_are_a_handful_and_each_is_a_question():
    text = files("retriever").joinpath("data/examples.toml").read_text("utf-8")
    questions = tomllib.loads(text)["questions"]

    assert 10 <= len(questions) <= 12
    assert len(set(questions)) == len(questions)
    assert all(question.endswith("?") for question in questions)


# ---- against the sheets --------------------------------------------------------------------


def test_every_sheet_has_exactly_one_digest(sheets: list[dict[str, Any]]):
    assert sorted(path.stem for path in DOCUMENTS) == sorted(sheet["slug"] for sheet in sheets)


def test_no_digest_holds_a_number_that_its_sheet_does_not(
    builder: ModuleType, sheets: list[dict[str, Any]]
):
    added = {}
    for sheet in sheets:
        source = [sheet["title"], str(sheet["year"]), sheet["source_url"], sheet["doi"] or ""]
        source += [sheet["authors"] or "", sheet["publisher_or_journal"] or "", sheet["status"]]
        source += [sheet["guidance_id"] or "", sheet["country"], *sheet["settings"]]
        source += [fact["text"] for fact in sheet["facts"]]
        # A group may stand above facts in several sections.
        groups = " ".join(dict.fromkeys(fact["group"] for fact in sheet["facts"]))
        surplus = numbers(builder.compose(sheet).plain) - numbers(" ".join(source))
        unknown = set(surplus) - set(numbers(groups))
        if unknown:
            added[sheet["slug"]] = unknown

    assert added == {}


def test_below_its_headings_a_digest_holds_the_facts_and_nothing_else(
    builder: ModuleType, sheets: list[dict[str, Any]]
):
    for sheet in sheets:
        blocks = builder.compose(sheet).blocks
        told = [line for block in blocks for line in (block.text, *block.items) if line]
        framing = {block.text for block in blocks if block.kind not in ("text", "list")}
        text = " ".join(line for line in told if line not in framing)
        for fact in sheet["facts"]:
            assert text.count(fact["text"]) == 1, fact["text"]
            text = text.replace(fact["text"], "")
        assert text.strip() == "", sheet["slug"]


def test_within_a_section_the_facts_stand_in_the_sheets_order(
    builder: ModuleType, sheets: list[dict[str, Any]]
):
    for sheet in sheets:
        order = {fact["text"]: number for number, fact in enumerate(sheet["facts"])}
        placed: dict[str, list[int]] = defaultdict(list)
        section = ""
        for block in builder.compose(sheet).blocks:
            section = block.text if block.kind == "h2" else section
            shown = "\n".join((block.text, *block.items))
            told = sorted((shown.index(fact), fact) for fact in order if fact in shown)
            placed[section] += [order[fact] for _, fact in told]

        assert all(found == sorted(found) for found in placed.values()), sheet["slug"]


def test_what_a_studys_authors_suggest_is_never_headed_as_guidance(
    builder: ModuleType, sheets: list[dict[str, Any]]
):
    headed = {
        sheet["source_type"]
        for sheet in sheets
        for block in builder.compose(sheet).blocks
        if block.kind == "h2" and block.text.startswith("Recommendations")
    }

    assert headed == {"nice-guidance", "policy-paper"}


def test_whom_each_fact_is_about_is_shown(builder: ModuleType, sheets: list[dict[str, Any]]):
    for sheet in sheets:
        shown = builder.compose(sheet).plain.lower()
        for fact in sheet["facts"]:
            assert builder.spoken(fact["group"]).lower() in shown


def test_sheets_without_results_say_so_before_anything_else(
    builder: ModuleType, sheets: list[dict[str, Any]]
):
    flagged = {
        sheet["slug"]: sheet["facts"]
        for sheet in sheets
        if any(
            block.kind == "note" and block.text.startswith("No results")
            for block in builder.compose(sheet).blocks
        )
    }
    results = {"effectiveness", "no-effect", "harm"}

    assert set(flagged) == set(builder.TABLE["no_results"])
    assert {sheet["slug"] for sheet in sheets if "protocol" in sheet["slug"]} <= set(flagged)
    assert not [slug for slug, facts in flagged.items() if results & {f["kind"] for f in facts}]


def test_sidecars_carry_what_the_sheet_says(sheets: list[dict[str, Any]]):
    names = {"source_url": "url", "publisher_or_journal": "publisher"}
    same = ("title", "year", "doi", "guidance_id", "source_type", "status", "country")
    for sheet in sheets:
        sidecar = tomllib.loads((STARTER / f"{sheet['slug']}.toml").read_text("utf-8"))
        for key in (*same, *names, "settings", "topics", "interventions", "outcomes"):
            assert sidecar.get(names.get(key, key)) == (sheet[key] or None), key
        stated = {name: groups for name, groups in sheet["populations"].items() if groups}
        assert sidecar.get("populations", {}) == stated
        assert ", ".join(sidecar.get("authors", [])).replace(";", ",") == (
            (sheet["authors"] or "").replace(";", ",")
        )


def test_building_again_gives_the_same_bytes(
    builder: ModuleType, sheets: list[dict[str, Any]], tmp_path: Path
):
    builder.build(sheets, tmp_path)
    built = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*.*")}
    shipped = {path.relative_to(PROJECT / "corpus") for path in STARTER.iterdir()}

    assert set(built) == shipped | {JUDGEMENTS.relative_to(PROJECT / "corpus")}
    assert [
        str(name)
        for name, path in built.items()
        if path.read_bytes() != (PROJECT / "corpus" / name).read_bytes()
    ] == []


def test_a_table_that_names_no_sheet_is_refused(builder: ModuleType, sheets: list[dict[str, Any]]):
    without_first = [sheet for sheet in sheets if sheet["slug"] != "henry-iii-trial-protocol"]

    with pytest.raises(SystemExit, match="henry-iii-trial-protocol"):
        builder.check_table(without_first)
