"""What is kept and brought up to date, piece by piece; the whole is in test_rebuild.py."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from kg.difference import difference, structure
from kg.errors import StoreError
from kg.facts import KnowledgeGraph
from kg.rdf import index_rdf, open_rdf, write_nquads
from kg.rdf_update import update_index
from kg.records import INTERACTION_SCHEMA, Fact
from kg.store import load_ladybug, open_store
from kg.store.ladybug_update import update_ladybug
from kg.validate import agreement
from tests.tables import ENTITIES, FACTS, SHOP, graph
from tests.worlds import SCHEMA

LOUDER = replace(FACTS[2], confidence=0.95)
EDITED = graph(
    {
        **{i: said for i, said in ENTITIES.items() if i != "product:bare"},
        "product:gone": ("schema:Product", "back again", {"en": "back again"}),
        "user:u3": ("clew:User", "u3", {}),
    },
    [
        *(f for f in FACTS if f != FACTS[2] and f.relation != "schema:price"),
        LOUDER,
        Fact("product:mug", "schema:price", "3.00", datatype="xsd:decimal"),
        Fact("user:u3", "clew:bought", "product:gone", source="events"),
    ],
)


def test_the_difference_by_hand() -> None:
    change = difference(SHOP, EDITED)
    assert set(change.gone["object"].to_pylist()) == {"colour:orange", "2.50"}
    assert sorted(change.added["object"].to_pylist()) == ["3.00", "colour:orange", "product:gone"]
    assert set(change.described.to_pylist()) == {"product:bare", "product:gone", "user:u3"}
    assert set(change.subjects.to_pylist()) == {
        "product:mug", "user:u3", "product:bare", "product:gone"
    }  # fmt: skip
    nothing = difference(SHOP, SHOP)
    assert (nothing.share, len(nothing.subjects)) == (0.0, 0)


def test_an_index_is_brought_up_to_date_and_the_old_one_stays(tmp_path: Path) -> None:
    old, new, full = (tmp_path / name for name in ("old.nq.gz", "new", "full.nq.gz"))
    write_nquads(SHOP, SCHEMA, old)
    index = index_rdf(old, tmp_path / "old")
    update_index(index, new, difference(SHOP, EDITED), (SCHEMA, SCHEMA))
    write_nquads(EDITED, SCHEMA, full)
    with (
        open_rdf(new, SCHEMA) as updated,
        open_rdf(full, SCHEMA) as anew,
        open_rdf(index, SCHEMA) as before,
    ):
        assert set(updated.store) == set(anew.store)
        assert agreement(SHOP, rdf=before.counts()) == []


def test_an_index_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"the RDF index .*none cannot be brought up to date"):
        update_index(
            tmp_path / "none", tmp_path / "new", difference(SHOP, EDITED), (SCHEMA, SCHEMA)
        )


def test_a_property_graph_is_brought_up_to_date(tmp_path: Path) -> None:
    # Both have a product of either class, so that the tables are the same.
    both = {"product:kept": ("clew:ProductReference", "kept", {})}
    link = [Fact("product:mug", "clew:alsoBought", "product:kept", source="triples")]
    one = graph({**ENTITIES, **both}, [*FACTS, *link])
    moved = {**ENTITIES, **both, "product:gone": ("schema:Product", "back", {"en": "back"})}
    two = graph(moved, [*FACTS, *link, Fact("user:u2", "clew:bought", "product:gone")])
    old, new = tmp_path / "old.lbdb", tmp_path / "new.lbdb"
    load_ladybug(one, SCHEMA, old)
    assert update_ladybug(old, new, difference(one, two), SCHEMA)
    with open_store(f"ladybug:{new}") as store:
        assert agreement(two, graph=store.counts()) == []
        assert store.get("product:gone") == {
            "label": "Product", "id": "product:gone", "name": "back", "name_en": "back",
        }  # fmt: skip
        assert [e.subject for e in store.neighbours("product:gone")] == ["product:mug", "user:u2"]


def test_other_tables_are_loaded_anew(tmp_path: Path) -> None:
    old, new = tmp_path / "old.lbdb", tmp_path / "new.lbdb"
    load_ladybug(SHOP, SCHEMA, old)
    assert not update_ladybug(old, new, difference(SHOP, EDITED), SCHEMA)
    assert not new.exists()


def test_a_graph_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "old.lbdb").write_bytes(b"rubbish" * 1000)
    louder = graph(ENTITIES, [*(f for f in FACTS if f != FACTS[2]), LOUDER])
    change = difference(SHOP, louder)
    with pytest.raises(StoreError, match=r"the graph .*old\.lbdb cannot be brought up to date"):
        update_ladybug(tmp_path / "old.lbdb", tmp_path / "new.lbdb", change, SCHEMA)


def bought(*times: int) -> KnowledgeGraph:
    """The shop, where u1 bought mugs on these days of March."""
    rows = [
        {
            "user_id": "user:u1",
            "product_id": "product:mug",
            "event": "purchase",
            "timestamp": datetime(2026, 3, day),
            "quantity": 2.0,
        }
        for day in times
    ]
    return replace(SHOP, interactions=pa.Table.from_pylist(rows, INTERACTION_SCHEMA))


@pytest.mark.parametrize("days", [(2, 9), (9,), (2, 2)])
def test_what_is_bought_again_is_told_though_the_fact_is_the_same(
    tmp_path: Path, days: tuple[int, ...]
) -> None:
    one, two = bought(2), bought(*days)
    change = difference(one, two)
    assert change.events.to_pylist() == [{"user_id": "user:u1", "product_id": "product:mug"}]
    assert (change.gone.num_rows, change.added.num_rows) == (0, 0)
    load_ladybug(one, SCHEMA, tmp_path / "old.lbdb")
    load_ladybug(two, SCHEMA, tmp_path / "full.lbdb")
    assert update_ladybug(tmp_path / "old.lbdb", tmp_path / "new.lbdb", change, SCHEMA)
    found = []
    for name in ("new", "full"):
        with open_store(f"ladybug:{tmp_path / name}.lbdb") as store:
            asked = store.cypher("MATCH (u:User)-[r:BOUGHT]->(p) RETURN u.id, p.id, r")
            found.append(sorted(map(repr, asked.table.to_pylist())))
    assert found[0] == found[1]


def test_what_did_not_change_is_linked(tmp_path: Path) -> None:
    old, new = tmp_path / "old.lbdb", tmp_path / "new.lbdb"
    load_ladybug(SHOP, SCHEMA, old)
    assert update_ladybug(old, new, difference(SHOP, SHOP), SCHEMA)
    SHOP.write(tmp_path / "one")
    told = replace(SHOP, unmapped={"made_by": 1})
    told.write(tmp_path / "two", (SHOP, tmp_path / "one"))
    linked = {path.name for path in (tmp_path / "two").iterdir() if path.stat().st_nlink == 2}
    assert linked == {"products.parquet", "entities.parquet", "interactions.parquet"}
    assert (new.stat().st_nlink, KnowledgeGraph.read(tmp_path / "two")) == (2, told)


def test_frames_are_no_part_of_the_structure() -> None:
    assert structure(SCHEMA) == structure(replace(SCHEMA, frames={}))
