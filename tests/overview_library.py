"""The small library of the evidence map, with a result and a cost on one of its topics."""

from pathlib import Path

import map_library

from retriever import Library

CHANGED = (
    "Adding a leaflet did not change uptake of bowel screening: 57.6% with the leaflet against "
    "57.3% without (odds ratio 1.02, 95% CI 0.92 to 1.13, p=0.77)."
)
COST = (
    "The cost of bowel screening kits was £12 per person, and £4,000 per quality-adjusted life "
    "year gained."
)

FILES = {
    **map_library.FILES,
    "leaflet.md": f"# A leaflet\n\n## What was shown to work and made no difference\n\n{CHANGED}\n",
    "kits.md": f"# Testing kits\n\n## Costs and cost effectiveness\n\n{COST}\n",
    # On the costs of something else, in a document that speaks of screening elsewhere.
    "budget.md": "# The budget of the council\n\n## Roads\n\nThe cost of roads was £9 million, and "
    "cost effectiveness was not looked at.\n\n## Health\n\nThe council wants bowel screening.\n",
}


def build(root: Path) -> Library:
    """Write the library's files below `root` and index them."""
    return map_library.build(root, FILES)
