"""How long the fact table takes to become RDF and a property graph, and to be validated.

usage: python scripts/bench/projections.py [--facts 100000] [--dataset DIRECTORY] [--shacl]

Without a dataset the facts are made up (ten of every product: colour, material, kind, brand,
category, price, stock, two links, a size). Prints seconds and facts per second; rdflib is timed on
at most 20,000 facts.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import rdflib

from kg.catalog import read_dataset
from kg.extract import Extractor
from kg.facts import PRODUCT_SCHEMA, KnowledgeGraph, build_graph
from kg.ids import expand
from kg.rdf import index_rdf, open_rdf, write_nquads
from kg.records import ENTITY_SCHEMA, FACT_SCHEMA, INTERACTION_SCHEMA
from kg.schema import Schema, load_schema
from kg.store import load_ladybug, open_store
from kg.validate import agreement, validate

LINKED = ("clew:alsoBought", "clew:alsoViewed")
SHARED = ("schema:color", "schema:material", "clew:productType")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=100_000)
    parser.add_argument("--dataset", type=Path)
    parser.add_argument("--shacl", action="store_true")
    options = parser.parse_args()
    schema = load_schema()
    kg = read(options.dataset, schema) if options.dataset else synthetic(options.facts, schema)
    print(f"{kg.facts.num_rows:,} facts, {kg.entities.num_rows:,} entities")
    with tempfile.TemporaryDirectory() as name:
        project(kg, schema, Path(name))
    if options.shacl:
        report = timed("SHACL", kg.facts.num_rows, lambda: validate(kg, schema))
        print(f"{'':22}{len(report.violations)} results")


def project(kg: KnowledgeGraph, schema: Schema, directory: Path) -> None:
    """Time every projection and compare their counts."""
    rows, nquads, graph = kg.facts.num_rows, directory / "g.nq.gz", directory / "g.lbdb"
    timed("N-Quads", rows, lambda: write_nquads(kg, schema, nquads), nquads)
    few = KnowledgeGraph(kg.products, kg.entities, kg.facts.slice(0, 20_000), kg.interactions)
    timed("N-Quads with rdflib", few.facts.num_rows, lambda: with_rdflib(few, schema, directory))
    timed("RDF index", rows, lambda: index_rdf(nquads), directory / "index")
    timed("Ladybug", rows, lambda: load_ladybug(kg, schema, graph), graph)
    with open_rdf(nquads, schema) as rdf, open_store(f"ladybug:{graph}") as store:
        counts = {"rdf": rdf.counts(), "store": store.counts()}
        wrong = timed("agreement", rows, lambda: agreement(kg, **counts))
    print(f"{'':22}{len(wrong)} disagreements")


def timed(name: str, rows: int, work: Callable[[], Any], path: Path | None = None) -> Any:
    """Run, print and return."""
    began = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    size = ""
    if path is not None:
        files = [path] if path.is_file() else list(path.iterdir())
        size = f"{sum(file.stat().st_size for file in files) / 1e6:10.1f} MB"
    print(f"{name:22}{seconds:9.2f} s {rows / seconds:14,.0f} facts/s{size}", flush=True)
    return result


def with_rdflib(kg: KnowledgeGraph, schema: Schema, directory: Path) -> None:
    """The same facts the plain way: quads into an rdflib Dataset, serialized."""
    dataset = rdflib.Dataset()
    prefixes = schema.prefixes
    for row in kg.facts.to_pylist():
        graph = dataset.graph(rdflib.URIRef(expand(f"graph:{row['subject']}", prefixes)))
        datatype = row["datatype"]
        graph.add(
            (
                rdflib.URIRef(expand(row["subject"], prefixes)),
                rdflib.URIRef(schema.relations[row["relation"]].iri),
                rdflib.Literal(row["object"], datatype=rdflib.URIRef(expand(datatype, prefixes)))
                if datatype
                else rdflib.URIRef(expand(row["object"], prefixes)),
            )
        )
    with warnings.catch_warnings(), gzip.open(directory / "rdflib.nq.gz", "wb") as file:
        warnings.simplefilter("ignore")
        dataset.serialize(file, format="nquads")


def read(path: Path, schema: Schema) -> KnowledgeGraph:
    """The graph of a dataset."""
    dataset = read_dataset(path)
    extractor = Extractor(schema, dataset.meta.languages)
    return build_graph(dataset, schema, extractor, pseudonym_key=b"benchmark")


def synthetic(facts: int, schema: Schema) -> KnowledgeGraph:
    """Ten facts of every product."""
    count = facts // 10
    by_class: dict[str, list[str]] = {}
    for concept in schema.concepts.values():
        by_class.setdefault(concept.class_id, []).append(concept.id)
    entities: dict[str, tuple[str, str, str, list[tuple[str, str]]]] = {}
    rows: list[tuple[Any, ...]] = []

    def add(subject: str, relation: str, obj: str, class_: str = "", datatype: str = "") -> None:
        note = (
            ("phrase", "title", 3, 9, "a word") if relation in SHARED else ("catalog", *[None] * 4)
        )
        rows.append((subject, relation, obj, datatype or None, 0.9, *note))
        if class_:
            entities.setdefault(obj, (obj, class_, obj, [("en", obj), ("zh", obj)]))

    for number in range(count):
        product = f"product:P{number}"
        name = f"Product number {number} with a title of some length"
        entities[product] = (product, "schema:Product", name, [("en", name)])
        add(product, "schema:brand", f"brand:b{number % (count // 20 + 1)}", "schema:Brand")
        add(product, "clew:inCategory", f"category:c{number % 200}", "clew:Category")
        add(product, "clew:size", f"measure:{number % 90}-cm", "clew:Measure")
        add(product, "schema:price", f"{number % 1000 / 10 + 1:.2f}", datatype="xsd:decimal")
        add(product, "clew:stock", str(number % 50), datatype="xsd:integer")
        for step, relation in enumerate(LINKED, 1):
            add(product, relation, f"product:P{(number * 7 + step) % count}")
        for relation in SHARED:
            class_ = schema.relations[relation].range[0]
            add(product, relation, by_class[class_][number % len(by_class[class_])], class_)
    arrays = [
        pa.array(c, t)
        for c, t in zip(zip(*sorted(rows), strict=True), FACT_SCHEMA.types, strict=True)
    ]
    columns = zip(*(entities[name] for name in sorted(entities)), strict=True)
    named = [pa.array(c, t) for c, t in zip(columns, ENTITY_SCHEMA.types, strict=True)]
    return KnowledgeGraph(
        PRODUCT_SCHEMA.empty_table(),
        pa.Table.from_arrays(named, schema=ENTITY_SCHEMA),
        pa.Table.from_arrays(arrays, schema=FACT_SCHEMA),
        INTERACTION_SCHEMA.empty_table(),
    )


if __name__ == "__main__":
    main()
