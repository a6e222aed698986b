"""Two versions compared: what was edited is told, and nothing else."""

from pathlib import Path

import pytest

from kg.errors import OntologyError
from kg.ontology_diff import Statement, diff_ontologies
from tests.tiny_ontology import write_ontology

AMBER = """
colour:amber a skos:Concept ; skos:prefLabel "amber"@en , "琥珀色"@zh ; skos:broader colour:orange .
"""


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return write_ontology(tmp_path / "before")


def test_equal_ontologies_do_not_differ(tmp_path: Path, before: Path) -> None:
    after = write_ontology(tmp_path / "after")
    colours = after / "vocab" / "colour.ttl"
    colours.write_text("# a comment\n" + colours.read_text(encoding="utf-8"), encoding="utf-8")
    found = diff_ontologies(before, after)
    assert found.changes == ()
    assert found.counts() == {}


def test_each_kind_of_change_is_told(tmp_path: Path, before: Path) -> None:
    after = write_ontology(
        tmp_path / "after",
        ('skos:altLabel "tangerine"@en', 'skos:altLabel "satsuma"@en'),
        ('"HAS_SIZE"', '"MEASURES"'),
        ('clew:nodeLabel "Measure"', 'clew:nodeLabel "Amount"'),
        added=AMBER,
    )
    shapes = after / "shapes.ttl"
    text = shapes.read_text(encoding="utf-8").replace("[ sh:class clew:Use ]", "[ sh:class a:b ]")
    shapes.write_text(text.replace("@prefix sh:", "@prefix a: <urn:a:> .\n@prefix sh:"), "utf-8")
    found = diff_ontologies(before, after)
    assert [(c.kind, c.term, c.change) for c in found.changes] == [
        ("class", "clew:Measure", "changed"),
        ("relation", "clew:size", "changed"),
        ("concept", "colour:amber", "added"),
        ("concept", "colour:orange", "changed"),
        ("shape", "clew:product-colour", "changed"),
    ]
    assert found.changes[3].statements == (
        Statement("skos:altLabel", '"satsuma"@en', gained=True),
        Statement("skos:altLabel", '"tangerine"@en', gained=False),
    )
    assert all("[ sh:class a:b ]" in s.object for s in found.changes[4].statements if s.gained)
    counts = found.counts()
    assert counts["labels"] == {"added": 3, "removed": 1, "changed": 0}
    assert counts["broader edges"] == {"added": 1, "removed": 0, "changed": 0}
    assert counts["concept"] == {"added": 1, "removed": 0, "changed": 1}
    assert found.to_dict()["counts"] == counts


def test_the_other_way_round_is_the_inverse(tmp_path: Path, before: Path) -> None:
    after = write_ontology(tmp_path / "after", added=AMBER)
    there, back = diff_ontologies(before, after), diff_ontologies(after, before)
    assert [c.change for c in there.changes] == ["added"]
    assert [c.change for c in back.changes] == ["removed"]
    assert {s.object for s in there.changes[0].statements} == {
        s.object for s in back.changes[0].statements
    }


def test_shapes_that_cannot_be_read_are_told(tmp_path: Path, before: Path) -> None:
    after = write_ontology(tmp_path / "after")
    (after / "shapes.ttl").write_text("nonsense", encoding="utf-8")
    with pytest.raises(OntologyError, match=r"shapes\.ttl:\d+: not Turtle"):
        diff_ontologies(before, after)
    (after / "shapes.ttl").unlink()
    assert {c.kind for c in diff_ontologies(before, after).changes} == {"shape"}
