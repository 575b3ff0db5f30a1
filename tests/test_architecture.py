"""Imports point one way only, and the command line starts light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "retriever"

# From the ground up. A module imports from layers below its own, never from its own or above.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("schema", "errors", "version"),
    ("labels",),
    ("config", "judgements", "measures", "journal"),
    ("vocabulary", "sentences", "tokens", "evidence", "collections", "backup",
     "legibility"),
    ("concepts", "intents", "shortforms", "loaders", "passages"),
    ("embedder", "lexical", "vector", "fusion", "corpus"),
    ("question", "wording", "organisations", "gap_effect", "ris", "whom_words"),
    ("whom", "references"),
    ("evidence_map", "sheets"),
    ("store", "remembering", "relevance", "lineage", "unheld", "unpacking"),
    ("generation", "history", "intake", "handed"),
    ("indexing", "features", "naming", "amendments", "connectors", "desk", "editions"),
    ("waiting", "links"),
    ("statements", "coverage", "equity", "readings", "cautions", "synonyms"),
    ("ranker", "mapper"),
    ("search",),
    ("answer", "upkeep", "health"),
    ("overview",),
    ("library", "incoming", "replacing"),
    ("fetching",),
    ("work",),
    ("answer_measures", "comparison", "ranking", "matching"),
    ("evaluation", "bulk"),
    ("output", "page_picture", "judging", "evaluation_files"),
    ("report", "desk_output", "purging"),
    ("cli_shared",),
    ("cli_add", "cli_desk", "cli_keep", "cli_web", "cli_backup", "cli_collections"),
    ("cli", "ui"),
)
LAYER_OF = {name: depth for depth, names in enumerate(LAYERS) for name in names}
PUBLIC = ""  # `from retriever import Library`: the package's face, which offers the library
LAYER_OF[PUBLIC] = LAYER_OF["library"] + 1


def modules() -> dict[str, Path]:
    """Every module by its dotted name below `retriever`; the package itself is ''."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Names below `retriever` that the file imports, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} line {node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            top, _, rest = name.partition(".")
            if top == "retriever":
                yield next(part for part in _heads(rest) if part in known)


def _heads(name: str) -> Iterator[str]:
    """The dotted name, then the same without its last part, down to ''."""
    while name:
        yield name
        name = name.rpartition(".")[0]
    yield ""


def part(module: str) -> str:
    return module.split(".")[0]


def test_every_module_has_its_layer() -> None:
    assert {part(name) for name in modules()} == set(LAYER_OF)


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_imports_from_lower_layers_only(name: str) -> None:
    known = modules()
    wrong = [
        target
        for target in imports(known[name], known)
        if part(target) != part(name) and LAYER_OF[part(target)] >= LAYER_OF[part(name)]
    ]
    assert wrong == []


def test_no_modules_import_one_another_in_a_ring() -> None:
    known = modules()
    graph = {name: set(imports(path, known)) - {name} for name, path in known.items()}
    list(TopologicalSorter(graph).static_order())  # raises CycleError


@pytest.mark.parametrize("command", [[], ["index"], ["search"], ["ask"], ["show"], ["settings"],
                                     ["evaluate"], ["vocabulary"], ["map"], ["overview"],
                                     ["edit"], ["replace"], ["supersede"], ["remove"], ["restore"],
                                     ["purge"], ["history"], ["undo"],
                                     ["import-ris"], ["import-metadata"], ["export"], ["fetch"],
                                     ["collection"], ["collection", "add"], ["backup"],
                                     ["restore-backup"], ["add"], ["work"]])
def test_help_loads_nothing_heavy(command: list[str]) -> None:
    heavy = ("torch", "faiss", "bm25s", "streamlit", "sentence_transformers", "lxml", "pypdf",
             "numpy", "trafilatura", "docx", "pypdfium2", "transformers", "ir_measures",
             "rispy", "openpyxl", "urllib3")
    program = (
        "import sys\n"
        "from retriever.cli import cli\n"
        f"cli({[*command, '--help']!r}, standalone_mode=False)\n"
        f"loaded = [name for name in {heavy!r} if name in sys.modules]\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "Example:" in run.stdout
