"""A trained model on disk: arrays, weights and settings that only fit the graph they came from.

In: named numpy arrays (what serving reads, memory-mapped ``.npy``), named weights (what training
made, one ``weights.safetensors``) and settings (``checkpoint.json``). Nothing is pickled, so
loading runs no code. The file ``checkpoint.json`` is written last: a folder without it is no
checkpoint. It holds shape, dtype and checksum of each array and the fingerprints of the
vocabularies whose rows the arrays number.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from gnn.arrays import load_array, save_arrays
from kg.errors import ModelError

__all__ = ["Checkpoint", "load_checkpoint", "save_checkpoint"]

FORMAT = 1
_MANIFEST = "checkpoint.json"
_WEIGHTS = "weights.safetensors"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What `save_checkpoint` wrote."""

    arrays: Mapping[str, NDArray[Any]]  # memory-mapped, read only
    weights: Mapping[str, NDArray[Any]]  # in memory
    meta: Mapping[str, Any]


def save_checkpoint(
    directory: Path,
    arrays: Mapping[str, NDArray[Any]],
    *,
    meta: Mapping[str, Any],
    vocabularies: Mapping[str, str],
    weights: Mapping[str, NDArray[Any]] | None = None,
) -> None:
    """Write a checkpoint into a folder, made where it is missing.

    Args:
        directory: where to.
        arrays: each becomes ``<name>.npy``; names are letters, digits, ``.``, ``_`` and ``-``.
        meta: settings and figures, as JSON knows them.
        vocabularies: name -> `kg.ids.Vocabulary.fingerprint`.
        weights: go into one safetensors file.

    Raises:
        ModelError: an array's name cannot be a file's, or its dtype is object.
    """
    for name, array in arrays.items():
        if not _NAME.fullmatch(name):
            raise ModelError(f"array name {name!r} cannot be a file name; use letters, digits, ._-")
        if array.dtype.hasobject:
            raise ModelError(f"array {name!r} holds Python objects; only numbers can be stored")
    manifest_path = directory / _MANIFEST
    manifest_path.unlink(missing_ok=True)
    save_arrays(directory, arrays)
    if weights:
        save_file(
            {name: np.ascontiguousarray(array) for name, array in weights.items()},
            directory / _WEIGHTS,
        )
    manifest = {
        "format": FORMAT,
        "vocabularies": dict(vocabularies),
        "meta": dict(meta),
        "arrays": {
            name: {
                "shape": list(array.shape),
                "dtype": array.dtype.str,
                "blake2b": _file_hash(directory / f"{name}.npy"),
            }
            for name, array in arrays.items()
        },
        "weights": _file_hash(directory / _WEIGHTS) if weights else None,
    }
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False)
    manifest_path.write_text(text + "\n", encoding="utf-8")


def load_checkpoint(
    directory: Path, *, vocabularies: Mapping[str, str], verify: bool = False
) -> Checkpoint:
    """Read a checkpoint; arrays are mapped, not read.

    Args:
        directory: where `save_checkpoint` wrote.
        vocabularies: name -> fingerprint of the vocabularies at hand; each must be the one the
            checkpoint was made with.
        verify: read every byte and compare the checksums; without, only shapes and dtypes are.

    Raises:
        ModelError: the folder is no checkpoint, was made by another version or for another graph,
            or a file is missing, damaged or changed.
    """
    manifest = _read_manifest(directory / _MANIFEST)
    for name, fingerprint in vocabularies.items():
        made_with = manifest["vocabularies"].get(name)
        if made_with != fingerprint:
            raise ModelError(
                f"{directory} was trained on another graph: its {name!r} vocabulary is "
                f"{made_with}, here it is {fingerprint}; train the model again"
            )
    arrays = {name: _load(directory, name, is_) for name, is_ in manifest["arrays"].items()}
    if verify:
        for name, is_ in manifest["arrays"].items():
            _check_hash(directory / f"{name}.npy", is_["blake2b"])
    weights: dict[str, NDArray[Any]] = {}
    if manifest["weights"] is not None:
        _check_hash(directory / _WEIGHTS, manifest["weights"])
        try:
            weights = load_file(directory / _WEIGHTS)
        except SafetensorError as exc:
            raise ModelError(f"{directory / _WEIGHTS} cannot be read: {exc}") from exc
    return Checkpoint(arrays=arrays, weights=weights, meta=manifest["meta"])


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise ModelError(f"{path} is missing; train the model again") from exc
    except (OSError, ValueError) as exc:
        raise ModelError(f"{path} cannot be read: {exc}; train the model again") from exc
    keys = {"format", "vocabularies", "meta", "arrays", "weights"}
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT or set(manifest) != keys:
        raise ModelError(
            f"{path} is not a checkpoint of format {FORMAT} (found {found!r}); "
            "train the model again"
        )
    return dict(manifest)


def _load(directory: Path, name: str, is_: Mapping[str, Any]) -> NDArray[Any]:
    if not _NAME.fullmatch(name):  # a manifest is a file too: it must not point elsewhere
        raise ModelError(f"{directory / _MANIFEST} names an array {name!r}; train the model again")
    array = load_array(directory, name)
    if list(array.shape) != is_["shape"] or array.dtype.str != is_["dtype"]:
        raise ModelError(
            f"{directory / name}.npy is {array.dtype.str} {list(array.shape)}, the checkpoint says "
            f"{is_['dtype']} {is_['shape']}; train the model again"
        )
    return array


def _check_hash(path: Path, expected: str) -> None:
    try:
        found = _file_hash(path)
    except FileNotFoundError as exc:
        raise ModelError(f"{path} is missing; train the model again") from exc
    if found != expected:
        raise ModelError(f"{path} was changed since it was written; train the model again")


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
