"""The knowledge graph as tensors: a PyTorch Geometric ``HeteroData``.

In: the graph's tables, text vectors by node type, and the interactions that may be seen. Out: one
node type per class, one edge type per relation and pair of classes, each edge once, in the
direction of its fact. Assumed: edges from users come only from the interactions passed in, never
from the fact table, so nothing held back for validation or test can leak.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray
from torch_geometric.data import HeteroData

from gnn.text import TextEncoder, product_texts
from gnn.user_events import event_relations
from kg.errors import ModelError
from kg.facts import KnowledgeGraph
from kg.ids import Vocabulary
from kg.schema import Schema

__all__ = ["UNNAMED", "edge_counts", "node_features", "node_vocabularies", "to_hetero"]

PRODUCT = "Product"
UNNAMED = frozenset({"ProductReference", "User"})
"""Node types whose names say nothing: they get no text vector."""

_EDGE = ["subject", "relation", "object", "confidence"]


def node_vocabularies(kg: KnowledgeGraph, schema: Schema) -> dict[str, Vocabulary]:
    """Ids of the nodes of each type, by node label, sorted by label.

    Products are numbered as in the catalogue, all others as in the entity table.

    Raises:
        ModelError: an entity's class is not in the ontology.
    """
    classes = kg.entities["class"].to_pylist()
    ids: dict[str, list[str]] = {}
    for compact_id, class_id in zip(kg.entities["id"].to_pylist(), classes, strict=True):
        if class_id not in schema.classes:
            raise ModelError(
                f"{compact_id!r} is of class {class_id!r}, which the ontology does not declare; "
                "build the graph again with this ontology"
            )
        ids.setdefault(schema.classes[class_id].node_label, []).append(compact_id)
    ids[PRODUCT] = kg.products["id"].to_pylist()
    return {label: Vocabulary(ids[label]) for label in sorted(ids)}


def node_features(
    kg: KnowledgeGraph, schema: Schema, encoder: TextEncoder, language: str | None = None
) -> dict[str, NDArray[np.float32]]:
    """Text vectors of all nodes that have a name, by node label, rows as `node_vocabularies`.

    Products speak by `gnn.text.product_text`, all others by their label.

    Args:
        kg: the graph.
        schema: names the classes.
        encoder: makes the vectors.
        language: preferred where a product or a label is in several; None: its own.

    Returns:
        float32 of shape (nodes, encoder.dim) for each label but those in `UNNAMED`.
    """
    vocabularies = node_vocabularies(kg, schema)
    names = {
        row["id"]: dict(row["labels"] or ()).get(language, row["name"])
        for row in kg.entities.select(["id", "name", "labels"]).to_pylist()
    }
    texts = {
        label: [names[name] for name in ids]
        for label, ids in vocabularies.items()
        if label != PRODUCT and label not in UNNAMED
    }
    texts[PRODUCT] = product_texts(kg.products, language)
    vectors = encoder.encode([text for label in sorted(texts) for text in texts[label]])
    ends = np.cumsum([len(texts[label]) for label in sorted(texts)])
    return dict(zip(sorted(texts), np.split(vectors, ends[:-1]), strict=True))


def to_hetero(
    kg: KnowledgeGraph,
    schema: Schema,
    features: Mapping[str, NDArray[np.float32]],
    interactions: pa.Table | None = None,
) -> HeteroData:
    """The graph as ``HeteroData``.

    Args:
        kg: the graph.
        schema: names node labels and relationship types.
        features: `node_features`; a label without an entry gets no ``x``.
        interactions: events that may be seen (``INTERACTION_SCHEMA``, compact ids); default: those
            of the graph.

    Returns:
        For each node label ``num_nodes``, ``node_id`` (a `kg.ids.Vocabulary`) and, where there are
        features, ``x`` (float32, nodes × d). For each ``(label, RELATIONSHIP_TYPE, label)``
        ``edge_index`` (int64, 2 × edges), ``edge_weight`` (float32, confidence of the fact, 1 for
        events) and ``relation`` (the relation's compact id).

    Raises:
        ModelError: features do not fit their nodes, a fact's relation is not in the ontology, or an
            interaction names a user or product that is not in the graph.
    """
    vocabularies = node_vocabularies(kg, schema)
    data = HeteroData()
    for label, vocabulary in vocabularies.items():
        data[label].num_nodes = len(vocabulary)
        data[label].node_id = vocabulary
    for label, vectors in features.items():
        _check_features(label, vectors, vocabularies)
        data[label].x = torch.tensor(vectors, dtype=torch.float32)
    edges = pa.concat_tables([_stated(kg, schema), _events(kg, schema, interactions)])
    _add_edges(data, edges, vocabularies, schema)
    return data


def edge_counts(data: HeteroData) -> dict[str, int]:
    """Number of edges of each relation, by its compact id; relations without edges are left out."""
    counts: dict[str, int] = {}
    for store in data.edge_stores:
        counts[store.relation] = counts.get(store.relation, 0) + store.edge_index.shape[1]
    return counts


def _stated(kg: KnowledgeGraph, schema: Schema) -> pa.Table:
    """Facts between entities, those that stand for events left out."""
    events = pa.array(sorted(event_relations(schema).values()), pa.string())
    mask = pc.is_in(kg.facts["relation"], events)
    facts = kg.facts.filter(pc.and_(pc.is_null(kg.facts["datatype"]), pc.invert(mask)))
    return pa.table([facts[name] for name in _EDGE], names=_EDGE)


def _events(kg: KnowledgeGraph, schema: Schema, interactions: pa.Table | None) -> pa.Table:
    """Interactions as facts: user, relation of the event, product; each once."""
    table = kg.interactions if interactions is None else interactions
    relation_of = event_relations(schema)
    seen = table.select(["user_id", "event", "product_id"])
    names = pa.array(list(relation_of), pa.string())
    seen = seen.filter(pc.is_in(seen["event"], names))
    seen = seen.group_by(["user_id", "event", "product_id"], use_threads=False).aggregate([])
    relations = pa.array(list(relation_of.values()), pa.string())
    relation = pc.take(relations, pc.index_in(seen["event"], names))
    ones = pa.array(np.ones(len(seen), dtype=np.float32))
    columns = [seen["user_id"], relation, seen["product_id"], ones]
    return pa.table(columns, names=_EDGE)


def _add_edges(
    data: HeteroData, edges: pa.Table, vocabularies: Mapping[str, Vocabulary], schema: Schema
) -> None:
    subject_type, subject_row = _locate(edges["subject"], vocabularies)
    object_type, object_row = _locate(edges["object"], vocabularies)
    names = sorted(pc.unique(edges["relation"]).to_pylist())
    relation = pc.index_in(edges["relation"], value_set=pa.array(names, pa.string())).to_numpy()
    weight = edges["confidence"].to_numpy().astype(np.float32)
    labels = list(vocabularies)
    key = np.stack([relation, subject_type, object_type])
    # Sorted, so that the order of the tables changes nothing.
    order = np.lexsort((object_row, subject_row, *key[::-1]))
    starts = np.flatnonzero(np.r_[True, (np.diff(key[:, order]) != 0).any(axis=0)][: len(order)])
    for part in np.split(order, starts[1:]) if len(order) else []:
        name = names[relation[part[0]]]
        if name not in schema.relations:
            raise ModelError(
                f"relation {name!r} of the facts is not in the ontology; "
                "build the graph again with this ontology"
            )
        head, tail = labels[subject_type[part[0]]], labels[object_type[part[0]]]
        store = data[head, schema.relations[name].relationship_type, tail]
        store.edge_index = torch.from_numpy(np.stack([subject_row[part], object_row[part]]))
        store.edge_weight = torch.from_numpy(weight[part])
        store.relation = name


def _locate(
    column: pa.ChunkedArray, vocabularies: Mapping[str, Vocabulary]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Node type (position among the vocabularies) and row of each id."""
    ids = pa.array([name for vocabulary in vocabularies.values() for name in vocabulary])
    sizes = [len(vocabulary) for vocabulary in vocabularies.values()]
    found = pc.index_in(column, value_set=ids.cast(pa.string()))
    if found.null_count:
        missing = column.filter(pc.is_null(found))[0].as_py()
        raise ModelError(f"{missing!r} is not among the graph's entities; build the graph again")
    place = found.to_numpy().astype(np.int64)
    starts = np.r_[0, np.cumsum(sizes)]
    node_type = np.searchsorted(starts, place, side="right") - 1
    return node_type, place - starts[node_type]


def _check_features(
    label: str, vectors: NDArray[Any], vocabularies: Mapping[str, Vocabulary]
) -> None:
    rows = len(vocabularies.get(label, ()))
    if vectors.ndim != 2 or len(vectors) != rows:
        raise ModelError(
            f"features of {label} have shape {vectors.shape}, the graph has {rows} such nodes; "
            "encode this graph's nodes"
        )
