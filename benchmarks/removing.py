"""Whether anything shows a word of a document that was removed, and any file holds one when purged.

    python -m benchmarks.removing [--documents 30] [--questions 17]

Documents of the starter library are removed one after another. For each, questions are put that are
made of its own sentences, those with words that no other document has; then everything is looked
at that shows what the library holds: answers, hits, the list of documents, exports, the overviews,
the map, library health. At the end the documents are deleted for good, all questions are put once
more, and every file of the library is read.

A word of the question is not looked for in its answer, and our own labels and those of the
vocabularies nowhere.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import libraries
from retriever import Library, evidence_map, output, overview, references, sheets
from retriever.answer import to_json
from retriever.desk import Desk
from retriever.labels import LABELS
from retriever.purging import purge
from retriever.question import every_part
from retriever.schema import to_dict

Words = frozenset[str]
OVERVIEWS = 3
_WORD = re.compile(r"[^\W\d_][^\W_]{3,}")
_SENTENCE = re.compile(r"[^.\n]{20,}")


def words(text: str) -> Words:
    """The words of a text of four and more letters or digits, a letter first."""
    return frozenset(_WORD.findall(text.casefold()))


def of_their_own(library: Library) -> dict[str, Words]:
    """Path of each document -> the words that it or its record has and no other document.

    Those of its path are left out: the history keeps them.
    """
    labels = words(" ".join(f"{part.key} {part.label}" for part in every_part()) + repr(LABELS))
    held = {}
    for entry in library.entries():
        known = json.dumps(to_dict(entry.metadata), ensure_ascii=False)
        held[entry.path] = words(f"{library.document(entry.document_id).text} {known}")
    count = Counter(word for found in held.values() for word in found)
    return {
        path: frozenset(word for word in found if count[word] == 1) - labels - words(path)
        for path, found in held.items()
    }


def questions_of(library: Library, path: str, own: Words, most: int) -> list[str]:
    """Questions out of a document's sentences, those first with the most words of its own."""
    text = library.document(Desk(library.root).id_of(path)).text
    sentences = [match.group().strip()[:300] for match in _SENTENCE.finditer(text)]
    return sorted(sentences, key=lambda s: -len(words(s) & own))[:most]


def shown(library: Library, questions: Sequence[str], own: Words) -> Iterator[str]:
    """Where a word is shown that should not be, and which."""
    for question in questions:
        asked = words(question)
        answer, hits = library.ask(question), library.search(question)
        if found := words(values(to_json(answer))) & own - asked:
            yield f"answer to “{question}”: {', '.join(sorted(found))}"
        if found := words(values([output.hit_record(hit) for hit in hits])) & own:
            yield f"hits for “{question}”: {', '.join(sorted(found))}"
    for what, text in views(library).items():
        if found := words(text) & own:
            yield f"{what}: {', '.join(sorted(found))}"


def values(data: object) -> str:
    """Whatever is said in a record, without the names of its fields."""
    if isinstance(data, Mapping):
        return values(list(data.values()))
    if isinstance(data, list | tuple):
        return "\n".join(map(values, data))
    return str(data)


def views(library: Library) -> dict[str, str]:
    """Everything else that shows what a library holds, as text."""
    entries = library.entries()
    subjects = library.subjects()
    return {
        "RIS": references.written(entries),
        "CSV": sheets.written(entries),
        "JSON": values([to_dict(entry) for entry in entries]),
        "publishers": repr(library.health().publishers),
        "map": evidence_map.to_csv(library.evidence_map()),
        "overviews": "".join(
            values(overview.to_json(library.overview(row.subject.key)))
            for row in subjects[:OVERVIEWS]
        ),
    }


def in_files(root: Path, own: Collection[str]) -> Iterator[str]:
    """Each file below a folder that holds one of some words, and the words; the history aside."""
    wanted = {word: word.encode() for word in own}
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name != "history.jsonl":
            content = path.read_bytes().lower()
            if found := [word for word, encoded in wanted.items() if encoded in content]:
                yield f"{path.relative_to(root)}: {', '.join(found[:5])}"


def remove_each(
    library: Library, paths: Sequence[str], questions: int
) -> Iterator[tuple[str, list[str]]]:
    """Remove documents one by one, then delete them for good; after each, what still shows.

    Yields:
        The path, or what was done, and where words were found.
    """
    own = of_their_own(library)
    desk, every = Desk(library.root, "removing"), []
    for path in paths:
        of_it = questions_of(library, path, own[path], questions)
        every += of_it
        desk.remove(path)
        yield path, list(shown(library, of_it, own[path]))
    gone: Words = frozenset().union(*(own[path] for path in paths))
    for path in paths:
        purge(desk, path)
    library.index()
    yield f"all {len(every)} questions, purged", list(shown(library, every, gone))
    yield "every file, purged", list(in_files(library.root, whole(gone, library)))


def whole(gone: Words, library: Library) -> Words:
    """Words that are part of no word that is still held, so that bytes may be looked through."""
    held = " ".join(
        library.document(entry.document_id).text.casefold() for entry in library.entries()
    )
    held += " ".join(f"{part.key} {part.label}" for part in every_part()).casefold()
    return frozenset(word for word in gone if len(word) > 6 and word not in held)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=30)
    parser.add_argument("--questions", type=int, default=17)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(libraries.PROJECT / "corpus" / "starter", root / "corpus")
        library = Library.open(root)
        library.index()
        paths = sorted(entry.path for entry in library.entries())
        wrong = 0
        for what, found in remove_each(
            library, random.Random(chosen.seed).sample(paths, chosen.documents), chosen.questions
        ):
            print(f"{len(found):4} places  {what}", *found[:5], sep="\n        ", flush=True)
            wrong += len(found)
    print(f"{wrong} places show a word of a removed document")
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
