"""Tables of metadata: read from a CSV file or a spreadsheet, and written as CSV.

One row is one document. Its columns have the names of a sidecar's keys; lists are parted by ";".
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import difflib
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retriever.errors import DeskError, SidecarError
from retriever.loaders.blocks import clean_line
from retriever.loaders.detect import decode
from retriever.loaders.sidecar import changed
from retriever.references import Fault
from retriever.schema import LibraryEntry, Metadata

_KEYS = {
    "deprivation": "populations.deprivation",
    "ethnic_groups": "populations.ethnic_groups",
    "other_groups": "populations.other",
}
_DEFAULTS = {f.name: getattr(Metadata(), f.name) for f in dataclasses.fields(Metadata)}
_FIELDS = [name for name in _DEFAULTS if name != "inferred"]
_COLUMNS = ("path", "document", *(_KEYS.get(name, name) for name in _FIELDS), "inferred")
_FIELD_OF = {name: name for name in _FIELDS} | {key: name for name, key in _KEYS.items()}
_DELIMITERS = ",;\t"
_FORMULA = re.compile(r"'*[=+\-@]")
_GUARD = "'"
_MAX_BYTES = 50_000_000  # of the file, and of what a spreadsheet unpacks to
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_SAVE_AS = "Save it as .xlsx or as CSV (UTF-8), and try again."


@dataclass(frozen=True)
class Row:
    """What one row states of a document.

    Attributes:
        number: As the spreadsheet numbers it; the headings are in row 1.
        path: Of the document, below `corpus/`; may be empty where `document` is not.
        document: The document's id.
        values: Field of `Metadata` -> value, without empty cells.
        inferred: Fields that the row marks as inferred, as our own tables do.
    """

    number: int
    path: str
    document: str
    values: Mapping[str, Any]
    inferred: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A table, as it was read.

    Attributes:
        faults: Cells, rows and columns that were left out.
        note: What to know of the file as a whole, or nothing.
    """

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...] = ()
    note: str = ""


def read(path: Path) -> Sheet:
    """Read a CSV file (comma, semicolon or tab; any usual encoding) or a spreadsheet (.xlsx).

    Raises:
        DeskError: It cannot be read, or no column names the documents.
    """
    data = _bytes(path)
    note = ""
    if data.startswith(b"PK"):
        cells = _spreadsheet(data, path.name)
    else:
        text, note = decode(data)
        cells = _csv(text, path.name)
    numbered = [(number, row) for number, row in enumerate(cells, start=1) if any(row)]
    if not numbered:
        raise DeskError(f"{path.name} is empty. Write a row of headings and a row per document.")
    (_, headings), *rows = numbered
    columns, faults = _columns(headings, path.name)
    found = []
    for number, row in rows:
        made, wrong = _row(number, dict(zip(columns, row, strict=False)), path.name)
        faults += wrong
        if made:
            found.append(made)
    return Sheet(tuple(found), tuple(faults), note)


