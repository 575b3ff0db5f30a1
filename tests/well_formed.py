"""What every loader promises about its text, as one check."""

from __future__ import annotations

from retriever.schema import Parsed


def assert_well_formed(parsed: Parsed) -> None:
    """Check `Parsed`'s conventions on text, sections and pages."""
    text = parsed.text
    assert text == text.strip()
    assert text.splitlines() == text.split("\n"), "only line feeds break lines"
    assert all(line == " ".join(line.split()) for line in text.split("\n"))
    assert "\n\n\n" not in text
    starts = [section.start for section in parsed.sections]
    assert starts == sorted(starts)
    for number, section in enumerate(parsed.sections):
        assert text[section.start :].partition("\n")[0] == section.heading
        assert section.start < section.body <= section.end <= len(text)
        following = [s for s in parsed.sections[number + 1 :] if s.level <= section.level]
        assert section.end == (following[0].start - 2 if following else len(text))
    for name in parsed.metadata.inferred:
        assert getattr(parsed.metadata, name), f"{name} is marked as inferred but empty"
