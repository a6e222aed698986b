"""The graph model as data and as a page: drawn from the ontology, never by hand."""

import json
from pathlib import Path

from click.testing import CliRunner

from api.cli import main
from kg.graph_model import graph_model, markdown
from kg.schema import load_schema
from tests.worlds import SCHEMA

PAGE = Path(__file__).parents[2] / "docs" / "graph-model.md"


def test_the_page_is_what_the_command_prints() -> None:
    result = CliRunner().invoke(main, ["graph", "model"], catch_exceptions=False)
    assert result.stdout == PAGE.read_text(encoding="utf-8"), (
        "docs/graph-model.md is stale; write it again: clew graph model > docs/graph-model.md"
    )


def test_every_class_and_relation_is_in_the_model() -> None:
    schema = load_schema()
    found = graph_model(schema)
    assert {x.class_id: x.name for x in found.labels} == {
        known.id: known.node_label for known in schema.classes.values()
    }
    told = {x.relation: x.name for x in found.types}
    told |= {str(p.relation): p.name for x in found.labels for p in x.properties}
    assert told == {known.id: known.relationship_type for known in schema.relations.values()}


def test_a_relation_of_events_has_its_properties() -> None:
    types = {x.name: [p.name for p in x.properties] for x in graph_model(SCHEMA).types}
    assert types["BOUGHT"] == ["times", "first_on", "last_on", "weeks", "quantity", "spent"]
    assert types["VIEWED"] == ["times", "first_on", "last_on", "weeks"]
    assert types["HAS_COLOR"] == []


def test_a_broader_concept_is_one_of_the_same_label() -> None:
    pairs = {x.name: x.pairs for x in graph_model(load_schema()).types}["BROADER"]
    assert ("Colour", "Colour") in pairs
    assert all(start == end for start, end in pairs)


def test_another_ontology_makes_another_page() -> None:
    page = markdown(graph_model(SCHEMA))
    assert "| `clew:theme` | `HAS_THEME` | Product → Motif | has theme |" in page
    assert "  Product -->|HAS_MOTIF<br/>HAS_THEME| Motif" in page
    assert "Occasion" not in page


def test_the_model_as_json() -> None:
    result = CliRunner().invoke(main, ["graph", "model", "--json"], catch_exceptions=False)
    labels = {label["name"] for label in json.loads(result.stdout)["labels"]}
    assert {"Product", "Brand", "User"} <= labels
