"""Document -> passages: runs of whole sentences that follow the sections and fit the model.

A passage never crosses a heading and never cuts a sentence; consecutive passages of one section
share a sentence. The heading line (title › section) goes before the text for embedding and word
search; it is no part of the passage, so `document.text[p.start:p.end] == p.text` always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from retriever.config import Passages
from retriever.schema import Document, Passage, Section
from retriever.sentences import Span, spans, units

CountTokens = Callable[[Sequence[str]], list[int]]

_SPECIAL_TOKENS = 2  # the model's own marks before and after a text
_TITLE_WORDS = 24
_HEADING_WORDS = 16


@dataclass(frozen=True)
class _Stretch:
    """Text under one heading, up to the next heading of any level."""

    section: tuple[str, ...]
    start: int
    end: int


def heading_line(title: str, section: Sequence[str]) -> str:
    """The line that stands before a passage for retrieval: "title › section › subsection".

    Long titles and headings are shortened, and only the innermost two headings are kept, so that
    the line leaves room for the text.
    """
    parts = [_first_words(title, _TITLE_WORDS)] if title else []
    parts += [_first_words(heading, _HEADING_WORDS) for heading in section[-2:] if heading != title]
    return " › ".join(parts)


def retrieval_text(title: str, passage: Passage) -> str:
    """What is embedded for a passage: its heading line, a line break, its text."""
    line = heading_line(title, passage.section)
    return f"{line}\n{passage.text}" if line else passage.text


def cut(document: Document, settings: Passages, count_tokens: CountTokens) -> list[Passage]:
    """Cut a document into passages, in order of the text.

    Args:
        document: The document; its sections steer the cuts.
        settings: Size and overlap.
        count_tokens: The embedding model's tokens in each text, special tokens left out.

    Returns:
        Passages with ids `document-id:0001`, … A sentence that alone is longer than the limit
        becomes a passage of its own: sentences are never cut.
    """
    passages: list[Passage] = []
    for stretch in _stretches(document):
        if not document.text[stretch.start : stretch.end].strip():
            continue
        line = heading_line(document.metadata.title, stretch.section)
        room = settings.max_tokens - _SPECIAL_TOKENS - count_tokens([line])[0]
        sentences, counts = _sentences_that_fit(document.text, stretch, room, count_tokens)
        for start, end in _pack(sentences, counts, room, settings.overlap_sentences):
            passages.append(
                Passage(
                    id=f"{document.id}:{len(passages) + 1:04d}",
                    document_id=document.id,
                    start=start,
                    end=end,
                    text=document.text[start:end],
                    section=stretch.section,
                    pages=document.pages_of(start, end),
                )
            )
    return passages


def section_path(sections: Sequence[Section], position: int) -> tuple[str, ...]:
    """The headings above a position of the text, outermost first."""
    return tuple(s.heading for s in sections if s.start <= position < s.end)


def _first_words(text: str, count: int) -> str:
    words = text.split()
    return " ".join(words[:count])


def _stretches(document: Document) -> Iterator[_Stretch]:
    """The text between headings, in order, each with the headings above it."""
    starts = [section.start for section in document.sections] + [len(document.text)]
    yield _Stretch((), 0, starts[0])
    for number, section in enumerate(document.sections):
        yield _Stretch(
            section_path(document.sections, section.start), section.body, starts[number + 1]
        )


def _sentences_that_fit(
    text: str, stretch: _Stretch, room: int, count_tokens: CountTokens
) -> tuple[list[Span], list[int]]:
    """The stretch's sentences with their tokens; a list too long for one passage is opened up."""
    whole = units(text, stretch.start, stretch.end)
    counts = count_tokens([text[a:b] for a, b in whole])
    sentences: list[Span] = []
    for (start, end), count in zip(whole, counts, strict=True):
        sentences.extend([(start, end)] if count <= room else spans(text, start, end))
    if len(sentences) > len(whole):
        counts = count_tokens([text[a:b] for a, b in sentences])
    return sentences, counts


def _pack(
    sentences: Sequence[Span], counts: Sequence[int], room: int, overlap: int
) -> Iterator[Span]:
    """Fill passages of about equal size, each at most `room` tokens; spans of the passages."""
    first = 0
    while first < len(sentences):
        last = _last_that_fits(counts, first, _fair_share(counts[first:], room))
        yield sentences[first][0], sentences[last][1]
        if last + 1 == len(sentences):
            return
        # Step back by the overlap, but always on past this passage's first sentence, and only
        # where the next new sentence still fits behind the repeated ones.
        following = last + 1
        for back in range(min(overlap, last - first), 0, -1):
            if sum(counts[last + 1 - back : last + 2]) <= room:
                following = last + 1 - back
                break
        first = following


def _fair_share(counts: Sequence[int], room: int) -> int:
    """Tokens for the next passage so that what is left is shared out about evenly."""
    total = sum(counts)
    number = -(-total // max(room, 1))
    return min(room, -(-total // max(number, 1)) + max(counts, default=0) // 2)


def _last_that_fits(counts: Sequence[int], first: int, room: int) -> int:
    used, last = counts[first], first
    while last + 1 < len(counts) and used + counts[last + 1] <= room:
        last += 1
        used += counts[last]
    return last
