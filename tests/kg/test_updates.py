"""What is kept and brought up to date, piece by piece; the whole is in test_rebuild.py."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kg.difference import difference, structure
from kg.errors import StoreError
from kg.facts import KnowledgeGraph
from kg.mentions import KeptMentions, product_key, reading_fingerprint
from kg.rdf import index_rdf, open_rdf, write_nquads
from kg.rdf_update import update_index
from kg.records import INTERACTION_SCHEMA, Fact, Mention, Product
from kg.store import load_ladybug, open_store
from kg.store.ladybug_update import update_ladybug
from kg.validate import agreement
from tests.tables import ENTITIES, FACTS, SHOP, graph
from tests.worlds import SCHEMA, product

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


class Counting:
    """Reads nothing but counts."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def mentions(self, products: Any) -> Any:
        for one in products:
            self.read.append(one.id)
            yield [Mention(one.id, "title", 0, 1, one.title[:1], "r", "o:o", 0.1 + 0.2, "phrase")]


def read(products: list[Product], known: Path | None, to: Path) -> tuple[list[str], Any]:
    counting = Counting()
    kept = KeptMentions(SCHEMA, ["en"], known, lambda *_: counting)
    found = list(kept.mentions(products))
    kept.write(to)
    return counting.read, found


def test_only_products_with_other_texts_are_read(tmp_path: Path) -> None:
    first, second = tmp_path / "one.parquet", tmp_path / "two.parquet"
    products = [product("a", "mug"), product("b", "cup"), product("c", "jug", price="1")]
    assert read(products, tmp_path / "none.parquet", first)[0] == ["a", "b", "c"]
    edited = [product("c", "jug", price="2"), product("b", "tin"), product("a", "mug")]
    ids, found = read(edited, first, second)
    assert ids == ["b"]
    assert found == read(edited, None, tmp_path / "anew.parquet")[1]
    assert read(edited, second, first)[0] == []


def test_mentions_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"rubbish")
    with pytest.raises(StoreError, match=r"x\.parquet cannot be read: .*; build without it"):
        KeptMentions(SCHEMA, ["en"], tmp_path / "x.parquet", lambda *_: Counting())


def test_what_reading_depends_on() -> None:
    """Words in a language that is read, and the fields; not templates nor other languages."""
    orange = SCHEMA.concepts["colour:orange"]
    brand = SCHEMA.relations["schema:color"]

    def changed(**fields: Any) -> bytes:
        concepts = {**SCHEMA.concepts, orange.id: replace(orange, **fields)}
        return reading_fingerprint(replace(SCHEMA, concepts=concepts), ["en"])

    def told(**fields: Any) -> bytes:
        relations = {**SCHEMA.relations, brand.id: replace(brand, **fields)}
        return reading_fingerprint(replace(SCHEMA, relations=relations), ["en"])

    now = reading_fingerprint(SCHEMA, ["en"])
    assert changed(pref={**orange.pref, "zh": "橘色"}) == now
    assert told(templates={"en": "comes in {object}"}) == now
    assert len({now, changed(prior=0.3), changed(alt={"en": ("tangerine",)})}) == 3
    assert told(fields=("description",)) != now
    assert product_key(product("a", "mug"), now) != product_key(product("a", "cup"), now)
    assert structure(SCHEMA) == structure(replace(SCHEMA, frames={}))
