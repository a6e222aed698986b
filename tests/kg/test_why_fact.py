"""Why a fact is there, told from a snapshot of the sample shop with decisions in it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from api.cli import main
from kg.build import build, graph_of
from kg.errors import NotFoundError
from kg.ontology_graph import CLEW
from kg.provenance import PROV, RDF
from kg.snapshot import Snapshot, SnapshotStore
from kg.why_fact import why_fact

PRODUCTS = [
    {
        "id": "KD-0101",
        "title": "Stoneware Mug with Leaping Hare",
        "attributes": {"material": ["stoneware"]},
    },
    {"id": "KD-0102", "title": "Cookie cutter", "brand": "Acme"},
    {"id": "KD-0103", "title": "Copper candle", "attributes": {"material": ["glass"]}},
]
DECIDED = """\
action,subject,relation,object,reason,author
reject,product:KD-0101,schema:material,*,looks like china,kim
assert,product:KD-0101,clew:style,style:vintage,old,kim
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = tmp_path_factory.mktemp("shop")
    lines = [json.dumps(row) for row in PRODUCTS]
    (shop / "products.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (shop / "interactions.csv").write_text("user_id,product_id\nu,KD-0101\n", encoding="utf-8")
    (shop / "curated.csv").write_text(DECIDED, encoding="utf-8")
    root = tmp_path_factory.mktemp("store")
    build(shop, SnapshotStore(root))
    build(shop, SnapshotStore(root))  # decisions survive a rebuild
    return root


@pytest.fixture(scope="module")
def snapshot(store: Path) -> Snapshot:
    return SnapshotStore(store).current()


def test_words_label_and_confidence(snapshot: Snapshot) -> None:
    why = why_fact(snapshot, "KD-0101", "productType", "type:mug")
    assert why.context is not None
    assert why.context[why.fact.start : why.fact.end] == why.fact.text
    assert (why.concept, why.label, why.language) == ("type:mug", "mug", "en")
    assert why.fact.confidence == pytest.approx(why.field_confidence * why.sense_confidence)
    assert why.to_dict()["fact"]["object"] == "type:mug"


def test_what_follows_from_another_concept_names_it(snapshot: Snapshot) -> None:
    implied = snapshot_fact(snapshot, "ontology")
    why = why_fact(snapshot, *implied)
    assert why.concept not in {None, why.fact.object}
    assert why.label is not None


def test_decisions_are_told(snapshot: Snapshot) -> None:
    why = why_fact(snapshot, "product:KD-0101", "clew:style", "style:vintage")
    assert why.curated is not None
    assert (why.fact.source, why.curated.author, why.curated.line) == ("curated", "kim", 3)
    message = r"is no fact; it was rejected by kim at curated\.csv:2: looks like china"
    with pytest.raises(NotFoundError, match=message):
        why_fact(snapshot, "KD-0101", "material", "material:stoneware")


def test_what_is_not_there_is_told(snapshot: Snapshot) -> None:
    with pytest.raises(NotFoundError, match=r"'product:none' is not in the graph; ids look like"):
        why_fact(snapshot, "none", "color", "colour:red")
    with pytest.raises(NotFoundError, match=r"no relation 'hue' in the ontology; there are clew:"):
        why_fact(snapshot, "KD-0101", "hue", "colour:red")
    with pytest.raises(
        NotFoundError, match=r"clew:productType type:pan is no fact; .* has type:mug"
    ):
        why_fact(snapshot, "KD-0101", "productType", "type:pan")


def test_commands(store: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, [*arguments, "--store", str(store)])
        assert result.exit_code == 0, result.output
        return result.stdout

    told = run("why-fact", "KD-0101", "productType", "type:mug")
    assert "“mug”@en of type:mug" in told
    assert "0.95 (field) × 1.0 (sense)" in told
    assert "overruled: material:stoneware (attributes.material “stoneware”)" in run(
        "conflicts", "--kind", "overruled"
    )
    found = json.loads(run("conflicts", "--json"))
    assert {"attribute", "overruled"} == {item["kind"] for item in found}


def snapshot_fact(snapshot: Snapshot, source: str) -> tuple[str, str, str]:
    rows = graph_of(snapshot).facts.to_pylist()
    row = next(r for r in rows if r["source"] == source and r["field"] == "title")
    return row["subject"], row["relation"], row["object"]


def test_provenance_of_every_product_fact(store: Path, snapshot: Snapshot, tmp_path: Path) -> None:
    target = tmp_path / "provenance.nq.gz"
    told = json.loads(
        CliRunner()
        .invoke(main, ["provenance", str(target), "--store", str(store), "--json"])
        .stdout
    )
    graph = ox.Store()
    with gzip.open(target) as file:
        graph.load(file, format=ox.RdfFormat.N_QUADS)
    assert len(graph) == told["quads"]
    facts = [row for row in graph_of(snapshot).facts.to_pylist() if row["source"] != "events"]
    about = [row for row in facts if row["subject"].startswith("product:")]
    query = f"PREFIX prov: <{PROV}> PREFIX rdf: <{RDF}> PREFIX clew: <{CLEW}> "
    counted = graph.query(
        query + "SELECT (COUNT(DISTINCT ?f) AS ?n) { GRAPH ?g { ?f a prov:Entity, rdf:Statement ; "
        "prov:wasGeneratedBy ?a ; prov:wasDerivedFrom ?s ; clew:confidence ?c } "
        "?a a prov:Activity ; prov:used ?s2 ; prov:wasAssociatedWith ?agent ; prov:endedAtTime ?t }"
    )
    assert int(next(iter(counted))["n"].value) == len(about)
    found = graph.query(
        query + "SELECT ?g ?words ?source { GRAPH ?g { ?f prov:wasDerivedFrom ?source ; "
        "rdf:object <https://w3id.org/clew/type/mug> ; prov:value ?words } }"
    )
    mug = next(iter(found))
    assert mug["g"].value == "urn:clew:graph:provenance:product:KD-0101"
    assert (mug["words"].value, mug["source"].value) == ("Mug", "urn:clew:text:KD-0101:title")
    authors = graph.query(query + "SELECT ?who { GRAPH ?g { ?f prov:wasAttributedTo ?who } }")
    assert [row["who"].value for row in authors] == ["urn:clew:agent:kim"]


def test_provenance_of_one_product(store: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> Any:
        return CliRunner().invoke(main, ["provenance", *arguments, "--store", str(store)])

    assert run(str(tmp_path / "one.nq"), "--product", "KD-0102").exit_code == 0
    text = (tmp_path / "one.nq").read_text(encoding="utf-8")
    assert "urn:clew:graph:provenance:product:KD-0102" in text
    assert "KD-0101" not in text
    unknown = run(str(tmp_path / "two.nq"), "--product", "none")
    assert "'product:none' has no facts; ids look like product:85123A" in unknown.stderr
    missing = run(str(tmp_path / "no" / "where.nq"))
    assert "where.nq cannot be written: No such file or directory" in missing.stderr
