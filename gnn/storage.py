"""A fitted model on disk: ``model.json`` and one ``.npy`` per array, memory-mapped when read.

In: a `Model`. Out: files in a directory, and the same `Model` back, sharing memory between all
processes that read it. No torch, no pickle.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.sparse import csr_matrix

from gnn.arrays import StringTable, load_array, save_arrays, string_arrays
from gnn.choice import HeadChoice
from gnn.dense import HeavyColumns
from gnn.features import Features
from gnn.fusion import FusionHead, HeadConfig
from gnn.kin import Kin
from gnn.lowrank import LowRankHead
from gnn.newcomer_head import WithNewcomers
from gnn.user_events import UserEvents
from kg.errors import ModelError
from kg.ids import Vocabulary
from kg.records import Edge

__all__ = ["Model", "load_model", "save_model"]

FORMAT = 3


@dataclass(frozen=True)
class Model:
    """Everything a snapshot's model directory holds."""

    config: HeadConfig
    choice: HeadChoice  # which head, and why
    products: Vocabulary
    head: FusionHead | LowRankHead | WithNewcomers
    events: UserEvents
    broader: dict[str, tuple[Edge, ...]]  # facts from a concept to those it falls under
    kin: Kin  # whom products without events take after
    gnn: NDArray[np.float32]  # (n, d) embeddings scaled by the GNN's weight; d is 0 without one

    @cached_property
    def walked(self) -> dict[int, tuple[Edge, ...]]:
        """Facts behind entries of the feature matrix that were told already (`gnn.paths`)."""
        return {}


def save_model(model: Model, directory: Path) -> None:
    """Write a model into a directory.

    Raises:
        ModelError: it has newcomers, which no fit has seen.
    """
    if isinstance(model.head, WithNewcomers):
        raise ModelError("a model with newcomers is made when served, not saved; train one instead")
    head, features, events = model.head, model.head.features, model.events
    arrays: dict[str, NDArray[Any]] = {
        **_head_arrays(head),
        "gnn": model.gnn,
        **_sparse_arrays("kin", model.kin.shares),
        **{f"features.{name}": getattr(features, name) for name in _FEATURE_ARRAYS},
        **{f"events.{name}": getattr(events, name) for name in _EVENT_ARRAYS},
        **string_arrays("products", model.products),
        **string_arrays("entities", features.entities),
        **string_arrays("values", features.values),
        **string_arrays("users", events.users),
    }
    save_arrays(directory, arrays)
    settings = {
        "format": FORMAT,
        "config": model.config.model_dump(),
        "products": {"count": len(model.products), "fingerprint": model.products.fingerprint},
        "head": model.choice.to_dict(),
        "regularization": model.config.regularization,
        "error": head.error,
        "features": {"sources": features.sources, "relations": features.relations},
        "events": {
            "relation_ids": events.relation_ids,
            "source_names": events.source_names,
            "relation_of": dict(events.relation_of),
        },
        "broader": {
            child: [(e.relation, e.object, e.confidence, e.source) for e in edges]
            for child, edges in model.broader.items()
        },
    }
    text = json.dumps(settings, ensure_ascii=False, indent=1, sort_keys=True)
    (directory / "model.json").write_text(text, encoding="utf-8")


def load_model(directory: Path) -> Model:
    """Read what `save_model` wrote; the arrays stay on disk and are mapped.

    Raises:
        ModelError: a file is missing, damaged or written by another version.
    """
    settings = _settings(directory / "model.json")
    try:
        config = HeadConfig.model_validate(settings["config"])
        products = Vocabulary(_strings(directory, "products"))
        if products.fingerprint != settings["products"]["fingerprint"]:
            raise ModelError(f"{directory}: the product list is not the one the model was made for")
        n = len(products)
        broader = {
            child: tuple(Edge(child, *edge) for edge in edges)
            for child, edges in settings["broader"].items()
        }
        return Model(
            config=config,
            choice=HeadChoice(**settings["head"]),
            products=products,
            head=_load_head(directory, settings, n),
            events=_load_events(directory, settings["events"], products),
            broader=broader,
            kin=Kin(_sparse(directory, "kin", (n, n)), config.kin.own_weight),
            gnn=load_array(directory, "gnn"),
        )
    except (KeyError, TypeError, ValidationError) as exc:
        raise ModelError(
            f"{directory / 'model.json'} is damaged ({exc!r}); train the model again"
        ) from exc


