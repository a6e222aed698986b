"""The ontology that ships: what it must hold, and that it means what it says."""

import json
import re
import shutil
import time
from pathlib import Path

import pyoxigraph
import pytest

import ontology
from kg.catalog import sample_path
from kg.extract import Extractor
from kg.ids import DATA_PREFIXES
from kg.ontology_files import ontology_files
from kg.records import Product
from kg.schema import FRAME_SLOTS, Schema, check_ontology, load_schema

CLASSES = {
    "clew:Audience": "Audience",
    "clew:Category": "Category",
    "clew:Colour": "Colour",
    "clew:Flavour": "Flavour",
    "clew:Material": "Material",
    "clew:Measure": "Measure",
    "clew:Model": "Model",
    "clew:Motif": "Motif",
    "clew:Occasion": "Occasion",
    "clew:ProductReference": "ProductReference",
    "clew:ProductType": "ProductType",
    "clew:SizeWord": "SizeWord",
    "clew:Style": "Style",
    "clew:Unit": "Unit",
    "clew:Use": "Use",
    "clew:User": "User",
    "schema:Brand": "Brand",
    "schema:Product": "Product",
}
RELATIONS = {
    "clew:addedToCart": "ADDED_TO_CART",
    "clew:alsoBought": "ALSO_BOUGHT",
    "clew:alsoViewed": "ALSO_VIEWED",
    "clew:bought": "BOUGHT",
    "clew:boughtTogether": "BOUGHT_TOGETHER",
    "clew:flavour": "HAS_FLAVOUR",
    "clew:inCategory": "IN_CATEGORY",
    "clew:modelName": "HAS_MODEL",
    "clew:motif": "HAS_MOTIF",
    "clew:occasion": "FOR_OCCASION",
    "clew:packSize": "PACK_OF",
    "clew:productType": "IS_A",
    "clew:rated": "RATED",
    "clew:size": "HAS_SIZE",
    "clew:stock": "stock",
    "clew:style": "IN_STYLE",
    "clew:suitableFor": "SUITABLE_FOR",
    "clew:usedFor": "USED_FOR",
    "clew:viewed": "VIEWED",
    "schema:brand": "HAS_BRAND",
    "schema:color": "HAS_COLOR",
    "schema:description": "description",
    "schema:image": "image",
    "schema:isAccessoryOrSparePartFor": "IS_ACCESSORY_FOR",
    "schema:isRelatedTo": "IS_RELATED_TO",
    "schema:isSimilarTo": "IS_SIMILAR_TO",
    "schema:material": "MADE_OF",
    "schema:price": "price",
    "schema:priceCurrency": "currency",
    "skos:broader": "BROADER",
}
LANGUAGES = ("en", "zh")
CONCEPTS_AT_LEAST = {
    "audience": 30,
    "colour": 50,
    "flavour": 30,
    "material": 110,
    "motif": 300,
    "occasion": 30,
    "size": 20,
    "style": 30,
    "type": 1000,
    "use": 50,
}
GOLD_SCHEMES = ("audience", "colour", "material", "motif", "occasion", "style", "use")


@pytest.fixture(scope="module")
def schema() -> Schema:
    return load_schema()


def test_no_rule_is_broken() -> None:
    found = check_ontology(ontology.DIRECTORY)
    assert [str(problem) for problem in found if problem.level == "error"] == []


def test_classes_and_relations(schema: Schema) -> None:
    assert {c.id: c.node_label for c in schema.classes.values()} == CLASSES
    assert {r.id: r.relationship_type for r in schema.relations.values()} == RELATIONS
    assert schema.languages == LANGUAGES


def test_it_is_rich(schema: Schema) -> None:
    counts = dict.fromkeys(schema.schemes(), 0)
    for concept in schema.concepts.values():
        counts[concept.scheme] += 1
    assert counts.keys() == CONCEPTS_AT_LEAST.keys()
    assert {name: n for name, n in counts.items() if n < CONCEPTS_AT_LEAST[name]} == {}


def test_every_relation_that_explains_has_a_template_per_language(schema: Schema) -> None:
    explaining = [relation for relation in schema.relations.values() if relation.explains]
    assert len(explaining) > 15
    for relation in explaining:
        for language in LANGUAGES:
            assert relation.templates[language].count("{object}") == 1, relation.id


def test_frames_take_their_slots(schema: Schema) -> None:
    for name, slots in FRAME_SLOTS.items():
        for language in LANGUAGES:
            told = schema.frames[name][language].format(**{slot: f"<{slot}>" for slot in slots})
            assert all(f"<{slot}>" in told for slot in slots)
            assert name.endswith("_name") or told[-1] in ".。", f"{name} is no sentence"


def test_similar_frames_do_not_claim_a_purchase(schema: Schema) -> None:
    for name in FRAME_SLOTS:
        if name.endswith("_similar"):
            assert not re.search(r"you\b.*\bbought", schema.frames[name]["en"], re.IGNORECASE)
            assert "您买过" not in schema.frames[name]["zh"]


def test_every_concept_has_a_name_per_language(schema: Schema) -> None:
    for concept in schema.concepts.values():
        assert concept.pref.keys() == {*LANGUAGES}, concept.id
        chinese = re.search("[\u4e00-\u9fff]", concept.pref["zh"])
        assert chinese or concept.pref["zh"].isupper(), concept.id  # ABS, A4


