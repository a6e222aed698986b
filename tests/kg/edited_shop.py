"""A tiny shop edited at random (catalogue, events, ontology), and what a build made of it."""

import csv
import json
import random
from pathlib import Path
from typing import Any

import ladybug
import pyarrow.parquet as pq
import pyoxigraph

from kg.build import GRAPH_FILE, RDF_FILE
from kg.snapshot import Snapshot
from tests.tiny_ontology import write_ontology

MORE = """
schema:Brand a owl:Class ; rdfs:label "brand"@en , "品牌"@zh ; clew:nodeLabel "Brand" .
clew:Category a owl:Class ; rdfs:label "category"@en , "类别"@zh ; clew:nodeLabel "Category" .
clew:User a owl:Class ; rdfs:label "customer"@en , "顾客"@zh ; clew:nodeLabel "User" .
clew:ProductReference a owl:Class ; rdfs:label "other"@en , "其他"@zh ;
  clew:nodeLabel "ProductReference" .
"""
RELATIONS = {
    "schema:brand": ("HAS_BRAND", "schema:Product", "schema:Brand", "catalog:brand"),
    "clew:inCategory": ("IN_CATEGORY", "schema:Product", "clew:Category", "catalog:categories"),
    "clew:bought": ("BOUGHT", "clew:User", "schema:Product", "event:purchase"),
    "clew:viewed": ("VIEWED", "clew:User", "schema:Product", "event:view"),
    "clew:alsoBought": (
        "ALSO_BOUGHT",
        "schema:Product",
        "schema:Product , clew:ProductReference",
        "triples:also_bought",
    ),
    "skos:broader": ("BROADER", "clew:Colour", "clew:Colour", "ontology:broader"),
}
SHAPES = """
@prefix clew: <https://w3id.org/clew/ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
clew:P a sh:NodeShape ; sh:targetClass schema:Product ;
  sh:property [ sh:path schema:price ; sh:minInclusive 2.0 ; sh:message "dear enough" ] ,
    [ sh:path schema:brand ; sh:minCount 1 ; sh:severity sh:Warning ] ,
    [ sh:path clew:alsoBought ; sh:class schema:Product ] ,
    [ sh:path rdfs:label ; sh:pattern "^[a-m]" ] .
clew:C a sh:NodeShape ; sh:targetClass clew:Colour ;
  sh:property [ sh:path rdfs:label ; sh:minCount 2 ] .
"""
WORDS = ["red", "orange", "tangerine", "ink", "juice", "burnt orange", "30 cm", "mood", "mug"]
PRODUCTS = [f"p{number}" for number in range(9)]
USERS = [f"u{number}" for number in range(5)]


