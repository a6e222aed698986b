"""Terms of other vocabularies: those of schema.org exist, and none stands for two of ours."""

from collections import Counter

import pyoxigraph as ox
from rdflib import SDO

import ontology
from kg.ontology_graph import SCHEMA, SKOS, OntologyGraph

GRAPH = OntologyGraph(ontology.DIRECTORY)
MATCHES = [f"{SKOS}{kind}" for kind in ("exactMatch", "closeMatch", "relatedMatch")]


def test_terms_of_schema_org_exist() -> None:
    known = {str(term) for term in dir(SDO)}
    named = {
        value.value
        for subject in GRAPH.named()
        for values in GRAPH.about(subject).values()
        for value in values
        if isinstance(value, ox.NamedNode) and value.value.startswith(SCHEMA)
    }
    assert len(named) > 10
    assert named <= known


def test_a_foreign_term_is_matched_once() -> None:
    foreign = Counter(
        value.value
        for subject in GRAPH.named()
        for predicate in MATCHES
        for value in GRAPH.objects(subject, predicate)
        if value.value.startswith(("gid://shopify/", "https://ref.gs1.org/voc/"))
    )
    assert len(foreign) > 30
    assert set(foreign.values()) == {1}
