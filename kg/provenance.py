"""Where every fact comes from, in PROV-O: one named graph of provenance per product.

In: a snapshot. Out: N-Quads. For each fact of a product a ``prov:Entity`` that is also a
``rdf:Statement``, in the graph ``graph:provenance:<product>``:

- ``prov:wasGeneratedBy`` the activity of its component (phrase, measure, catalog, …), which
  ``prov:used`` the dataset and the ontology, and ended when the snapshot was made;
- ``prov:wasDerivedFrom`` the text it was read from, with ``clew:start``, ``clew:end`` and the words
  as ``prov:value``; without a text, the dataset;
- ``clew:confidence``; and for a curated fact ``prov:wasAttributedTo`` its author.

Written on request, not at every build: the fact table holds the same in columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import IO, Final
from urllib.parse import quote

import pyarrow.compute as pc
import pyoxigraph as ox

from kg.build import graph_of, schema_of
from kg.curated import CuratedFact, read_curated
from kg.errors import NotFoundError
from kg.ids import expand
from kg.ontology_graph import CLEW, RDF_TYPE, RDFS, XSD
from kg.ontology_terms import Schema
from kg.records import Fact
from kg.snapshot import Snapshot

__all__ = ["PROV", "provenance_quads", "write_provenance"]

PROV: Final = "http://www.w3.org/ns/prov#"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
AGENT: Final = "https://w3id.org/clew/ns#Clew"

_BATCH: Final = 16_384


def write_provenance(snapshot: Snapshot, file: IO[bytes], product: str | None = None) -> int:
    """Write the provenance of a snapshot's product facts as N-Quads.

    Args:
        snapshot: whose facts.
        file: open, binary.
        product: compact id; None: of all products.

    Returns:
        Number of quads.

    Raises:
        NotFoundError: there is no such product.
    """
    count = 0
    batch: list[ox.Quad] = []
    for quad in provenance_quads(snapshot, product):
        batch.append(quad)
        count += 1
        if len(batch) == _BATCH:
            ox.serialize(batch, file, format=ox.RdfFormat.N_QUADS)
            batch.clear()
    ox.serialize(batch, file, format=ox.RdfFormat.N_QUADS)
    return count


def provenance_quads(snapshot: Snapshot, product: str | None = None) -> Iterator[ox.Quad]:
    """The quads, those about the build first, then product by product."""
    kg, schema = graph_of(snapshot), schema_of(snapshot)
    mask = pc.starts_with(kg.facts["subject"], "product:")
    if product is not None:
        mask = pc.equal(kg.facts["subject"], product)
        if not pc.any(mask).as_py():
            raise NotFoundError(f"{product!r} has no facts; ids look like product:85123A")
    facts = kg.facts.filter(mask)
    yield from _build(snapshot, pc.unique(facts["source"]).to_pylist())
    curated = {fact.key: fact for fact in read_curated([snapshot.path], schema)}
    for batch in facts.to_batches(_BATCH):
        for row in batch.to_pylist():
            fact = Fact(**row)
            decided = curated.get((fact.subject, fact.relation, fact.object))
            yield from _of_fact(fact, snapshot, schema, decided)


def _build(snapshot: Snapshot, components: Iterable[str]) -> Iterator[ox.Quad]:
    """What was used and done, in the default graph."""
    manifest = snapshot.manifest
    dataset, ontology = _dataset(snapshot), _ontology(snapshot)
    ended = ox.Literal(manifest.created.isoformat(), datatype=ox.NamedNode(f"{XSD}dateTime"))
    statements: list[tuple[ox.NamedNode, str, ox.NamedNode | ox.Literal]] = [
        (dataset, RDF_TYPE, ox.NamedNode(f"{PROV}Entity")),
        (dataset, f"{RDFS}label", ox.Literal(manifest.dataset.get("name", ""))),
        (ontology, RDF_TYPE, ox.NamedNode(f"{PROV}Plan")),
        (ox.NamedNode(AGENT), RDF_TYPE, ox.NamedNode(f"{PROV}SoftwareAgent")),
        (ox.NamedNode(AGENT), f"{RDFS}label", ox.Literal(f"Clew {manifest.clew_version}")),
    ]
    for component in sorted(components):
        activity = _activity(snapshot, component)
        statements += [
            (activity, RDF_TYPE, ox.NamedNode(f"{PROV}Activity")),
            (activity, f"{RDFS}label", ox.Literal(component)),
            (activity, f"{PROV}used", dataset),
            (activity, f"{PROV}used", ontology),
            (activity, f"{PROV}wasAssociatedWith", ox.NamedNode(AGENT)),
            (activity, f"{PROV}endedAtTime", ended),
        ]
    for subject, predicate, value in statements:
        yield ox.Quad(subject, ox.NamedNode(predicate), value)


def _of_fact(
    fact: Fact, snapshot: Snapshot, schema: Schema, decided: CuratedFact | None
) -> Iterator[ox.Quad]:
    prefixes = schema.prefixes
    graph = ox.NamedNode(expand(f"graph:provenance:{fact.subject}", prefixes))
    key = "\0".join((fact.subject, fact.relation, fact.object)).encode()
    name = ox.NamedNode(f"urn:clew:fact:{hashlib.blake2b(key, digest_size=16).hexdigest()}")
    value: ox.NamedNode | ox.Literal = (
        ox.NamedNode(expand(fact.object, prefixes))
        if fact.datatype is None
        else ox.Literal(fact.object, datatype=ox.NamedNode(expand(fact.datatype, prefixes)))
    )
    text = fact.field is not None and fact.start is not None
    source = (
        ox.NamedNode(f"urn:clew:text:{fact.subject.partition(':')[2]}:{quote(fact.field or '')}")
        if text
        else _dataset(snapshot)
    )
    said: list[tuple[str, ox.NamedNode | ox.Literal]] = [
        (RDF_TYPE, ox.NamedNode(f"{RDF}Statement")),
        (RDF_TYPE, ox.NamedNode(f"{PROV}Entity")),
        (f"{RDF}subject", ox.NamedNode(expand(fact.subject, prefixes))),
        (f"{RDF}predicate", ox.NamedNode(schema.relations[fact.relation].iri)),
        (f"{RDF}object", value),
        (f"{PROV}wasGeneratedBy", _activity(snapshot, fact.source)),
        (f"{PROV}wasDerivedFrom", source),
        (f"{CLEW}confidence", ox.Literal(round(fact.confidence, 6))),
    ]
    if fact.text:
        said.append((f"{PROV}value", ox.Literal(fact.text)))
    if text:
        said.append((f"{CLEW}start", ox.Literal(fact.start or 0)))
        said.append((f"{CLEW}end", ox.Literal(fact.end or 0)))
    if decided is not None and decided.author:
        agent = ox.NamedNode(f"urn:clew:agent:{quote(decided.author, safe='')}")
        said.append((f"{PROV}wasAttributedTo", agent))
    for predicate, item in said:
        yield ox.Quad(name, ox.NamedNode(predicate), item, graph)


def _dataset(snapshot: Snapshot) -> ox.NamedNode:
    return ox.NamedNode(f"urn:clew:dataset:{snapshot.manifest.dataset.get('fingerprint', '')}")


def _ontology(snapshot: Snapshot) -> ox.NamedNode:
    return ox.NamedNode(f"urn:clew:ontology:{snapshot.manifest.ontology}")


def _activity(snapshot: Snapshot, component: str) -> ox.NamedNode:
    return ox.NamedNode(f"urn:clew:activity:{snapshot.id}:{component}")
