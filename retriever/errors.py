"""Everything that can go wrong in a way a person can mend.

    RetrieverError            printed as one line by the command line, shown as a box by the page
    ├─ SettingsError          retriever.toml holds something we do not understand
    ├─ SidecarError           a document's NAME.toml holds something we do not understand
    ├─ UnreadableFile         one file of the library has no usable text; the others go on
    ├─ ModelError             the embedding model is missing or is not the one expected
    ├─ IndexMissing           there is no index yet
    ├─ IndexMismatch          the index was built with other settings, or is damaged
    ├─ LockHeld               another indexing run, or another change, is at work
    ├─ StorageError           the disk is full or the folder cannot be written
    ├─ UnknownDocument        no such document (or passage) in the library
    ├─ BadQuestion            a question or filter that cannot be searched for
    ├─ DeskError              a change to the library's documents that cannot be made
    ├─ FetchError             something on the web cannot be had
    ├─ JudgementError         a file of questions, judgements or a run cannot be read
    └─ EvaluationError        a system, measure or set of questions cannot be evaluated

Every message says what happened, to which file or value, and what to do next.
"""

from __future__ import annotations


class RetrieverError(Exception):
    """Base of all errors whose message is meant for a person."""


class SettingsError(RetrieverError):
    """The settings file holds an unknown key or a value of the wrong type."""


class SidecarError(RetrieverError):
    """A sidecar record beside a document cannot be read or holds an unknown key."""


class UnreadableFile(RetrieverError):
    """A file of the library gives no usable text; the message says why and what to do."""


class ModelError(RetrieverError):
    """The embedding model is missing, damaged or not the one expected."""


class IndexMissing(RetrieverError):
    """The library has no index yet."""


class IndexMismatch(RetrieverError):
    """The index is damaged or was built with another model or other settings."""


class LockHeld(RetrieverError):
    """Another indexing run, or another change, holds the lock."""


class StorageError(RetrieverError):
    """The index folder cannot be written: disk full, read-only or no permission."""


class UnknownDocument(RetrieverError):
    """The library holds no document or passage of that name."""


class BadQuestion(RetrieverError):
    """A question, filter or mode that cannot be searched for."""


class DeskError(RetrieverError):
    """A change to the library's documents that cannot be made; nothing was changed."""


class FetchError(RetrieverError):
    """Something on the web cannot be had; nothing was added to the library.

    Attributes:
        code: The server's answer, such as 404; 0 where it gave none, or it was not asked.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class JudgementError(RetrieverError):
    """A file of questions, judgements or a run cannot be read; names the file and the line."""


class EvaluationError(RetrieverError):
    """An evaluation that cannot be made: an unknown system or measure, nothing to score."""