def test_names_fit_the_templates(schema: Schema) -> None:
    """*has a heart motif*, not *has a heart motif motif*."""
    motifs = [concept for concept in schema.concepts.values() if concept.scheme == "motif"]
    assert [c.id for c in motifs if c.pref["en"].endswith(" motif")] == []
    assert [c.id for c in motifs if c.pref["zh"].endswith("图案")] == []


def test_a_label_stands_once_in_a_scheme(schema: Schema) -> None:
    taken: dict[tuple[str, str, str], str] = {}
    for concept in schema.concepts.values():
        for language in LANGUAGES:
            for label in concept.labels(language):
                key = (concept.scheme, language, label.casefold())
                assert taken.setdefault(key, concept.id) == concept.id


def test_units_have_a_base_and_measures_units(schema: Schema) -> None:
    dimensions = {unit.dimension for unit in schema.units.values()}
    bases = {unit.dimension for unit in schema.units.values() if unit.factor == 1}
    measured = {
        source.partition(":")[2]
        for relation in schema.relations.values()
        for source in relation.sources
        if source.startswith("measure:")
    }
    assert bases == dimensions
    assert measured == dimensions
    assert all(unit.iri.startswith("http://qudt.org/vocab/unit/") for unit in schema.units.values())


def test_data_prefixes_are_kept(schema: Schema) -> None:
    assert DATA_PREFIXES.items() <= schema.prefixes.items()


def test_every_value_of_the_samples_answers_is_a_concept(schema: Schema) -> None:
    missing = set[str]()
    for line in (sample_path() / "gold.jsonl").read_text(encoding="utf-8").splitlines():
        answer = json.loads(line)
        named = [f"{scheme}:{value}" for scheme in GOLD_SCHEMES for value in answer[scheme]]
        named += [f"type:{value}" for value in answer["product_type"]]
        missing |= {*named} - schema.concepts.keys()
    assert missing == set()


def test_fingerprint_survives_another_layout(schema: Schema, tmp_path: Path) -> None:
    for file in ontology_files(ontology.DIRECTORY):
        parser = pyoxigraph.parse(path=file, format=pyoxigraph.RdfFormat.TURTLE)
        triples = sorted((quad.triple for quad in parser), key=str, reverse=True)
        copy = tmp_path / file.relative_to(ontology.DIRECTORY)
        copy.parent.mkdir(exist_ok=True)
        pyoxigraph.serialize(
            triples, copy, format=pyoxigraph.RdfFormat.TURTLE, prefixes=parser.prefixes
        )
    assert load_schema(tmp_path).fingerprint == schema.fingerprint


def test_loading_is_quick() -> None:
    def seconds() -> float:
        start = time.process_time()
        load_schema()
        return time.process_time() - start

    assert min(seconds() for _ in range(3)) < 1


NOTHING = set[str]()
SENSES = [  # title, concepts it says, concepts it does not say
    ("Bone china mug", {"material:bone-china"}, {"material:porcelain"}),
    ("Mug, made in China", {"type:mug"}, {"material:porcelain", "material:bone-china"}),
    ("Orange mug", {"colour:orange"}, {"flavour:orange", "motif:orange-fruit"}),
    ("Seville orange marmalade", {"type:marmalade"}, {"colour:orange"}),
    ("Mint toothpaste", {"flavour:mint"}, {"colour:mint"}),
    ("Mint green lunch bag", {"type:lunch-bag"}, {"flavour:mint"}),
    ("Navy blue wool scarf", {"colour:navy", "material:wool"}, NOTHING),
    ("Wine glass", {"type:wine-glass"}, NOTHING),
    ("Gold earrings", {"type:earrings"}, NOTHING),
    ("Red retrospot lunch bag", {"colour:red", "motif:polka-dot", "type:lunch-bag"}, NOTHING),
    ("Set of 6 t-lights", {"type:tea-light"}, NOTHING),
    ("Nitrile gloves, powder free", {"type:gloves", "material:nitrile"}, NOTHING),
]


@pytest.fixture(scope="module")
def extractor(schema: Schema) -> Extractor:
    return Extractor(schema, ["en"])


@pytest.mark.parametrize(("title", "says", "not_said"), SENSES, ids=[row[0] for row in SENSES])
def test_words_mean_what_they_should(
    extractor: Extractor, title: str, says: set[str], not_said: set[str]
) -> None:
    product = Product(id="1", title=title, language="en")
    found = {mention.object for mention in next(extractor.mentions([product]))}
    assert says <= found, found
    assert not found & not_said, found


def test_what_the_manual_adds_is_sound(tmp_path: Path) -> None:
    directory = tmp_path / "ontology"
    shutil.copytree(ontology.DIRECTORY, directory)
    manual = ontology.DIRECTORY.parent / "docs" / "ontology.md"
    blocks = re.findall(r"```turtle\n# (\S+)\n(.*?)```", manual.read_text("utf-8"), re.DOTALL)
    assert len(blocks) > 4
    for name, text in blocks:
        with (directory / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{text}")
    found = check_ontology(directory)
    assert [str(problem) for problem in found if problem.level == "error"] == []
    extractor = Extractor(load_schema(directory), ["en"])
    title = "Matt kiwi bird bowl in bog oak, 2 fathoms"
    found = {m.object for m in next(extractor.mentions([Product(id="1", title=title)]))}
    assert {"finish:matt", "motif:kiwi", "material:bog-oak", "measure:3.658-m"} <= found
