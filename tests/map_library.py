"""A small library for the tests of the evidence map: who reports what for whom is known."""

from collections.abc import Mapping
from pathlib import Path

from retriever import Library

LONG = "\n\n".join(
    f"## Part {number}\n\nParagraph {number} tells of allotments and bridges in the town."
    for number in range(1, 15)
)

FILES = {
    "letters.md": "# Letters and bowel screening\n\n## Results\n\nUptake of bowel screening was "
    "42% among Pakistani people who had a letter, against 30% without.\n\n## Participants\n\n"
    "Pakistani people were recruited in two towns.\n",
    "letters.toml": 'title = "Letters and bowel screening"\nyear = 2019\n'
    'source_type = "randomised-trial"\n',
    "phone.md": "# Phone calls and bowel screening\n\n## Methods\n\nWe recruited 900 people who "
    "had missed bowel screening; 13% were Bangladeshi.\n\n## Results\n\nUptake of bowel "
    "screening was 8 points higher after a phone call.\n",
    "phone.toml": 'title = "Phone calls and bowel screening"\nyear = 2021\n'
    'source_type = "randomised-trial"\n',
    "videos.md": "# Videos on bowel screening in South Asian women\n\n## Results\n\nUptake of "
    "bowel screening rose by 5 points after a video.\n",
    "videos.toml": 'title = "Videos on bowel screening in South Asian women"\nyear = 2012\n'
    'source_type = "observational-study"\n',
    "plan.md": "# A plan for bowel screening\n\n## Gaps\n\nThere were no data for Somali people on "
    "<b>bowel screening</b>.\n\n## Next\n\nA leaflet for Bangladeshi people on bowel screening is "
    "planned.\n",
    "plan.toml": 'title = "A plan for <i>bowel screening</i>"\nyear = 2015\n'
    'source_type = "policy-paper"\n',
    "teeth.md": "# Teeth of children\n\n## Results\n\nTooth decay was less common in Somali "
    "children after brushing at school.\n",
    # Its Somali result stands far from what it says on screening.
    "town.md": "# The town\n\n## Checks\n\nUptake of bowel screening was 50% in the town.\n\n"
    f"{LONG}\n\n## Schools\n\nTooth decay was less common in Somali children who brushed.\n",
}


def build(root: Path, files: Mapping[str, str] = FILES) -> Library:
    """Write the library's files below `root` and index them."""
    (root / "corpus").mkdir(parents=True)
    (root / "retriever.toml").write_text('[embedder]\nmodel = "hashing"\n', encoding="utf-8")
    for name, text in files.items():
        (root / "corpus" / name).write_text(text, encoding="utf-8")
    library = Library.open(root)
    library.index()
    return library
