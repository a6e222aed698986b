"""How often suggested facts are right: a tenth of the facts hidden, then asked for.

usage: python scripts/bench/suggested_facts.py DATASET [--cache text-cache.sqlite] [--epochs 5]

For brand, category and colour, 10 % of the facts of the products are taken out of the graph before
the network is trained; texts are the titles alone, since the full text would name brand and
category. For each hidden fact the objects the product is not known to have are ranked. Prints
Recall@10 and MRR of the ranks, for the suggestions and for what they have to beat: how common the
object is; what the 20 products of the nearest titles have; the same method without the network.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.gnn_config import GnnConfig
from gnn.graph import node_features, to_hetero
from gnn.history import HistoryConfig, read_events
from gnn.model import LinearHeteroGNN
from gnn.propagation import PRODUCT, USER
from gnn.suggest import FactGuesser, SuggestConfig
from gnn.targets import Targets
from gnn.text import TextConfig, TextEncoder, product_text
from gnn.train import cached_encoder
from gnn.train_gnn import RunConfig, fit_gnn
from kg.build import languages_of
from kg.catalog import read_dataset
from kg.extract import Extractor
from kg.facts import KnowledgeGraph, build_graph
from kg.schema import Schema, load_schema

RELATIONS = {"schema:brand": "Brand", "clew:inCategory": "Category", "schema:color": "Colour"}
NEIGHBOURS = 20

Guess = Callable[[NDArray[np.int64]], NDArray[np.float32]]


def main() -> None:
    """Read the dataset, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("text-cache.sqlite"))
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="of what is hidden")
    options = parser.parse_args()
    schema, dataset = load_schema(), read_dataset(options.dataset)
    extractor = Extractor(schema, languages_of(dataset))
    kg = build_graph(dataset, schema, extractor, pseudonym_key=b"suggestions")
    encoder = cached_encoder(TextConfig(), options.cache)
    found = measure(kg, schema, encoder, GnnConfig(epochs=options.epochs), options.seed)
    print(json.dumps(found, indent=1))


def measure(
    kg: KnowledgeGraph, schema: Schema, encoder: TextEncoder, config: GnnConfig, seed: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Relation -> method -> measure -> value."""
    poorer, hidden = hide(kg, seed)
    features = node_features(kg, schema, encoder)
    titles = [product_text(title) for title in kg.products["title"].to_pylist()]
    features[PRODUCT] = encoder.encode(titles)
    data = to_hetero(poorer, schema, features, kg.interactions)
    columns = read_events(kg.interactions, data[USER].node_id, data[PRODUCT].node_id)
    targets = Targets(columns, HistoryConfig(), per_user=20, window=50)
    network = fit_gnn(data, targets, config, RunConfig(threads=1)).network
    found = {}
    for relation, label in RELATIONS.items():
        facts = hidden.filter(pc.equal(hidden["relation"], relation))
        products = [data[PRODUCT].node_id.row(name) for name in facts["subject"].to_pylist()]
        objects = [data[label].node_id.row(name) for name in facts["object"].to_pylist()]
        guesses = _guesses(network, schema.relations[relation].relationship_type, label)
        found[f"{relation} ({len(facts)} hidden, {data[label].num_nodes} objects)"] = {
            name: _measures(guess, np.array(products), np.array(objects))
            for name, guess in guesses.items()
        }
    return found


def hide(kg: KnowledgeGraph, seed: int) -> tuple[KnowledgeGraph, pa.Table]:
    """The graph without a tenth of the facts of each relation, and these facts."""
    product = pc.starts_with(kg.facts["subject"], "product:")
    rng = np.random.default_rng(seed)
    out = np.zeros(len(kg.facts), dtype=bool)
    for relation in RELATIONS:
        of_it = pc.and_(product, pc.equal(kg.facts["relation"], relation)).to_numpy()
        rows = np.flatnonzero(of_it)
        out[rng.choice(rows, len(rows) // 10, replace=False)] = True
    return replace(kg, facts=kg.facts.filter(pa.array(~out))), kg.facts.filter(pa.array(out))


def _guesses(network: LinearHeteroGNN, relationship: str, label: str) -> dict[str, Guess]:
    ours = FactGuesser(network, relationship, label)
    text = network.features[PRODUCT].numpy()
    blind = FactGuesser(network, relationship, label, SuggestConfig(network_weight=0))
    counts = np.asarray(ours.known.sum(axis=0), dtype=np.float32).ravel()

    def popular(products: NDArray[np.int64]) -> NDArray[np.float32]:
        return _without(ours.known, products, np.tile(counts, (len(products), 1)))

    def nearest(products: NDArray[np.int64]) -> NDArray[np.float32]:
        stated = np.flatnonzero(np.diff(ours.known.indptr))
        cosines = text[products] @ text[stated].T
        cosines[stated[None, :] == products[:, None]] = -1
        near = np.argpartition(-cosines, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        at = np.arange(len(products)).repeat(NEIGHBOURS)
        weight = np.take_along_axis(cosines, near, axis=1).ravel()
        votes = csr_matrix((weight, (at, stated[near.ravel()])), (len(products), len(text)))
        scores = (votes @ ours.known).toarray() + counts / counts.sum() * 1e-3
        return _without(ours.known, products, scores)

    return {
        "popularity": popular,
        "nearest titles": nearest,
        "suggestions from titles alone": blind.scores,
        "suggestions": ours.scores,
    }


def _without(
    known: csr_matrix, products: NDArray[np.int64], scores: NDArray[np.float32]
) -> NDArray[np.float32]:
    rows, columns = known[products].nonzero()
    scores[rows, columns] = -np.inf
    return scores


def _measures(
    guess: Guess, products: NDArray[np.int64], objects: NDArray[np.int64]
) -> dict[str, float]:
    scores = guess(products)
    right = scores[np.arange(len(products)), objects][:, None]
    # Among equals, half of them stand before.
    rank = 1 + (scores > right).sum(1) + ((scores == right).sum(1) - 1) / 2
    return {
        "recall@10": round(float((rank <= 10).mean()), 4),
        "mrr": round(float((1 / rank).mean()), 4),
    }


if __name__ == "__main__":
    main()
