import threading
from pathlib import Path

import numpy as np
import pytest

from retriever import Library
from retriever.config import Embedder
from retriever.embedder import (
    PACKAGED_SHA256,
    HashingEmbedder,
    ModelEmbedder,
    open_embedder,
    packaged_folder,
    verify_packaged_weights,
)
from retriever.errors import IndexMismatch, ModelError

TEXTS = [
    "Reminder letters raised uptake of bowel cancer screening.",
    "People who got a prompt by post were more likely to return their kit.",
    "Fluoride in water and decayed teeth",
]


@pytest.fixture(scope="module")
def packaged():
    return open_embedder(Embedder(threads=1))


@pytest.mark.model
def test_the_packaged_weights_are_the_released_ones_and_others_are_refused(tmp_path):
    verify_packaged_weights(packaged_folder())
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(ModelError, match=f"expected {PACKAGED_SHA256[:16]}.*Re-install"):
        verify_packaged_weights(tmp_path)


@pytest.mark.model
def test_the_packaged_model_gives_unit_vectors_that_know_meaning(packaged):
    vectors = packaged.embed(TEXTS)
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1


@pytest.mark.model
def test_tokens_are_counted_as_the_model_reads_them(packaged):
    words = "screening " * 400
    assert packaged.count_tokens(["", "screening", words]) == [0, 1, 400]
    room = packaged.max_tokens - 2
    cut = packaged.embed(["screening " * room, words])
    np.testing.assert_allclose(cut[0], cut[1], atol=1e-5)


@pytest.mark.model
def test_many_threads_may_embed_at_once(packaged):
    expected = packaged.embed([TEXTS[0]])
    found, errors = [], []

    def embed() -> None:
        try:
            found.extend(packaged.embed([TEXTS[0]])[0] @ expected[0] for _ in range(5))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=embed) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    np.testing.assert_allclose(found, 1, rtol=1e-5)


def test_a_model_that_is_not_there_is_named_with_what_to_do(tmp_path):
    with pytest.raises(ModelError, match=r"No sentence-transformers model at .*nowhere.*MiniLM"):
        open_embedder(Embedder(model=str(tmp_path / "nowhere")))


def test_hashed_words_give_unit_vectors_even_for_no_words():
    vectors = HashingEmbedder().embed(["", "letters", "letters letters", "the"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(vectors[1], vectors[2], rtol=1e-5)
    assert HashingEmbedder().embed([]).shape == (0, 256)


@pytest.mark.model
def test_an_adapter_is_folded_in_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    name = "0.model.encoder.layer.0.attention.output.dense"
    chance = torch.Generator().manual_seed(1)
    factors = {
        f"{name}.A": torch.randn(2, 384, generator=chance) / 10,
        f"{name}.B": torch.randn(384, 2, generator=chance) / 10,
    }
    save_file(factors, str(tmp_path / "adapter.safetensors"))
    (tmp_path / "damaged.safetensors").write_bytes(b"no adapter")
    texts = ["Reminder letters raised uptake of bowel screening."]

    def embedded(adapter: Path | None) -> np.ndarray:
        return ModelEmbedder(packaged_folder(), Embedder(threads=1), "x", adapter).embed(texts)

    released = embedded(None)
    adapted = embedded(tmp_path / "adapter.safetensors")
    assert adapted.shape == released.shape
    assert 0.1 < float((adapted @ released.T)[0, 0]) < 0.9999
    with pytest.raises(ModelError, match=r"damaged\.safetensors does not fit"):
        embedded(tmp_path / "damaged.safetensors")


def test_the_adapter_is_part_of_the_models_name() -> None:
    adapted, released = open_embedder(Embedder()), open_embedder(Embedder(adapter="none"))
    assert "commissioning" in adapted.fingerprint
    assert adapted.fingerprint.startswith(released.fingerprint)
    assert adapted.fingerprint != released.fingerprint


@pytest.mark.model
def test_an_index_with_the_adapter_is_refused_without_it(make_library) -> None:
    files = {"a.md": "# Letters\n\nReminder letters raised uptake of bowel screening."}
    settings = "[embedder]\nthreads = 1\n"
    library = make_library(files, settings=settings)
    assert library.ask("Do reminder letters raise uptake of bowel screening?").findings
    (library.root / "retriever.toml").write_text(f'{settings}adapter = "none"\n')
    with pytest.raises(IndexMismatch, match=r"commissioning@.*Run `retriever index`"):
        Library.open(library.root).search("letters")


@pytest.mark.model
def test_a_missing_adapter_is_named_with_what_to_do(tmp_path: Path) -> None:
    embedder = ModelEmbedder(packaged_folder(), Embedder(threads=1), "x", tmp_path / "gone")
    with pytest.raises(ModelError, match=r"gone does not fit .* embedder\.adapter to 'none'"):
        embedder.embed(["text"])
