"""Settings: `retriever.toml` in the library's folder over the defaults below.

An unknown key or a value of the wrong type is refused with the nearest key that is known.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from retriever.errors import SettingsError

SETTINGS_FILE = "retriever.toml"


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes:
        max_megabytes: A larger file is not read.
        max_pages: A document with more pages is not read.
        timeout_seconds: A file whose parsing takes longer is given up; each page that is read by
            text recognition has as long again.
        memory_megabytes: Memory one reading process may use.
        workers: How many files are read at once.
        ocr: `auto`: pages without text are read by text recognition where that is installed;
            `off`: they are not.
        max_scanned_pages: Of a document with more pages without text, none is read by text
            recognition.
    """

    max_megabytes: int = 100
    max_pages: int = 2000
    timeout_seconds: int = 120
    memory_megabytes: int = 3072
    workers: int = 1
    ocr: str = "auto"
    max_scanned_pages: int = 300


@dataclass(frozen=True)
class Passages:
    """How documents are cut into passages.

    Attributes:
        max_tokens: Tokens of the embedding model that a passage and its heading line may have;
            never more than the model reads.
        overlap_sentences: Sentences that a passage repeats from the one before.
    """

    max_tokens: int = 256
    overlap_sentences: int = 0


@dataclass(frozen=True)
class Embedder:
    """The embedding model.

    Attributes:
        model: `all-MiniLM-L6-v2` (packaged), `hashing` (for tests: no meaning, only words), or
            the folder of any other sentence-transformers model.
        adapter: `commissioning` (the packaged model as trained further on commissioning
            questions) or `none` (as released). Other models have no adapter.
        batch_size: Texts embedded at once.
        threads: Processor cores used; 0 means all.
    """

    model: str = "all-MiniLM-L6-v2"
    adapter: str = "commissioning"
    batch_size: int = 16
    threads: int = 0


@dataclass(frozen=True)
class Search:
    """How passages are found.

    Attributes:
        lexical: `bm25s` or `rank-bm25`.
        fusion: `weighted` (weighted sum of scaled scores) or `rrf` (reciprocal rank fusion).
        vector_weight: For `weighted`: 0 is lexical alone, 1 is vector alone.
        document_weight: Share of its document's mean score in the fused score of a passage.
        rrf_k: For `rrf`: the constant added to each rank.
        candidates: How many passages each arm hands to the fusion.
        weighed: How many of the fused passages the ranker weighs.
        for_group: How many passages that name it are searched for by each group asked about, and
            weighed as well; 0: no search of its own.
        synonyms: How much a passage gains that names what is asked for in other words, as a share
            of what the question's own words bring; 0 leaves them out.
        organisations: How much the words of the bodies before and after one asked about count
            (PCT to CCG to ICB), as a share of its own; 0 leaves them out.
        k1: BM25's term saturation. b: BM25's length normalisation.
    """

    lexical: str = "bm25s"
    fusion: str = "weighted"
    vector_weight: float = 0.45
    document_weight: float = 0.1
    rrf_k: int = 60
    candidates: int = 200
    weighed: int = 60
    for_group: int = 15
    synonyms: float = 0.3
    organisations: float = 0.3
    k1: float = 1.2
    b: float = 0.75


@dataclass(frozen=True)
class Answers:
    """How findings are chosen.

    Attributes:
        findings: The most findings an answer shows.
        per_document: The most findings out of one document.
        passages: How many of the best passages are read for findings.
        max_sentences: The longest quotation, in sentences.
        min_nearness: A question to which the library comes less near than this is not answered.
        min_covered: Where the chance that the library answers all of a question is below this,
            what is shown is said to be the nearest only.
    """

    findings: int = 8
    per_document: int = 3
    passages: int = 9
    max_sentences: int = 3
    min_nearness: float = 0.1
    min_covered: float = 0.12


@dataclass(frozen=True)
class Desk:
    """How the librarians' desk keeps things.

    Attributes:
        keep_removed_days: For how long a removed document stays to be brought back.
    """

    keep_removed_days: int = 90


@dataclass(frozen=True)
class Web:
    """How documents are fetched from the web.

    Attributes:
        enabled: Whether anything is fetched at all.
        max_megabytes: A larger file is not fetched.
        timeout_seconds: What takes longer in all, waiting and redirects included, is given up.
        max_redirects: How often one address may send us on to another.
        seconds_between: The least time between two requests to the same host.
        proxy: Address of a proxy, `http://HOST:PORT`; empty: none, whatever the environment says.
    """

    enabled: bool = False
    max_megabytes: int = 100
    timeout_seconds: int = 120
    max_redirects: int = 5
    seconds_between: float = 1.0
    proxy: str = ""


@dataclass(frozen=True)
class Settings:
    """All settings, by table of `retriever.toml`."""

    reading: Reading = field(default_factory=Reading)
    passages: Passages = field(default_factory=Passages)
    embedder: Embedder = field(default_factory=Embedder)
    search: Search = field(default_factory=Search)
    answers: Answers = field(default_factory=Answers)
    desk: Desk = field(default_factory=Desk)
    web: Web = field(default_factory=Web)


