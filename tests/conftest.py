"""What several test files share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from retriever import Library

PROJECT = Path(__file__).resolve().parents[1]

MakeLibrary = Callable[..., Library]


@pytest.fixture
def shared_data() -> Path:
    """The development data beside the project; tests that need it are skipped without it."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data is not beside this checkout")
    return folder


@pytest.fixture
def make_library(tmp_path: Path) -> MakeLibrary:
    """Make a library out of texts: `make_library({"a.md": "# A\\n\\nText."}, settings="...")`."""

    def make(files: dict[str, str], settings: str = "", index: bool = True) -> Library:
        root = tmp_path / "library"
        for name, text in files.items():
            path = root / "corpus" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (root / "corpus").mkdir(parents=True, exist_ok=True)
        lines = (
            settings if "[embedder]" in settings else f'{settings}\n[embedder]\nmodel = "hashing"\n'
        )
        (root / "retriever.toml").write_text(lines, encoding="utf-8")
        library = Library.open(root)
        if index:
            library.index()
        return library

    return make
