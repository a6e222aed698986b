"""How well the model ranks, measured honestly, next to what it has to beat.

In: a graph, an ontology, a split. Out: a `Report`. The protocol: settings are chosen on validation
with a model of the training part; the final model is fitted on training and validation together;
the test part is looked at once, for every method alike. Products a user met before are masked;
users without a history before the test cannot be served by any method and are counted apart.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.ablation import Ablation, ablate
from gnn.baselines import ease_scorer, item_cosine_scorer, popularity_scorer
from gnn.channels import read_channels
from gnn.cold import ColdReport, measure_cold
from gnn.cold_methods import ColdConfig
from gnn.embed import Embed
from gnn.fidelity import FidelityConfig, FidelityReport, fidelity
from gnn.fit import TrainingData, attach_gnn, fit_model, read_training
from gnn.fusion import HeadConfig
from gnn.held_out import HeldOut
from gnn.ranking import model_scorer
from gnn.split import Split
from gnn.storage import Model
from gnn.tune import Trial, TuneConfig, Tuning, tune
from gnn.tune_gnn import tune_gnn_weight
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.schema import Schema

__all__ = ["Lists", "Report", "evaluate"]


@dataclass(frozen=True)
class Lists:
    """What was recommended to whom, for whoever wants to measure something else."""

    users: tuple[str, ...]  # compact ids
    products: dict[str, NDArray[np.int64]]  # method -> (users, K) product rows, best first; or -1


@dataclass(frozen=True)
class Report:
    """What an evaluation found."""

    split: str
    metrics: dict[str, dict[str, float]]  # method -> metric@k -> value
    config: HeadConfig
    tuning: Tuning | None
    users: int  # measured
    users_without_history: int  # in the test part, but not servable
    products: int
    interactions: dict[str, int]  # train, valid, test
    exact_sum_error: float
    head: dict[str, str]  # which head was fitted, and why
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_bytes: int = 0  # of the process, so far
    gnn_trials: dict[str, float] = field(default_factory=dict)  # weight -> NDCG on validation
    lists: Lists | None = None
    explanations: FidelityReport | None = None
    diversity: list[dict[str, float]] = field(default_factory=list)  # gnn.tradeoff, on validation
    ablations: list[Ablation] = field(default_factory=list)
    cold: ColdReport | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, without the lists."""
        found = asdict(replace(self, lists=None))
        del found["lists"]
        found["config"] = self.config.model_dump()
        if self.tuning is not None:
            found["tuning"]["config"] = self.tuning.config.model_dump()
        if self.explanations is not None:
            found["explanations"] = self.explanations.to_dict()
        return found


