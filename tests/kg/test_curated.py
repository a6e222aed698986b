"""Facts decided by hand: read, applied, told; and the contradictions nobody decided."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from kg.conflicts import Conflict, Value, read_conflicts, write_conflicts
from kg.curated import CuratedFact, check_curated, curated_under, read_curated, written
from kg.errors import OntologyError
from kg.extract import Extractor
from kg.facts import KnowledgeGraph, build_graph
from tests.worlds import SCHEMA, dataset, product

HEAD = "action,subject,relation,object,reason,author\n"
FUNCTIONAL = replace(
    SCHEMA,
    relations={
        **SCHEMA.relations,
        "schema:brand": replace(SCHEMA.relations["schema:brand"], is_functional=True),
    },
)
TURTLE = """\
@prefix clew: <https://w3id.org/clew/ns#> .
@prefix colour: <https://w3id.org/clew/colour/> .
@prefix product: <urn:clew:product:> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix schema: <https://schema.org/> .

[] a clew:Rejection ;
  rdf:subject product:1 ; rdf:predicate schema:color ; rdf:object colour:red ;
  clew:reason "it is pink" ; clew:author "kim" .

[] a clew:Assertion ;
  rdf:subject product:1 ; rdf:predicate schema:color ; rdf:object colour:pink .
