"""Where relations may be read from, and what of."""

from dataclasses import replace

import pytest

from kg.errors import OntologyError
from kg.ontology_terms import ClassDef
from tests.kg.built_shop import SHOP, graph, triples
from tests.worlds import RELATIONS, dataset, product, relation, schema


def test_a_relation_cannot_read_a_column_products_do_not_have():
    odd = relation("clew:odd", "ODD", "xsd:string", ["catalog:colour_code"])
    with pytest.raises(
        OntologyError, match=r"clew:odd: clew:source 'catalog:colour_code' names no"
    ):
        graph(ontology=schema([*RELATIONS, odd]))


def test_a_relation_cannot_make_concepts_of_catalogue_names():
    odd = relation("clew:odd", "ODD", "clew:Motif", ["catalog:brand"])
    with pytest.raises(OntologyError, match="cannot make entities of clew:Motif"):
        graph(ontology=schema([*RELATIONS, odd]))


def test_literals_may_be_read_from_attributes_and_triples():
    weave = relation("clew:weave", "weave", "xsd:string", ["catalog:attributes.weave"])
    code = relation("clew:code", "code", "xsd:string", ["triples:colour_code"])
    brands = relation("clew:maker", "MADE_BY", "schema:Brand", ["triples:theme"])
    shop = replace(SHOP, products=[product("M2", "Bag", attributes={"weave": ("plain",)})])
    kg = graph(shop, schema([weave, code, brands]))
    assert {
        ("product:M2", "clew:weave", "plain"),
        ("product:M2", "clew:code", "#f00"),
        ("product:M2", "clew:maker", "brand:rose"),
    } <= triples(kg)


def test_a_class_of_its_own_takes_its_entities_from_names_in_the_triples():
    ontology = schema([relation("clew:actor", "HAS_ACTOR", "clew:Person", ["triples:actor"])])
    people = {"clew:Person": ClassDef("clew:Person", "clew:Person", {}, "Person", "person")}
    ontology = replace(ontology, classes={**ontology.classes, **people})
    cast = [("M2", "actor", name) for name in ("Ann Lee", "ann lee", "Ann Lee", "Bo")]
    kg = graph(dataset([product("M2", "Film")], triples=cast), ontology)
    assert {f for f in triples(kg) if f[1] == "clew:actor"} == {
        ("product:M2", "clew:actor", "person:ann-lee"),
        ("product:M2", "clew:actor", "person:bo"),
    }
    rows = {row["id"]: row for row in kg.entities.to_pylist()}
    assert rows["person:ann-lee"]["name"] == "Ann Lee"
    assert rows["person:ann-lee"]["class"] == "clew:Person"
