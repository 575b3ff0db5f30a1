"""What is removed shows in nothing any more; what is deleted for good is in no file."""

from __future__ import annotations

from conftest import MakeLibrary

from benchmarks import removing

SYLLABLES = ("bra", "delo", "fimu", "gora", "hesto", "kilva", "lomi", "narvo", "pelda", "ruska")
REMOVED = 30


def coined(number: int) -> str:
    """A word that no language has."""
    return "".join(SYLLABLES[int(digit)] for digit in f"{number:03d}") + "x"


def report(number: int) -> str:
    """A report of eighteen sentences, each with a word that nothing else has."""
    first = number * 20
    told = [
        f"In {coined(first + place)} reminder letters raised screening uptake by {place} per cent."
        for place in range(18)
    ]
    return f"# Letters in {coined(first)}\n\n" + "\n\n".join(told)


def record(number: int) -> str:
    word = coined(number * 20 + 18)
    return f'publisher = "Council of {word}"\nauthors = ["Ann {word}"]\nyear = 2020\n'


def test_thirty_documents_removed_are_shown_by_none_of_five_hundred_questions(
    make_library: MakeLibrary,
) -> None:
    files = {f"r{number}.md": report(number) for number in range(REMOVED + 5)}
    records = {f"r{number}.toml": record(number) for number in range(REMOVED + 5)}
    library = make_library(files | records)
    paths = [f"r{number}.md" for number in range(REMOVED)]
    own = removing.of_their_own(library)
    assert all(len(own[path]) == 19 for path in paths)
    questions = [q for p in paths for q in removing.questions_of(library, p, own[p], 17)]
    assert len(questions) == 510
    seen = set(removing.shown(library, questions[:17], own[paths[0]]))
    assert len(seen) >= 17, "what is looked for is not seen while it is there"
    assert set(removing.in_files(library.root, own[paths[0]]))
    assert {what: found for what, found in removing.remove_each(library, paths, 17) if found} == {}