def evaluate(
    kg: KnowledgeGraph,
    schema: Schema,
    split: Split,
    *,
    ks: Sequence[int] = (10, 20),
    config: HeadConfig | None = None,
    tuning: TuneConfig | None = None,
    text: NDArray[np.float32] | None = None,
    baselines: bool = True,
    embed: Embed | None = None,
    explanations: FidelityConfig | None = None,
    ablations: bool = False,
    cold: ColdConfig | None = None,
) -> Report:
    """Measure the model on a split.

    Args:
        kg: the graph; its event facts are not used, only its tables and catalogue facts.
        schema: the ontology.
        split: of ``kg.interactions``.
        ks: cut-offs.
        config: settings, or where tuning starts.
        tuning: how to tune on validation; None: ``config`` is used as it is.
        text: (n, d) text embeddings.
        baselines: measure popularity, item-KNN and EASE too.
        embed: train and measure a GNN too.
        explanations: measure the explanations of the test users' recommendations too.
        ablations: measure the model without each of its parts too.
        cold: measure how new products fare too, as this says.

    Raises:
        ModelError: nobody in the test part can be measured.
    """
    start = HeadConfig() if config is None else config
    products = Vocabulary(kg.products["id"].to_pylist())
    clock = _Clock()
    with clock("channels"):
        channels = read_channels(kg, schema, products, damping=start.ancestor_damping)
    early = read_training(split.train, products, start)
    wanted = early.truth(split.valid)
    found = None
    if tuning is not None:
        with clock("tuning"):
            found = tune(early, wanted, channels, text, start=start, config=tuning)
    chosen = start if found is None else found.config
    test = HeldOut.of(read_training(split.train_and_valid, products, chosen), split.test, ks)
    fit = partial(fit_model, kg, schema, text=text, config=chosen, channels=channels)
    with clock("fit"):
        model = fit(split.train_and_valid)
    metrics = {"head": test.measure(model_scorer(model.head, kin=model.kin), chosen)}
    trials: list[Trial] = []
    embeddings = None
    if embed is not None:
        with clock("gnn"):
            trials = _gnn_trials(embed(split.train), fit(split.train), early, wanted)
            embeddings = embed(split.train_and_valid)
            metrics |= _with_gnn(embeddings, model, test, chosen, trials[0].value)
            histories = test.data.histories(chosen)
            model = attach_gnn(model, embeddings, histories, trials[0].value)
    if baselines:
        with clock("baselines"):
            metrics |= _baselines(early, wanted, test, chosen, tuning, model.choice.kind)
    report = _report(split, found, test, model, metrics, trials)
    more = _Further(kg, schema, split, model, {"text": text, "ks": ks, "channels": channels}, clock)
    return replace(
        report,
        explanations=more.explained(test, explanations),
        ablations=more.without_parts(embeddings) if ablations else [],
        cold=more.cold(embed, cold),
        seconds=clock.seconds,
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


class _Clock:
    """Wall-clock seconds of named steps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Time a block."""
        since = time.perf_counter()
        yield
        self.seconds[step] = round(time.perf_counter() - since, 2)


@dataclass(frozen=True)
class _Further:
    """What may be measured of a fitted model besides its ranking; nothing where not asked for."""

    kg: KnowledgeGraph
    schema: Schema
    split: Split
    model: Model
    again: Mapping[str, Any]  # what models are fitted with once more
    clock: _Clock

    def explained(self, test: HeldOut, config: FidelityConfig | None) -> FidelityReport | None:
        """Explanations of the test users' recommendations."""
        if config is None:
            return None
        names = [test.data.users[row] for row in test.users.tolist()]
        with self.clock("explanations"):
            history = self.split.train_and_valid
            return fidelity(self.kg, self.schema, self.model, history, names, config)

    def without_parts(self, embeddings: NDArray[np.float32] | None) -> list[Ablation]:
        """The model without each of its parts."""
        with self.clock("ablations"):
            return ablate(
                self.kg, self.schema, self.split, self.model, embeddings=embeddings, **self.again
            )

    def cold(self, embed: Embed | None, config: ColdConfig | None) -> ColdReport | None:
        """How new products fare."""
        if config is None:
            return None
        with self.clock("cold"):
            return measure_cold(
                self.kg,
                self.schema,
                self.split,
                config=self.model.config,
                embed=embed,
                cold=config,
                **self.again,
            )


def _report(
    split: Split,
    found: Tuning | None,
    test: HeldOut,
    model: Model,
    metrics: dict[str, dict[str, float]],
    trials: Sequence[Trial],
) -> Report:
    """The report of a ranking."""
    known = set(test.data.users)
    lists = Lists(
        tuple(test.data.users[int(row)] for row in test.users),
        dict(zip(metrics, test.measured, strict=True)),
    )
    return Report(
        split=split.description,
        metrics=metrics,
        config=model.config,
        tuning=found,
        users=len(test.users),
        users_without_history=len(set(split.test["user_id"].to_pylist()) - known),
        products=len(model.products),
        interactions={name: getattr(split, name).num_rows for name in ("train", "valid", "test")},
        exact_sum_error=model.head.error,
        head=model.choice.to_dict(),
        gnn_trials={f"{trial.value:g}": trial.ndcg for trial in trials},
        lists=lists,
    )


def _gnn_trials(
    embeddings: NDArray[np.float32], model: Model, data: TrainingData, wanted: csr_matrix
) -> list[Trial]:
    """Weights of the GNN tried on validation, the best first."""
    scaled = attach_gnn(model, embeddings, data.histories(model.config), 1.0).gnn
    return tune_gnn_weight(
        model_scorer(model.head, kin=model.kin), scaled, data, wanted, model.config
    )


def _with_gnn(
    embeddings: NDArray[np.float32], model: Model, test: HeldOut, config: HeadConfig, weight: float
) -> dict[str, dict[str, float]]:
    """Test metrics of the GNN alone and of head and GNN together."""
    scaled = attach_gnn(model, embeddings, test.data.histories(config), weight).gnn

    def alone(histories: csr_matrix) -> NDArray[np.floating]:
        return np.asarray((histories @ embeddings) @ embeddings.T)

    return {
        "gnn": test.measure(alone, config),
        "head+gnn": test.measure(model_scorer(model.head, scaled, model.kin), config),
    }


def _baselines(
    early: TrainingData,
    wanted: csr_matrix,
    test: HeldOut,
    config: HeadConfig,
    tuning: TuneConfig | None,
    head: str,
) -> dict[str, dict[str, float]]:
    """Test metrics of popularity, item-KNN and EASE, whose λ is tuned as the head's is.

    EASE is n × n itself: where the dense head does not fit, neither does it.
    """
    plain = HeadConfig(regularization=config.regularization)
    if tuning is not None:
        flat = tuning.model_copy(
            update={"recency": (1.0,), "half_lives": False, "norm_exponent": ()}
        )
        plain = tune(early, wanted, [], None, start=plain, config=flat).config
    user_items = test.data.user_items(plain)
    found = {}
    if head == "dense":
        found["ease"] = test.measure(ease_scorer(user_items, plain.regularization), plain)
    return found | {
        "item_knn": test.measure(item_cosine_scorer(user_items), plain),
        "popularity": test.measure(popularity_scorer(user_items), plain),
    }
