"""Why a fact is there, told from a snapshot of the sample shop with decisions in it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import main
from kg.build import build, graph_of
from kg.errors import NotFoundError
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