class Shop:
    """State of the shop; ``edit`` changes a few things, ``write`` puts it on disk."""

    def __init__(self, root: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.data, self.ontology = root / "data", root / "ontology"
        self.data.mkdir()
        self.ontology.mkdir()
        self.products = {name: self.product() for name in PRODUCTS[:6]}
        self.events = {self.event() for _ in range(8)}
        self.triples = {self.triple() for _ in range(4)}
        self.labels, self.prior = ["scarlet"], 0.75
        self.template, self.shapes = "is {object}", SHAPES

    def product(self) -> dict[str, Any]:
        some = self.random
        made = {"title": " ".join(some.sample(WORDS, 3)), "price": some.choice([1, 2.5, "3.10"])}
        if some.random() < 0.7:
            made["brand"] = some.choice(["Acme", "ACME", "acme Ltd", "Other"])
        if some.random() < 0.5:
            made["categories"] = some.sample(["Mugs", "mugs", "Toys"], 2)
        if some.random() < 0.3:
            made["attributes"] = {"color": some.choice(["red", "crimson"])}
        return made

    def event(self) -> tuple[str, str, str, str, int]:
        known = sorted(self.products)
        some = self.random
        day = some.choice(["2026-03-02", "2026-03-09", "2026-04-01"])
        kind = some.choice(["purchase", "purchase", "view"])
        return some.choice(USERS), some.choice(known), kind, day, some.randint(1, 2)

    def triple(self) -> tuple[str, str, str]:
        known = sorted(self.products)
        return self.random.choice(known), "also_bought", self.random.choice([*PRODUCTS, "x", "y"])

    def edit(self) -> str:
        """Change one to three things; returns what."""
        kinds = [
            self._change, self._change, self._add, self._remove, self._happen, self._happen,
            self._forget, self._relate, self._label, self._doubt, self._template, self._shape,
        ]  # fmt: skip
        done = [self.random.choice(kinds) for _ in range(self.random.randint(1, 3))]
        for one in done:
            one()
        return " ".join(one.__name__.strip("_") for one in done)

    def _change(self) -> None:
        self.products[self.random.choice(sorted(self.products))] = self.product()

    def _add(self) -> None:
        self.products[self.random.choice(PRODUCTS)] = self.product()

    def _remove(self) -> None:
        if len(self.products) > 3:
            gone = self.random.choice(sorted(self.products))
            del self.products[gone]
            self.events = {event for event in self.events if event[1] != gone} or {self.event()}
            self.triples = {t for t in self.triples if t[0] != gone} or {self.triple()}

    def _happen(self) -> None:
        self.events.add(self.event())

    def _forget(self) -> None:
        self.events.remove(self.random.choice(sorted(self.events)))
        self.events.add(self.event())

    def _relate(self) -> None:
        self.triples ^= {self.triple()}
        self.triples = self.triples or {self.triple()}

    def _label(self) -> None:
        self.labels = self.random.sample(["scarlet", "crimson", "mug", "ink"], 2)

    def _doubt(self) -> None:
        self.prior = self.random.choice([0.2, 0.75, 0.9])

    def _template(self) -> None:
        self.template = self.random.choice(["is {object}", "comes in {object}"])

    def _shape(self) -> None:
        bound = self.random.choice(["2.0", "3.0"])
        self.shapes = SHAPES.replace("minInclusive 2.0", f"minInclusive {bound}")

    def write(self) -> None:
        """Put dataset and ontology on disk."""
        labels = " , ".join(f'"{label}"@en' for label in self.labels)
        write_ontology(
            self.ontology,
            ('"is {object}"@en', f'"{self.template}"@en'),
            ("clew:prior 0.75", f"clew:prior {self.prior}"),
            added=f"\ncolour:red skos:altLabel {labels} .\n",
        )
        core = (self.ontology / "clew.ttl").read_text(encoding="utf-8") + MORE
        for name, (kind, domain, range_, source) in RELATIONS.items():
            core += (
                f'{name} a owl:ObjectProperty ; rdfs:label "{kind}"@en , "{kind}"@zh ;\n'
                f"  schema:domainIncludes {domain} ; schema:rangeIncludes {range_} ;\n"
                f'  clew:relationshipType "{kind}" ; clew:source "{source}" .\n'
            )
        (self.ontology / "clew.ttl").write_text(core, encoding="utf-8")
        (self.ontology / "shapes.ttl").write_text(self.shapes, encoding="utf-8")
        lines = [json.dumps({"id": name, **said}) for name, said in self.products.items()]
        (self.data / "products.jsonl").write_text("\n".join(lines), encoding="utf-8")
        header = ("user_id", "product_id", "event", "timestamp", "quantity")
        self._table("interactions.csv", header, self.events)
        self._table("triples.csv", ("subject", "predicate", "object"), self.triples)

    def _table(self, name: str, header: tuple[str, ...], rows: set[Any]) -> None:
        with (self.data / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *sorted(rows)])


def made(snapshot: Snapshot) -> dict[str, Any]:
    """All a build made, in a form to compare."""
    path = snapshot.path
    tables = {
        name: pq.read_table(path / "tables" / f"{name}.parquet")
        for name in ("products", "entities", "facts", "interactions")
    }
    index = pyoxigraph.Store.read_only(str((path / RDF_FILE).parent / "index"))
    return {
        **tables,
        "mentions": mentions(path),
        "counts": dict(snapshot.manifest.counts),
        "nquads": (path / RDF_FILE).read_bytes(),
        "quads": sorted(map(str, index)),
        "shacl": json.loads((path / "shacl.json").read_text(encoding="utf-8")),
        **property_graph(path / GRAPH_FILE),
    }


def mentions(path: Path) -> list[Any]:
    rows = pq.read_table(path / "tables" / "mentions.parquet").to_pylist()
    return sorted((row.pop("key"), json.dumps(row)) for row in rows)


def property_graph(path: Path) -> dict[str, Any]:
    """Nodes, relationships and tables of a Ladybug file."""
    with ladybug.Database(str(path), read_only=True) as database:
        connection = ladybug.Connection(database)

        def rows(query: str) -> list[str]:
            return sorted(map(repr, connection.execute(query).get_all()))

        tables = rows("CALL show_tables() RETURN name, type, comment")
        nodes = []
        for label, kind, _ in connection.execute(
            "CALL show_tables() RETURN name, type, comment"
        ).get_all():
            if kind == "NODE":
                found = connection.execute(f"MATCH (n:{label}) RETURN n").get_all()
                nodes += [repr({k: v for k, v in n.items() if k != "_ID"}) for [n] in found]
        edges = [
            repr((a, {k: v for k, v in r.items() if k not in {"_ID", "_SRC", "_DST"}}, b))
            for a, r, b in connection.execute("MATCH (a)-[r]->(b) RETURN a.id, r, b.id").get_all()
        ]
        connection.close()
    return {"tables": tables, "nodes": sorted(nodes), "edges": sorted(edges)}