_FEATURE_ARRAYS = ("indptr", "indices", "data", "depth", "confidence", "source", "via", "channel")
_LOW_RANK_ARRAYS = (
    *("text", "share", "left", "reach", "of_entity", "of_purchase", "of_text", "coarse"),
    *("factor", "own"),
)
_EVENT_ARRAYS = ("indptr", "rows", "relations", "confidence", "sources")


def _settings(path: Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise ModelError(f"no model in {path.parent}; train one: clew train") from exc
    except (OSError, ValueError) as exc:
        raise ModelError(f"{path} cannot be read: {exc}; train the model again") from exc
    if not isinstance(settings, dict) or settings.get("format") != FORMAT:
        raise ModelError(f"{path} is not of format {FORMAT}; train the model again")
    return settings


def _head_arrays(head: FusionHead | LowRankHead) -> dict[str, NDArray[Any]]:
    if isinstance(head, LowRankHead):
        return {
            **{name: getattr(head, name) for name in _LOW_RANK_ARRAYS},
            **_sparse_arrays("known", head.known),
            **_sparse_arrays("by_entity", head.by_entity),
            **_sparse_arrays("bought", head.bought),
        }
    return {
        "inverse": head.inverse,
        "factor": head.factor,
        "text": head.text,
        "inverse_text": head.inverse_text,
        "heavy.index": head.heavy.index,
        "heavy.sums": head.heavy.sums,
        **_sparse_arrays("by_entity", head.by_entity),
        **_sparse_arrays("co_purchase", head.co_purchase),
        **_sparse_arrays("buyers", head.buyers),
    }


def _load_head(directory: Path, settings: dict[str, Any], n: int) -> FusionHead | LowRankHead:
    features = Features(
        shape=(n, len(load_array(directory, "features.channel"))),
        **{name: load_array(directory, f"features.{name}") for name in _FEATURE_ARRAYS},
        values=_strings(directory, "values"),
        entities=_strings(directory, "entities"),
        sources=tuple(settings["features"]["sources"]),
        relations=tuple(settings["features"]["relations"]),
    )
    if settings["head"]["kind"] == "low_rank":
        width = len(load_array(directory, "by_entity.indptr")) - 1
        users = width - features.shape[1]
        return LowRankHead(
            features=features,
            known=_sparse(directory, "known", (n, width)),
            by_entity=_sparse(directory, "by_entity", (width, n)),
            bought=_sparse(directory, "bought", (n, users)),
            error=float(settings["error"]),
            **{name: load_array(directory, name) for name in _LOW_RANK_ARRAYS},
        )
    return FusionHead(
        regularization=float(settings["regularization"]),
        inverse=load_array(directory, "inverse"),
        factor=load_array(directory, "factor"),
        features=features,
        by_entity=_sparse(directory, "by_entity", (features.shape[1], n)),
        heavy=HeavyColumns(
            load_array(directory, "heavy.index"), load_array(directory, "heavy.sums")
        ),
        text=load_array(directory, "text"),
        inverse_text=load_array(directory, "inverse_text"),
        co_purchase=_sparse(directory, "co_purchase", (n, n)),
        buyers=_sparse(directory, "buyers", (n, n)),
        error=float(settings["error"]),
    )


def _load_events(directory: Path, settings: dict[str, Any], products: Vocabulary) -> UserEvents:
    return UserEvents(
        products=products,
        users=_strings(directory, "users"),
        **{name: load_array(directory, f"events.{name}") for name in _EVENT_ARRAYS},
        relation_ids=tuple(settings["relation_ids"]),
        source_names=tuple(settings["source_names"]),
        relation_of=dict(settings["relation_of"]),
    )


def _strings(directory: Path, name: str) -> StringTable:
    return StringTable(
        load_array(directory, f"{name}.text"), load_array(directory, f"{name}.offsets")
    )


def _sparse_arrays(name: str, matrix: csr_matrix) -> dict[str, NDArray[Any]]:
    return {f"{name}.{part}": getattr(matrix, part) for part in ("indptr", "indices", "data")}


def _sparse(directory: Path, name: str, shape: tuple[int, int]) -> csr_matrix:
    data, indices, indptr = (
        load_array(directory, f"{name}.{part}") for part in ("data", "indices", "indptr")
    )
    matrix = csr_matrix((data, indices, indptr), shape=shape, copy=False)
    matrix.has_sorted_indices = True
    return matrix
