"""Exact nearest passages by inner product of normalised vectors, with FAISS."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from retriever.errors import IndexMismatch

Vectors = NDArray[np.float32]
Numbers = NDArray[np.int64]


class VectorIndex:
    """A FAISS `IndexFlatIP` over the passages' vectors, in passage order."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: Vectors) -> Self:
        """Index unit vectors of shape `(passages, dimension)`."""
        import faiss

        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open what `save` wrote."""
        import faiss

        return cls(faiss.deserialize_index(np.fromfile(path, dtype=np.uint8)))

    def save(self, path: Path) -> None:
        """Write the index as one file, the same bytes for the same vectors."""
        import faiss

        faiss.serialize_index(self._index).tofile(path)

    def matrix(self) -> Vectors:
        """Every vector, shape `(passages, dimension)`; not a copy, so only to be read."""
        import faiss

        shape = int(self._index.ntotal), int(self._index.d)
        if not shape[0]:
            return np.empty(shape, dtype=np.float32)
        flat = faiss.rev_swig_ptr(self._index.get_xb(), shape[0] * shape[1])
        return np.asarray(flat, dtype=np.float32).reshape(shape)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def nearest(self, query: Vectors, count: int, allowed: Numbers) -> Numbers:
        """Numbers of the `count` passages most similar to `query`, out of those allowed.

        Args:
            query: Shape `(dimension,)`.
            count: How many; fewer come back where fewer are allowed.
            allowed: Passage numbers, ascending.

        Returns:
            Passage numbers, most similar first; ties by passage number.
        """
        import faiss

        count = min(count, len(allowed))
        if count == 0:
            return np.empty(0, dtype=np.int64)
        row = self._row(query)
        if len(allowed) == len(self):
            _, found = self._index.search(row, count)
        else:
            only: Any = faiss.SearchParameters
            _, found = self._index.search(
                row, count, params=only(sel=faiss.IDSelectorBatch(allowed))
            )
        numbers = np.sort(found[0][found[0] >= 0])
        return np.asarray(numbers[np.argsort(-self.similarities(query, numbers), kind="stable")])

    def similarities(self, query: Vectors, numbers: Numbers) -> NDArray[np.float64]:
        """Cosine similarity of `query` to each numbered passage, in their order."""
        row = self._row(query)[0]
        if not len(numbers):
            return np.empty(0)
        return np.asarray(self._index.reconstruct_batch(numbers) @ row, dtype=np.float64)

    def _row(self, query: Vectors) -> Vectors:
        row = np.ascontiguousarray(query, dtype=np.float32).reshape(1, -1)
        if row.shape[1] != self._index.d:
            raise IndexMismatch(
                f"The question's vector has {row.shape[1]} dimensions, the index has "
                f"{self._index.d}: it was built with another model. Run `retriever index`."
            )
        return row
