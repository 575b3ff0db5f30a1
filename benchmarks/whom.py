"""How well the groups of facts are told, by the fact sheets' own labels.

python -m benchmarks.whom            counts by axis
python -m benchmarks.whom --wrong    and each tag that no label bears out, to be read

Each fact is read as a digest shows it: under a heading that says for whom it holds. A label is what
the vocabularies find in that heading's words; a tag agrees with the same group, a broader or a
narrower one. Groups that others are only compared with are left out, as in an answer. The sheets
were read often while the word lists were made, so these are figures of fit.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator

import yaml

from benchmarks import libraries
from retriever.concepts import Concept, packaged
from retriever.whom import Tag, is_compared_with, is_labelled, labelled_axes, tags

FACTS = libraries.PROJECT.parent / "shared" / "facts"
HEADING = "Effects and outcomes"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--wrong", action="store_true")
    report(parser.parse_args().wrong)


def facts() -> Iterator[tuple[str, str, str]]:
    """Title of the source, for whom a fact holds, and the fact."""
    for path in sorted(FACTS.glob("*.yaml")):
        sheet = yaml.safe_load(path.read_text("utf-8"))
        for fact in sheet["facts"]:
            yield sheet["title"], fact["group"] or "", fact["text"]


def report(wrong: bool) -> None:
    """Print, by axis, how many tags are borne out by labels, and how many labels are found."""
    counts: Counter[tuple[str, str]] = Counter()
    for title, group, text in facts():
        labels = {c for c in packaged().named(group) if _counts(c)}
        found = [t for t in tags(text, (HEADING, group), title, packaged()) if _counts(t.group)]
        for label in labels:
            counts[
                label.axis, "found" if _borne_out(label, {t.group for t in found}) else "lost"
            ] += 1
        for tag in found:
            if tag.relation == "reported":
                right = _borne_out(tag.group, labels)
                counts[tag.group.axis, "right" if right else "wrong"] += 1
                if wrong and not right:
                    print(_line(tag, group, text))
    print(f"{'axis':12} {'reported for: right':>20} {'wrong':>6} {'labels found':>13} {'lost':>5}")
    for axis in labelled_axes():
        right, bad, hit, lost = (counts[axis, n] for n in ("right", "wrong", "found", "lost"))
        reported = f"{right:14} {_share(right, bad)} {bad:6}"
        print(f"{axis:12} {reported} {hit:7} {_share(hit, lost)} {lost:5}")


def _counts(concept: Concept) -> bool:
    return is_labelled(concept) and not is_compared_with(concept)


def _borne_out(group: Concept, others: set[Concept]) -> bool:
    near = {group, *packaged().broader(group), *packaged().narrower(group)}
    return not near.isdisjoint(others)


def _share(one: int, other: int) -> str:
    return f"{one / (one + other):5.3f}" if one + other else "    -"


def _line(tag: Tag, group: str, text: str) -> str:
    return f"{tag.group.label} (“{tag.words}”, {tag.place}) | {group} | {text}"


if __name__ == "__main__":
    main()
