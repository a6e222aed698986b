"""Who is measured, and which of their settings are tried.

A peer's settings are its library's defaults but for the few in its grid, the ones its authors tune;
the best on validation is taken. Settings by data set, where a method needs other ones there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["METHODS", "Method"]

EVENTS, KG = "events", "events, KG"
NO_NEGATIVES = {"train_neg_sample_args": None}
KG_COLUMNS = {
    "inter": ["user_id", "item_id"],
    "kg": ["head_id", "relation_id", "tail_id"],
    "link": ["item_id", "entity_id"],
}
WITH_KG = {"load_col": KG_COLUMNS}
ON_EMBEDDINGS = {
    "load_col": {
        **KG_COLUMNS,
        **{
            f"{name}emb": [f"{name}_embedding_id", f"{name}_embedding"]
            for name in ("user", "entity", "relation")
        },
    }
}
ON_TRANSE = {
    "pretrain": "TransE",
    "pretrain_settings": WITH_KG,
    "pretrain_epochs": 30,
    "validate_every": 10,
    "patience": 2,
    "epochs": 50,
    "k": 10,
}


@dataclass(frozen=True)
class Method:
    """A peer's model."""

    name: str  # in the table
    library: Literal["hopwise", "implicit"]
    model: str  # by the library's name
    uses: str
    grid: Sequence[Mapping[str, Any]] = ({},)
    grids: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)  # by data set
    settings: Mapping[str, Any] = field(default_factory=dict)  # in every trial
    training: Mapping[str, Any] = field(default_factory=dict)  # of `Request`: epochs, patience, …

    datasets: Sequence[str] = ("ml-100k", "amazon-beauty")

    def trials(self, dataset: str) -> list[dict[str, Any]]:
        """Settings to try on a data set."""
        return [{**self.settings, **tried} for tried in self.grids.get(dataset, self.grid)]


METHODS: Sequence[Method] = (
    Method(
        "EASE (hopwise)", "hopwise", "EASE", EVENTS,
        grid=[{"reg_weight": value} for value in (100.0, 250.0, 500.0, 1000.0)],
        grids={"amazon-beauty": [{"reg_weight": value} for value in (20.0, 50.0, 250.0)]},
        settings=NO_NEGATIVES, training={"epochs": 1},
    ),
    Method(
        "item-KNN, cosine (implicit)", "implicit", "Cosine", EVENTS,
        grid=[{"K": value} for value in (20, 100, 500)],
    ),
    Method(
        "ALS (implicit)", "implicit", "ALS", EVENTS,
        grid=[
            {"factors": factors, "regularization": 0.1, "alpha": alpha, "iterations": 15}
            for factors in (32, 64, 128) for alpha in (1.0, 10.0)
        ],
    ),
    Method(
        "BPR (implicit)", "implicit", "BPR", EVENTS,
        grid=[
            {"factors": 64, "learning_rate": rate, "regularization": 0.01, "iterations": rounds}
            for rate in (0.01, 0.05) for rounds in (50, 150)
        ],
    ),
    Method(
        "MultiVAE (hopwise)", "hopwise", "MultiVAE", EVENTS,
        settings=NO_NEGATIVES, training={"epochs": 300, "validate_every": 2},
    ),
    Method(
        "LightGCN (hopwise)", "hopwise", "LightGCN", EVENTS,
        grid=[{"learning_rate": 0.001}, {"learning_rate": 0.005}],
        training={"epochs": 300, "validate_every": 5, "patience": 5},
    ),
    Method(
        "CKE (hopwise)", "hopwise", "CKE", KG,
        settings=WITH_KG, training={"epochs": 300, "validate_every": 5, "patience": 5},
    ),
    Method(
        "KGIN (hopwise)", "hopwise", "KGIN", KG,
        settings={**WITH_KG, "kg_reverse_r": True},
        training={"epochs": 300, "validate_every": 5, "patience": 5},
    ),
    Method(
        "PGPR (hopwise)", "hopwise", "PGPR", KG,
        settings={**ON_EMBEDDINGS, "preload_weight_path": "ml-100k-embeddings"},
        training=ON_TRANSE, datasets=("ml-100k",),
    ),
    Method(
        "CAFE (hopwise)", "hopwise", "CAFE", KG,
        settings={**ON_EMBEDDINGS, "preload_weight_path": "ml-100k-embeddings", "eval_step": 1},
        training=ON_TRANSE, datasets=("ml-100k",),
    ),
)  # fmt: skip
"""Every peer, in the order they are run: the quick ones first."""
