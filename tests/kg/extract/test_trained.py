"""A catalogue that states brands teaches a reader; builds of one that states none use it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from click.testing import CliRunner

from api.cli import main
from kg.build import build, graph_of
from kg.errors import ExtractionError
from kg.extract import Extractor, field_text
from kg.extract.labelled import Labelled
from kg.extract.settings import read_settings
from kg.extract.span_training import train_tagger
from kg.extract.trained import TRAINED, reader_fingerprint, trained_readers
from kg.extract.weak_labels import weak_labels
from kg.mentions import MENTIONS_FILE, FormerMentions
from kg.ontology_impact import measure_impact
from kg.schema import load_schema
from kg.snapshot import SnapshotStore
from kg.why_fact import why_fact
from tests.worlds import product

MAKERS = ["Zorg", "Blue Fox", "Quib Works"]
THINGS = ["mug", "crankbait", "candle", "flux capacitor"]


def catalogue(path: Path, *, brands: bool, titles: list[str] | None = None) -> Path:
    """Titles of maker, number and thing; the catalogue states maker, model and kind, or nothing."""
    path.mkdir(exist_ok=True)
    lines = []
    for number in range(120):
        maker, thing = MAKERS[number % 3], THINGS[number % 4]
        row = {"id": f"p{number}", "title": f"{maker} ZX{number} {thing}"}
        if brands:
            stated = {"model number": [f"ZX{number}"], "product type": [thing]}
            row |= {"brand": maker, "attributes": stated}
        lines.append(row)
    if titles is not None:
        lines = [{"id": f"q{number}", "title": title} for number, title in enumerate(titles)]
    text = "\n".join(map(json.dumps, lines))
    (path / "products.jsonl").write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SnapshotStore:
    root = tmp_path_factory.mktemp("shop")
    data = catalogue(root / "stated", brands=True)
    options = ["train-reader", str(data), "--store", str(root / "store"), "--json"]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    rows = {row["label"]: row for row in json.loads(result.output)}
    assert set(rows) == {"all", "brand", "model", "type"}
    assert rows["all"]["texts"] == 96
    assert rows["all"]["f1"] > 0.9
    return SnapshotStore(root / "store")


@pytest.fixture(scope="module")
def extractor(store: SnapshotStore) -> Extractor:
    return Extractor(load_schema(), ["en"], store.reader)


def read(extractor: Extractor, title: str, **fields: Any) -> dict[str, tuple[str, str]]:
    """What the trained reader adds: relation -> object, words."""
    one = product("p", title, **fields)
    (mentions,) = extractor.mentions([one])
    for mention in mentions:
        assert field_text(one, mention.field)[mention.start : mention.end] == mention.text
    return {m.relation: (m.object, m.text) for m in mentions if m.component == TRAINED}


def test_it_reads_what_no_label_lists(extractor: Extractor) -> None:
    assert read(extractor, "Quib Works ZX999 crankbait") == {
        "schema:brand": ("brand:quib-works", "Quib Works"),
        "clew:modelName": ("model:zx999", "ZX999"),
        "clew:productType": ("kind:crankbait", "crankbait"),
    }


def test_the_rules_win(extractor: Extractor) -> None:
    assert "clew:productType" not in read(extractor, "Zorg ZX7 mug")  # the ontology knows mugs


def test_a_sure_brand_of_several_words_is_not_what_one_of_them_says(extractor: Extractor) -> None:
    title = "Blue Fox ZX7 crankbait"
    assert read(extractor, title)["schema:brand"] == ("brand:blue-fox", "Blue Fox")
    found = [product("p", title), product("q", "Zorg ZX7 blue crankbait")]
    objects = [{m.object for m in mentions} for mentions in extractor.mentions(found)]
    assert "colour:blue" not in objects[0]
    assert {"colour:blue", "brand:zorg"} <= objects[1]


def test_the_catalogue_wins(extractor: Extractor) -> None:
    assert "schema:brand" not in read(extractor, "Zorg ZX7 crankbait", brand="Zorg & Sons")


def test_an_empty_reader_reads_nothing(tmp_path: Path) -> None:
    assert trained_readers(tmp_path, ["en"], read_settings(load_schema())) == {}
    assert trained_readers(None, ["en"], read_settings(load_schema())) == {}
    assert reader_fingerprint(tmp_path / "none") == reader_fingerprint(None) == b""


def test_a_build_reads_with_it_and_a_rebuild_makes_the_same(
    store: SnapshotStore, tmp_path: Path
) -> None:
    shop = SnapshotStore(tmp_path / "store")
    data = catalogue(tmp_path / "data", brands=False)
    build(data, shop)
    shutil.copytree(store.reader, shop.reader)
    assert build(data, shop).made["products_read"] == 120  # a new reader reads everything
    facts = graph_of(shop.current()).facts
    trained = facts.filter(pc.equal(facts["source"], TRAINED))
    assert set(pc.unique(trained["object"]).to_pylist()) >= {"brand:zorg", "kind:crankbait"}
    former = shop.current().id
    catalogue(tmp_path / "data", brands=False, titles=["Zorg ZX5 crankbait", "Quib Works ZX1 mug"])
    assert build(data, shop).made["from"] == former
    updated = graph_of(shop.current())
    build(data, shop, full=True)
    full = graph_of(shop.current())
    assert updated.facts.equals(full.facts)
    assert updated.entities.equals(full.entities)
    mentions = FormerMentions(shop.current().path / MENTIONS_FILE, load_schema())
    impact = measure_impact(full, mentions, shop.reader, load_schema())
    assert (impact.reread, impact.changes) == (0, ())  # what it read is not lost
    because = why_fact(shop.current(), "product:q0", "schema:brand", "brand:zorg")
    assert because.because == "read from words by the trained reader"
    assert because.fact.text == "Zorg"


def test_weak_labels_are_what_the_catalogue_states() -> None:
    products = [
        product("a", "ACME Red Mug 3M", brand="Acme"),
        product("b", "Red Mug"),
        product("c", "Bionic lamp", brand="Bio"),
        product("d", "Zorg ZX9 crankbait", attributes={"model": ("ZX9",)}),
        product("e", "Crankbait"),
    ]
    rules = Extractor(load_schema(), ["en"]).mentions(products)
    texts = list(weak_labels(products, rules))
    stated = [[(t.text[start:end], label) for start, end, label in t.spans] for t in texts]
    assert stated == [
        [("ACME", "brand"), ("Mug", "type")],
        [("Mug", "type")],
        [("lamp", "type")],
        [("ZX9", "model")],
    ]
    unsaid = [("model",), ("brand", "model"), ("model",), ("brand", "type")]
    assert [text.missing for text in texts] == unsaid


def reader_of(texts: list[Labelled], directory: Path) -> Extractor:
    train_tagger(texts, "en", max_iterations=30).to_disk(directory / "en")
    return Extractor(load_schema(), ["en"], directory)


def test_of_two_that_overlap_the_surer_is_read(tmp_path: Path) -> None:
    spans = [(0, 4, "brand"), (0, 14, "type")]
    texts = [
        Labelled(text="Zorg crankbait", spans=tuple(spans[: 2 - number % 20 // 19]))
        for number in range(200)  # a kind in 19 of 20
    ]
    assert read(reader_of(texts, tmp_path), "Zorg crankbait") == {
        "schema:brand": ("brand:zorg", "Zorg")
    }


@pytest.mark.parametrize(("label", "read_as"), [("type", {}), ("model", {"clew:modelName"})])
def test_a_kind_must_be_surer_than_the_rest(
    label: str, read_as: set[str] | dict[str, str], tmp_path: Path
) -> None:
    texts = [
        Labelled(text="Zorg crankbait", spans=((5, 14, label),) if number % 10 < 7 else ())
        for number in range(200)
    ]
    assert set(read(reader_of(texts, tmp_path), "Zorg crankbait")) == set(read_as)


def test_a_catalogue_without_brands_teaches_the_kinds_its_titles_name(tmp_path: Path) -> None:
    data = catalogue(tmp_path / "data", brands=False)
    options = ["train-reader", str(data), "--store", str(tmp_path / "store"), "--json"]
    result = CliRunner().invoke(main, options, catch_exceptions=False)
    rows = {row["label"]: row for row in json.loads(result.output)}
    assert set(rows) == {"all", "type"}
    assert rows["type"]["texts"] == 72  # four fifths of the titles but those of crankbaits


def test_a_catalogue_that_states_too_little(tmp_path: Path) -> None:
    data = catalogue(tmp_path / "data", brands=False, titles=["Zorg ZX5 crankbait"] * 30)
    options = ["train-reader", str(data), "--store", str(tmp_path / "store")]
    result = CliRunner().invoke(main, options)
    assert result.exit_code == ExtractionError.exit_code
    assert "gives 0 labelled texts, too few to learn from" in result.output


def test_a_damaged_reader_is_told(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    with pytest.raises(ExtractionError, match="holds no trained reader"):
        trained_readers(tmp_path, ["en"], read_settings(load_schema()))