def written(entries: Iterable[LibraryEntry]) -> str:
    """Documents as CSV that a spreadsheet opens: it begins with a byte order mark.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for entry in entries:
        known = dataclasses.asdict(entry.metadata)
        known["inferred"] = [_KEYS.get(name, name) for name in known["inferred"]]
        fields = (_FIELD_OF.get(column, column) for column in _COLUMNS[2:])
        cells = ("" if known[f] == _DEFAULTS[f] else as_cell(known[f]) for f in fields)
        writer.writerow(map(_guarded, (entry.path, entry.document_id, *cells)))
    return "\ufeff" + stream.getvalue().rstrip("\n")


def as_cell(value: Any) -> str:
    """A value of a record as a cell has it: lists joined, nothing for what is not stated."""
    if isinstance(value, list | tuple):
        return "; ".join(map(clean_line, value))
    return "" if value is None else clean_line(str(value))


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise DeskError(f"{path.name} is larger than 50 MB. Split it into several tables.")
        data = path.read_bytes()
    except OSError as error:
        raise DeskError(
            f"{path} cannot be read ({error.strerror}). Check its name, and that you may open it."
        ) from error
    if data.startswith(_OLD_EXCEL):
        raise DeskError(f"{path.name} is an old or locked Excel file. {_SAVE_AS}")
    return data


def _csv(text: str, name: str) -> list[list[str]]:
    if told := re.match(r"sep=(.)\r?\n", text):  # a line that Excel writes
        text = text[told.end() :]
    first = text.lstrip().partition("\n")[0]
    delimiter = told[1] if told else max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        rows.extend([clean_line(cell) for cell in row] for row in reader)
    except csv.Error as error:
        raise DeskError(f"{name}, line {reader.line_num} is no CSV: {error}. {_SAVE_AS}") from error
    return rows


def _spreadsheet(data: bytes, name: str) -> list[list[str]]:
    """The cells of the sheet that was open when the file was saved."""
    from openpyxl import load_workbook  # slow to load

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > 4 * _MAX_BYTES:
            raise DeskError(f"{name} unpacks to more than 200 MB. Split it into several tables.")
        with warnings.catch_warnings(action="ignore"):  # of what a table of cells does not need
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheet = book.active
            sheet.reset_dimensions()  # as stated they may be far too large
            return [[_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    except DeskError:
        raise
    except Exception as error:  # of zip, XML and a library that checks little
        raise DeskError(f"{name} cannot be read as a spreadsheet ({error}). {_SAVE_AS}") from error


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, datetime.datetime):
        cell = cell.date()
    return "" if cell is None else clean_line(str(cell))


def _columns(headings: Sequence[str], name: str) -> tuple[list[str], list[Fault]]:
    """For each column its field, `path`, `document` or `inferred`; nothing for unknown ones."""
    known = {column: column for column in _COLUMNS} | _FIELD_OF
    columns: list[str] = []
    faults = []
    for number, heading in enumerate(headings, start=1):
        column = known.get(re.sub(r"[\s-]+", "_", heading.casefold()), "")
        if column and column in columns:
            raise DeskError(f"{name} has two columns '{heading}'. Take one of them out.")
        if heading and not column:
            near = difflib.get_close_matches(heading.casefold(), known, n=1, cutoff=0.0)
            message = f"Unknown heading '{heading}': the column was left out. Did you mean "
            faults.append(Fault(f"{name}, column {number}", f"{message}'{near[0]}'?"))
        columns.append(column)
    if not {"path", "document"} & {*columns}:
        raise DeskError(
            f"{name} has no column 'path' or 'document' in its first row, which would say which "
            f"document a row is about. Its headings are: {', '.join(headings)}."
        )
    return columns, faults


def _row(number: int, cells: Mapping[str, str], name: str) -> tuple[Row | None, list[Fault]]:
    path, document = (_unguarded(cells.get(column, "")) for column in ("path", "document"))
    if not path and not document:
        message = "The row names no document: its path and document are empty. Fill in one."
        return None, [Fault(f"{name}, row {number}", message)]
    values: dict[str, Any] = {}
    faults = []
    for column, cell in cells.items():
        field = _FIELD_OF.get(column)
        value = _value(field, _unguarded(cell)) if field else None
        if field is None or value in (None, "", ()):
            continue
        try:
            changed("", {field: value}, "cell")
            values[field] = value
        except SidecarError as error:
            place = f"{name}, row {number}, column {_KEYS.get(column, column)}"
            what = str(error).removeprefix("cell: ")
            faults.append(Fault(place, f"{what} The cell was left out; correct it."))
    return Row(number, path, document, values, tuple(_inferred(cells))), faults


def _value(field: str, text: str) -> Any:
    if isinstance(_DEFAULTS[field], tuple):
        return tuple(part.strip() for part in text.split(";") if part.strip())
    return int(text) if field == "year" and re.fullmatch(r"\d{1,9}", text) else text


def _inferred(cells: Mapping[str, str]) -> Iterator[str]:
    for name in cells.get("inferred", "").split(";"):
        if field := _FIELD_OF.get(name.strip()):
            yield field


def _guarded(cell: str) -> str:
    return f"{_GUARD}{cell}" if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith(_GUARD) and _FORMULA.match(cell) else cell
