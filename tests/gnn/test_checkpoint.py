"""A checkpoint comes back as it was, or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest

from gnn.checkpoint import load_checkpoint, save_checkpoint
from kg.errors import ModelError
from kg.ids import Vocabulary

PRODUCTS = Vocabulary(["product:1", "product:2"])
VOCABULARIES = {"products": PRODUCTS.fingerprint}
ARRAYS = {
    "z_products": np.arange(6, dtype=np.float32).reshape(2, 3),
    "channel.rows": np.array([[1, 2]], dtype=np.int16),
    "none": np.zeros((0, 4)),
}
WEIGHTS = {"projection.weight": np.eye(2, dtype=np.float32)[:, ::-1]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model" / "gnn"
    save_checkpoint(
        folder, ARRAYS, meta={"lr": 0.1, "名": ["x"]}, vocabularies=VOCABULARIES, weights=WEIGHTS
    )
    return folder


def test_round_trip(folder: Path) -> None:
    checkpoint = load_checkpoint(folder, vocabularies=VOCABULARIES, verify=True)
    assert checkpoint.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(checkpoint.arrays[name], array, strict=True)
    np.testing.assert_array_equal(
        checkpoint.weights["projection.weight"], WEIGHTS["projection.weight"]
    )
    assert checkpoint.meta == {"lr": 0.1, "名": ["x"]}


def test_arrays_are_mapped_and_read_only(folder: Path) -> None:
    z = load_checkpoint(folder, vocabularies=VOCABULARIES).arrays["z_products"]
    assert isinstance(z.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        z[0, 0] = 1


def test_same_content_writes_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    save_checkpoint(
        again, ARRAYS, meta={"名": ["x"], "lr": 0.1}, vocabularies=VOCABULARIES, weights=WEIGHTS
    )
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    assert all((folder / name).read_bytes() == (again / name).read_bytes() for name in names)


def test_weights_may_be_left_out(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, ARRAYS, meta={}, vocabularies={})
    assert load_checkpoint(tmp_path, vocabularies={}).weights == {}
    assert not (tmp_path / "weights.safetensors").exists()


@pytest.mark.parametrize("other", [["product:2", "product:1"], ["product:1"]])
def test_another_vocabulary_is_refused(folder: Path, other: list[str]) -> None:
    with pytest.raises(ModelError, match="another graph: its 'products' vocabulary is"):
        load_checkpoint(folder, vocabularies={"products": Vocabulary(other).fingerprint})


def test_a_vocabulary_it_does_not_know_is_refused(folder: Path) -> None:
    with pytest.raises(ModelError, match="its 'users' vocabulary is None"):
        load_checkpoint(folder, vocabularies={"users": PRODUCTS.fingerprint})


def test_a_folder_without_manifest_is_no_checkpoint(folder: Path) -> None:
    (folder / "checkpoint.json").unlink()
    with pytest.raises(ModelError, match=r"checkpoint\.json is missing; train the model again"):
        load_checkpoint(folder, vocabularies={})


def test_a_broken_manifest(folder: Path) -> None:
    (folder / "checkpoint.json").write_text("{")
    with pytest.raises(ModelError, match=r"checkpoint\.json cannot be read"):
        load_checkpoint(folder, vocabularies={})


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": 2}', '{"format": 1}'])
def test_another_format(folder: Path, content: str) -> None:
    (folder / "checkpoint.json").write_text(content)
    with pytest.raises(ModelError, match="not a checkpoint of format 1"):
        load_checkpoint(folder, vocabularies={})


def test_a_missing_array(folder: Path) -> None:
    (folder / "z_products.npy").unlink()
    with pytest.raises(ModelError, match=r"z_products\.npy is missing; train"):
        load_checkpoint(folder, vocabularies={})


def test_an_array_of_another_shape(folder: Path) -> None:
    np.save(folder / "z_products.npy", np.zeros((2, 4), dtype=np.float32))
    with pytest.raises(ModelError, match=r"z_products\.npy is <f4 \[2, 4\], the checkpoint says"):
        load_checkpoint(folder, vocabularies={})


def test_a_changed_number_is_seen_when_verified(folder: Path) -> None:
    changed = ARRAYS["z_products"].copy()
    changed[1, 2] += 1
    np.save(folder / "z_products.npy", changed)
    load_checkpoint(folder, vocabularies={})
    with pytest.raises(ModelError, match=r"z_products\.npy was changed since"):
        load_checkpoint(folder, vocabularies={}, verify=True)


def test_a_cut_array(folder: Path) -> None:
    path = folder / "z_products.npy"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ModelError, match=r"z_products\.npy is not a NumPy array"):
        load_checkpoint(folder, vocabularies={})


def test_changed_weights(folder: Path) -> None:
    path = folder / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"weights\.safetensors was changed"):
        load_checkpoint(folder, vocabularies={})
    path.unlink()
    with pytest.raises(ModelError, match=r"weights\.safetensors is missing"):
        load_checkpoint(folder, vocabularies={})


def test_weights_that_are_none(folder: Path) -> None:
    from hashlib import blake2b

    content = b"no safetensors"
    (folder / "weights.safetensors").write_bytes(content)
    manifest = json.loads((folder / "checkpoint.json").read_text())
    manifest["weights"] = blake2b(content, digest_size=16).hexdigest()
    (folder / "checkpoint.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"weights\.safetensors cannot be read"):
        load_checkpoint(folder, vocabularies={})


def test_a_manifest_cannot_point_elsewhere(folder: Path) -> None:
    manifest = json.loads((folder / "checkpoint.json").read_text())
    manifest["arrays"]["../secret"] = manifest["arrays"]["none"]
    (folder / "checkpoint.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"names an array '\.\./secret'"):
        load_checkpoint(folder, vocabularies={})


@pytest.mark.parametrize("name", ["a/b", "", ".hidden", "a b"])
def test_names_are_file_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="cannot be a file name"):
        save_checkpoint(tmp_path, {name: np.zeros(1)}, meta={}, vocabularies={})


def test_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="array 'a' holds Python objects"):
        save_checkpoint(tmp_path, {"a": np.array([object()])}, meta={}, vocabularies={})
