"""How long SHACL takes, beside pyshacl without a screen.

usage: python scripts/bench/shacl.py DATASET [--products 10000] [--unscreened] [--faults 0.01]

Reads a dataset (its first products only, if asked for), breaks a share of the products (a price
below zero, a second brand) and validates. ``--unscreened`` gives every node to pyshacl in parts,
as before, and compares the reports: minutes.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

import ontology
from kg.build import languages_of
from kg.catalog import read_dataset
from kg.extract import Extractor
from kg.fact_rows import fact_table
from kg.facts import KnowledgeGraph, build_graph
from kg.records import Fact
from kg.schema import load_schema
from kg.shacl import Engine
from kg.validate import validate


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--products", type=int)
    parser.add_argument("--unscreened", action="store_true")
    parser.add_argument("--faults", type=float, default=0.0, help="share of the products")
    options = parser.parse_args()
    schema = load_schema()
    dataset = read_dataset(options.dataset)
    if options.products:
        dataset = replace(dataset, products=dataset.products[: options.products])
    extractor = Extractor(schema, languages_of(dataset))
    kg = build_graph(dataset, schema, extractor, pseudonym_key=b"benchmark")
    kg = broken(kg, options.faults)
    print(
        f"{kg.products.num_rows:,} products, {kg.entities.num_rows:,} entities, "
        f"{kg.facts.num_rows:,} facts"
    )
    began, busy = time.perf_counter(), time.process_time()
    report = validate(kg, schema)
    print(
        f"validate {time.perf_counter() - began:9.2f} s, {time.process_time() - busy:.2f} s of CPU"
        f", {len(report.violations):,} results"
    )
    if options.unscreened:
        began = time.perf_counter()
        found = sum(1 for _ in Engine(ontology.DIRECTORY, schema).results(kg, screened=False))
        print(f"pyshacl  {time.perf_counter() - began:9.2f} s  {found:,} results")


def broken(kg: KnowledgeGraph, share: float) -> KnowledgeGraph:
    """The graph with two faults in every so many products."""
    if not share:
        return kg
    ids = kg.products["id"].to_pylist()[:: round(1 / share)]
    brand = next(i for i in kg.entities["id"].to_pylist() if i.startswith("brand:"))
    faults = [Fact(i, "schema:price", "-1", "xsd:decimal") for i in ids]
    faults += [Fact(i, "schema:color", brand) for i in ids]
    facts = pa.concat_tables([kg.facts, fact_table(faults)])
    order = [(name, "ascending") for name in ("subject", "relation", "object")]
    return replace(kg, facts=facts.sort_by(order))


if __name__ == "__main__":
    main()