"""
SHOP = dataset(
    [
        product("1", "Red mug", brand="Acme"),
        product("2", "Red mug", attributes={"color": ("gold",)}),
        product("3", "Pink candle", attributes={"color": ("pink", "red")}),
        product("4", "Orange mug", zh="红色马克杯"),
    ],
)


def curated(tmp_path: Path, rows: str) -> list[CuratedFact]:
    (tmp_path / "curated.csv").write_text(HEAD + rows, encoding="utf-8")
    return read_curated([tmp_path], FUNCTIONAL)


def built(decided: list[CuratedFact] | None = None) -> KnowledgeGraph:
    extractor = Extractor(FUNCTIONAL, ("en", "zh"))
    return build_graph(SHOP, FUNCTIONAL, extractor, pseudonym_key=b"k", curated=decided or ())


def objects(kg: KnowledgeGraph, subject: str, relation: str) -> dict[str, str]:
    rows = kg.facts.to_pylist()
    return {
        row["object"]: row["source"]
        for row in rows
        if (row["subject"], row["relation"]) == (subject, relation)
    }


def test_a_rejection_takes_a_fact_out_and_an_assertion_puts_one_in(tmp_path: Path) -> None:
    assert objects(built(), "product:1", "schema:color") == {"colour:red": "phrase"}
    kg = built(
        curated(
            tmp_path,
            "reject,product:1,schema:color,colour:red,,kim\n"
            "assert,product:1,schema:color,colour:gold,seen,kim\n"
            "reject,product:1,clew:productType,*,,\n",
        )
    )
    assert objects(kg, "product:1", "schema:color") == {"colour:gold": "curated"}
    assert objects(kg, "product:1", "clew:productType") == {}
    assert "colour:gold" in kg.entities["id"].to_pylist()
    kinds = [(c.subject, c.relation, c.kind) for c in kg.conflicts if c.kind == "overruled"]
    assert kinds == [
        ("product:1", "clew:productType", "overruled"),
        ("product:1", "schema:color", "overruled"),
    ]


def test_an_assertion_wins_over_extraction_of_the_same_fact(tmp_path: Path) -> None:
    kg = built(curated(tmp_path, "assert,product:1,schema:color,colour:red,sure,kim\n"))
    assert objects(kg, "product:1", "schema:color") == {"colour:red": "curated"}


def test_a_functional_relation_has_the_asserted_value_alone(tmp_path: Path) -> None:
    kg = built(curated(tmp_path, "assert,product:1,schema:brand,Acme & Sons,,kim\n"))
    assert objects(kg, "product:1", "schema:brand") == {"brand:acme-and-sons": "curated"}
    names = dict(zip(kg.entities["id"].to_pylist(), kg.entities["name"].to_pylist(), strict=True))
    assert names["brand:acme-and-sons"] == "Acme & Sons"
    [conflict] = [c for c in kg.conflicts if c.kind == "overruled"]
    assert conflict.values == (Value("brand:acme", "catalog", None, "Acme"),)
    assert conflict.note == "assert brand:acme-and-sons (curated.csv:2)"


def test_a_decision_without_effect_is_told(tmp_path: Path) -> None:
    kg = built(
        curated(
            tmp_path,
            "reject,product:9,schema:color,colour:red,,\nreject,product:1,schema:color,colour:gold,,\n",
        )
    )
    told = [(c.subject, c.note) for c in kg.conflicts if c.kind == "unused"]
    assert told == [
        ("product:1", "reject colour:gold (curated.csv:3): nothing to reject"),
        ("product:9", "reject colour:red (curated.csv:2): no such product"),
    ]


def test_turtle_says_the_same(tmp_path: Path) -> None:
    (tmp_path / "curated.ttl").write_text(TURTLE, encoding="utf-8")
    first, second = read_curated([tmp_path], SCHEMA)
    assert (first.action, first.key) == ("reject", ("product:1", "schema:color", "colour:red"))
    assert (first.reason, first.author, first.line) == ("it is pink", "kim", 8)
    assert (second.action, second.object, second.line) == ("assert", "colour:pink", 12)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    before = curated(tmp_path, "assert,product:1,schema:brand,Acme,because,kim\n")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "curated.csv").write_text(written(before), encoding="utf-8")
    assert read_curated([tmp_path / "again"], SCHEMA) == before
    assert read_curated([tmp_path / "nothing"], SCHEMA) == []


def test_an_edited_ontology_keeps_the_decisions_of_the_dataset(tmp_path: Path) -> None:
    snapshot, edited = tmp_path / "snapshot", tmp_path / "edited"
    for path in (snapshot / "ontology", edited):
        path.mkdir(parents=True)
    old = curated(snapshot / "ontology", "reject,product:1,schema:color,colour:red,,\n")
    shop = curated(tmp_path, "reject,product:2,schema:color,colour:red,,\n")
    (snapshot / "curated.csv").write_text(written([*old, *shop]), encoding="utf-8")
    new = curated(edited, "reject,product:3,schema:color,colour:red,,\n")
    found = curated_under(snapshot, edited, SCHEMA, SCHEMA)
    assert [fact.subject for fact in found] == [new[0].subject, shop[0].subject]
    assert curated_under(tmp_path / "none", edited, SCHEMA, SCHEMA) == new


FAULTS = [
    ("asert,product:1,schema:color,colour:red,,", r"curated\.csv:2: asert: is no action; write as"),
    ("assert,product:1,schema:hue,colour:red,,", r":2: schema:hue: is no relation of the ontology"),
    ("assert,product:1,schema:color,colour:rde,,",
     r":2: colour:rde: is no value of schema:color, whose range is clew:Colour"),
    ("assert,product:1,schema:color,material:glass,,", r"material:glass: is no value of schema:c"),
    ("assert,1,schema:color,colour:red,,", r":2: 1: is no product; write product: and the shop's"),
    ("assert,product:1,schema:color,*,,", r"an assertion needs the object it asserts"),
    ("assert,product:1,schema:price,cheap,,", r"cheap: is no value of schema:price, whose range"),
    ("assert,product:1,clew:bought,product:2,,", r"clew:bought: is said of clew:User, not of prod"),
    ("assert,product:1,schema:color,colour:red,,\nreject,product:1,schema:color,colour:red,,",
     r":2: product:1 schema:color colour:red: is asserted here and rejected at curated\.csv:3"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "message"), FAULTS)
def test_faults_name_file_line_and_term(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(OntologyError, match=message):
        curated(tmp_path, rows + "\n")
    assert re.search(message, "\n".join(map(str, check_curated(tmp_path, SCHEMA))))


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "curated.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(OntologyError, match=r"curated\.csv:1: has no column action, subject"):
        read_curated([tmp_path], SCHEMA)
    (tmp_path / "curated.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(OntologyError, match=r"curated\.csv: cannot be read as UTF-8"):
        read_curated([tmp_path], SCHEMA)
    (tmp_path / "curated.csv").unlink()
    (tmp_path / "curated.ttl").write_text(TURTLE + "nonsense", encoding="utf-8")
    with pytest.raises(OntologyError, match=r"curated\.ttl:\d+: not Turtle"):
        read_curated([tmp_path], SCHEMA)
    bad = TURTLE.replace("clew:author", "clew:autor")
    (tmp_path / "curated.ttl").write_text(bad, encoding="utf-8")
    with pytest.raises(OntologyError, match=r"curated\.ttl:9: clew:autor: is no term of a curated"):
        read_curated([tmp_path], SCHEMA)


def test_contradictions_are_told_and_kin_are_not() -> None:
    found = {(c.subject, c.kind): {v.object for v in c.values} for c in built().conflicts}
    assert found == {
        ("product:2", "attribute"): {"colour:red", "colour:gold"},
        ("product:4", "translation"): {"colour:orange", "colour:red"},
    }


def test_two_brands_are_a_conflict_and_stay() -> None:
    shop = dataset([product("1", "Mug", brand="Acme")], triples=[("1", "brand", "Other")])
    brand = replace(
        FUNCTIONAL.relations["schema:brand"], sources=("catalog:brand", "triples:brand")
    )
    schema = replace(FUNCTIONAL, relations={**FUNCTIONAL.relations, "schema:brand": brand})
    kg = build_graph(shop, schema, Extractor(schema, ("en",)), pseudonym_key=b"k")
    [conflict] = kg.conflicts
    assert conflict.kind == "values"
    assert [v.object for v in conflict.values] == ["brand:acme", "brand:other"]
    assert set(objects(kg, "product:1", "schema:brand")) == {"brand:acme", "brand:other"}


def test_conflicts_are_written_and_read(tmp_path: Path) -> None:
    conflict = Conflict("product:1", "schema:color", "values", (Value("红", "catalog"),), "x")
    write_conflicts([conflict], tmp_path / "conflicts.jsonl")
    [found] = read_conflicts(tmp_path / "conflicts.jsonl")
    assert json.loads(json.dumps(found))["values"][0]["object"] == "红"
    assert read_conflicts(tmp_path / "none") == []
