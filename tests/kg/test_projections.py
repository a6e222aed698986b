"""RDF and the property graph hold the facts of the fact table, whatever the facts."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.ids import entity_id
from kg.rdf import open_rdf, write_nquads
from kg.records import Fact
from kg.store import LadybugStore
from kg.validate import agreement
from tests.tables import graph
from tests.worlds import SCHEMA

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NAMED = TEXT.filter(bool)
PREFIXES = {known.id: prefix for prefix, known in {
    "product": SCHEMA.classes["schema:Product"], "brand": SCHEMA.classes["schema:Brand"],
    "category": SCHEMA.classes["clew:Category"], "user": SCHEMA.classes["clew:User"],
}.items()}  # fmt: skip
ENTITY = st.sampled_from(sorted(PREFIXES)).flatmap(
    lambda kind: st.tuples(st.just(kind), NAMED.map(lambda name: entity_id(PREFIXES[kind], name)))
)
LINKS = [r.id for r in SCHEMA.relations.values() if not r.is_literal]
VALUES = {
    "schema:price": ("xsd:decimal", st.decimals(0, 10**6, places=2).map(str)),
    "clew:stock": ("xsd:integer", st.integers(0, 10**9).map(str)),
    "schema:description": ("xsd:string", TEXT),
}


@st.composite
def graphs(draw: st.DrawFn):  # type: ignore[no-untyped-def]
    entities = {
        i: (kind, draw(NAMED), draw(st.dictionaries(st.sampled_from(["en", "zh"]), NAMED)))
        for kind, i in draw(st.lists(ENTITY, min_size=1, max_size=8))
    }
    ids = st.sampled_from(sorted(entities))
    links = draw(st.sets(st.tuples(ids, st.sampled_from(LINKS), ids), max_size=20))
    valued = draw(st.sets(st.tuples(ids, st.sampled_from(sorted(VALUES))), max_size=6))
    facts = [Fact(subject, relation, object_) for subject, relation, object_ in links]
    for subject, relation in valued:
        datatype, values = VALUES[relation]
        facts.append(Fact(subject, relation, draw(values), datatype=datatype))
    return graph(entities, facts)


@settings(max_examples=12, deadline=None)
@given(graphs())
def test_projections_agree(kg) -> None:  # type: ignore[no-untyped-def]
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        write_nquads(kg, SCHEMA, directory / "graph.nq.gz")
        with (
            LadybugStore(directory / "graph.lbdb") as store,
            open_rdf(directory / "graph.nq.gz", SCHEMA) as rdf,
        ):
            store.load(kg, SCHEMA)
            assert agreement(kg, rdf=rdf.counts(), store=store.counts()) == []
            for i, name in zip(*(kg.entities[c].to_pylist() for c in ("id", "name")), strict=True):
                known = store.get(i)
                assert known is not None
                assert known["name"] == name
