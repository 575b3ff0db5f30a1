"""Evidence retrieval assistant: verbatim, page-cited findings for commissioning questions.

Importing this package is cheap: what is heavy is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retriever.library import Library

__all__ = ["Library"]


def __getattr__(name: str) -> Any:
    if name == "Library":
        from retriever.library import Library

        return Library
    raise AttributeError(f"module 'retriever' has no attribute {name!r}")
