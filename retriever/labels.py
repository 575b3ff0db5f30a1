"""The words that people are shown for the codes in a document's record; see `data/labels.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from retriever.schema import Basis, Finding, Query

LABELS: dict[str, Any] = tomllib.loads(
    files("retriever").joinpath("data/labels.toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Status:
    """A source's status in words; `warning` says that it should not be relied on."""

    words: str
    warning: bool = False


def kind_of_source(source_type: str) -> str:
    """A source type in words."""
    return str(LABELS["source_types"].get(source_type, LABELS["source_types"]["other"])["label"])


def meaning_of_source(source_type: str) -> str:
    """What a source of a type is, in one line; its design, not how certain it is."""
    known = LABELS["source_types"]
    return str(known.get(source_type, known["other"])["meaning"])


def about_kinds() -> str:
    """What the kind of source does not tell."""
    return str(LABELS["about_kinds"]["said"])


def about_standings() -> str:
    """What is to be known of the groups in an overview of a topic."""
    return str(LABELS["about_standings"]["said"])


def whom(basis: Basis, source_type: str) -> tuple[str, str]:
    """Whom a quotation is about in words, and what that rests on; the latter may be empty."""
    kind: str = basis.match
    if kind == "studied" and basis.place == "document":
        kind = "elsewhere"
    elif kind == "studied" and LABELS["source_types"].get(source_type, {}).get("nobody_took_part"):
        kind = "named"
    if kind == "direct" and basis.group != basis.asked:
        kind = "narrower"
    if kind == "general" and basis.group:
        kind = "named"
    said = LABELS["matches"][kind]
    rests = LABELS["places"][basis.place].format(words=basis.words) if basis.place else ""
    return said.format(asked=_sentence(basis.asked), group=basis.group), rests


def at_a_glance(findings: Sequence[Finding]) -> list[str]:
    """For each group asked about, which findings are about it, in one line; by their numbers."""
    numbers: dict[str, dict[str, list[str]]] = {}
    for number, finding in enumerate(findings, start=1):
        for basis in finding.basis:
            named = basis.match == "general" and basis.group
            kind = "named" if named else basis.match
            numbers.setdefault(basis.asked, {}).setdefault(kind, []).append(str(number))
    return [
        f"{_sentence(group)}: "
        + "; ".join(
            said.format(numbers=joined(of_it[kind]))
            for kind, said in LABELS["glance"].items()
            if kind in of_it
        )
        + "."
        for group, of_it in numbers.items()
    ]


def action_in_words(action: str) -> str:
    """A kind of change in words."""
    return str(LABELS["actions"][action])


def check_in_words(name: str) -> str:
    """What a check looked at, in words."""
    return str(LABELS["checks"][name])


def mending_in_words(name: str) -> str:
    """What mends on the page what a check found; empty where only a command does."""
    return str(LABELS["mending"].get(name, ""))


def severity_in_words(severity: str) -> str:
    """How much a check matters, in words."""
    return str(LABELS["severities"][severity])


def axis_in_words(axis: str) -> str:
    """What groups are by, in words."""
    return str(LABELS["axes"][axis])


def relation_in_words(relation: str, groups: Sequence[str]) -> str:
    """What a passage does for some groups, in words."""
    return _sentence(LABELS["relations"][relation].format(group=joined(groups)))


def place_in_words(place: str, words: Sequence[str]) -> str:
    """Where the words stand that name a group, and which they are."""
    return str(LABELS["places"][place]).format(words="”, “".join(dict.fromkeys(words)))


def reported(direction: str) -> tuple[str, str]:
    """A reported direction in words, and what that means."""
    said = LABELS["directions"][direction]
    return str(said["label"]), str(said["meaning"])


def kind_of_finding(kind: str) -> str:
    """A kind of finding in words."""
    return str(LABELS["kinds"][kind])


def digest_line(digest: str) -> str:
    """Says that a document is a digest, and in whose words; empty for an original."""
    return f"{LABELS['fields']['digest']}: {digest}" if digest else ""


SCANNED = "Read from a scan by text recognition: check the wording against the page"
"""Said of whatever is quoted from such a page."""


def further_warnings(finding: Finding) -> list[str]:
    """A finding's warnings, those left out that its status and its digest say already."""
    status = status_of(finding.status, finding.source_type)
    said = {status.words if status else "", digest_line(finding.digest)}
    return [warning for warning in finding.warnings if warning not in said]


def gap_effect_in_words(effect: str | None) -> str:
    """What a quotation says became of a gap; empty where it does not say."""
    return str(LABELS["gap_effects"][effect]) if effect else ""


def read_as(query: Query) -> str:
    """What a question was taken to be about and for whom; empty where no word was known."""
    if not query.topics and not query.populations:
        return ""
    on = f" on {joined(query.topics)}" if query.topics else ""
    whom = joined(query.populations) if query.populations else "no group in particular"
    return f"Read as a question{on}, for {whom}."


def joined(labels: Sequence[str]) -> str:
    """Labels as a list in words: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(labels[:-1]), labels[-1])))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def grade_in_words(grade: int) -> str:
    """A judge's grade in words."""
    return str(LABELS["grades"][str(grade)]["label"])


def feature_in_words(feature: str) -> str:
    """A feature of the ranker in words; a conditional one (`…_if_short`) as the one it adds to."""
    return str(LABELS["features"][feature.partition("_if_")[0]])


def status_of(status: str, source_type: str) -> Status | None:
    """A status in words, or None where it is unknown and the source is of a kind that stays true.

    A status that is not one of ours is shown as it stands: a librarian wrote it.
    """
    name, _, rest = status.partition(":")
    name = name.strip() or "unknown"
    known = LABELS["statuses"].get(name)
    if known is None:
        return Status(status)
    if name == "unknown" and not LABELS["source_types"].get(source_type, {}).get("status_matters"):
        return None
    return Status(known["label"].format(rest.strip()), bool(known.get("warning")))