CHOICES: dict[str, tuple[str, ...]] = {
    "reading.ocr": ("auto", "off"),
    "embedder.adapter": ("commissioning", "none"),
    "search.lexical": ("bm25s", "rank-bm25"),
    "search.fusion": ("weighted", "rrf"),
}
"""Settings that take one of a few words; registries in `lexical` and `fusion` are held to this."""

RANGES: dict[str, tuple[float, float]] = {
    "reading.max_megabytes": (1, 10_000),
    "reading.max_pages": (1, 100_000),
    "reading.timeout_seconds": (1, 3_600),
    "reading.memory_megabytes": (256, 65_536),
    "reading.workers": (1, 64),
    "reading.max_scanned_pages": (1, 100_000),
    "passages.max_tokens": (32, 8_192),
    "passages.overlap_sentences": (0, 5),
    "embedder.batch_size": (1, 1_024),
    "embedder.threads": (0, 256),
    "search.vector_weight": (0.0, 1.0),
    "search.document_weight": (0.0, 1.0),
    "search.rrf_k": (1, 1_000),
    "search.candidates": (10, 10_000),
    "search.weighed": (5, 1_000),
    "search.for_group": (0, 1_000),
    "search.organisations": (0.0, 1.0),
    "search.synonyms": (0.0, 1.0),
    "search.k1": (0.0, 10.0),
    "search.b": (0.0, 1.0),
    "answers.findings": (1, 100),
    "answers.per_document": (1, 100),
    "answers.passages": (1, 200),
    "answers.max_sentences": (1, 10),
    "answers.min_nearness": (-1.0, 1.0),
    "answers.min_covered": (0.0, 1.0),
    "desk.keep_removed_days": (0, 36_500),
    "web.max_megabytes": (1, 10_000),
    "web.timeout_seconds": (1, 3_600),
    "web.max_redirects": (0, 20),
    "web.seconds_between": (1.0, 600.0),
}


def load_settings(root: Path) -> Settings:
    """Read the settings of the library at `root`; defaults where there is no settings file.

    Raises:
        SettingsError: The file is not TOML, or holds an unknown key or an unfitting value.
    """
    path = root / SETTINGS_FILE
    return parse_settings(_read(path), str(path))


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}. Correct that line.") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error


@dataclass(frozen=True)
class Setting:
    """One setting in force.

    Attributes:
        name: Table and key, `search.k1`.
        set_in: The settings file, or "default" where that file does not set it.
    """

    name: str
    value: int | float | str
    default: int | float | str
    set_in: str


def list_settings(root: Path) -> tuple[Setting, ...]:
    """Every setting of the library at `root`, in the order of the records above.

    Raises:
        SettingsError: As `load_settings`.
    """
    path = root / SETTINGS_FILE
    raw = _read(path)
    settings, defaults = parse_settings(raw, str(path)), Settings()
    return tuple(
        Setting(
            f"{table.name}.{key.name}",
            getattr(getattr(settings, table.name), key.name),
            getattr(getattr(defaults, table.name), key.name),
            str(path) if key.name in raw.get(table.name, {}) else "default",
        )
        for table in _fields(defaults)
        for key in _fields(getattr(defaults, table.name))
    )


def parse_settings(raw: dict[str, Any], origin: str) -> Settings:
    """Check plain values against the known settings.

    Args:
        raw: Tables of values, as TOML gives them.
        origin: The file's name, for messages.

    Raises:
        SettingsError: An unknown key or an unfitting value.
    """
    defaults = Settings()
    tables = {}
    for name, values in raw.items():
        default = _known(
            name, {f.name: getattr(defaults, f.name) for f in _fields(defaults)}, origin, ""
        )
        if not isinstance(values, dict):
            raise SettingsError(f"{origin}: [{name}] must be a table, not {values!r}.")
        tables[name] = dataclasses.replace(default, **_checked(name, values, default, origin))
    return dataclasses.replace(defaults, **tables)


def _fields(record: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(record)


def _checked(table: str, values: dict[str, Any], default: Any, origin: str) -> dict[str, Any]:
    known = {f.name: getattr(default, f.name) for f in _fields(default)}
    return {
        key: _value(f"{table}.{key}", value, _known(key, known, origin, f"{table}."), origin)
        for key, value in values.items()
    }


def _known(key: str, known: dict[str, Any], origin: str, prefix: str) -> Any:
    if key in known:
        return known[key]
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    raise SettingsError(
        f"{origin}: unknown setting '{prefix}{key}'. Did you mean '{prefix}{near[0]}'? "
        "`retriever settings` lists all of them."
    )


def _value(name: str, value: Any, default: Any, origin: str) -> Any:
    wanted = type(default)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not wanted:
        raise SettingsError(
            f"{origin}: {name} must be {_TYPE_WORDS[wanted]}, not {value!r}. "
            f"The default is {default!r}."
        )
    if name in CHOICES and value not in CHOICES[name]:
        raise SettingsError(
            f"{origin}: {name} must be one of {', '.join(CHOICES[name])}, not {value!r}."
        )
    if name in RANGES and not RANGES[name][0] <= value <= RANGES[name][1]:
        low, high = RANGES[name]
        raise SettingsError(f"{origin}: {name} must lie between {low} and {high}, not {value!r}.")
    return value


_TYPE_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text in quotes",
}
