"""Mentions kept from build to build: which products are read again, and what that depends on."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kg.errors import StoreError
from kg.mentions import FormerMentions, KeptMentions, product_key
from kg.ontology_terms import Schema
from kg.reading import changed_concepts, reading_fingerprint
from kg.records import Mention, Product
from tests.worlds import SCHEMA, product

ORANGE = SCHEMA.concepts["colour:orange"]
COLOR = SCHEMA.relations["schema:color"]
SHOP = [product("a", "orange mug"), product("b", "cup"), product("c", "jug", price="1")]


class Counting:
    """Reads nothing but counts."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def mentions(self, products: Iterable[Product]) -> Iterator[list[Mention]]:
        for one in products:
            self.read.append(one.id)
            yield [Mention(one.id, "title", 0, 1, one.title[:1], "r", "o:o", 0.1 + 0.2, "trained")]


def concept(**fields: Any) -> Schema:
    """The ontology with another orange."""
    return replace(SCHEMA, concepts={**SCHEMA.concepts, ORANGE.id: replace(ORANGE, **fields)})


def relation(**fields: Any) -> Schema:
    """The ontology with another colour relation."""
    return replace(SCHEMA, relations={**SCHEMA.relations, COLOR.id: replace(COLOR, **fields)})


def read(
    products: list[Product],
    known: Path | None,
    to: Path,
    *,
    old: Schema = SCHEMA,
    new: Schema = SCHEMA,
    trained: bytes = b"",
) -> tuple[list[str], list[list[Mention]]]:
    """Ids of the products read, and the mentions of all."""
    counting = Counting()
    former = known and FormerMentions(known, old)
    kept = KeptMentions(new, former, lambda *_: counting, trained)
    found = list(kept.mentions(products))
    assert (kept.num_read, kept.num_kept) == (len(counting.read), len(products) - kept.num_read)
    kept.write(to)
    return counting.read, found


@pytest.fixture
def known(tmp_path: Path) -> Path:
    path = tmp_path / "known.parquet"
    assert read(SHOP, tmp_path / "none.parquet", path)[0] == ["a", "b", "c"]
    return path


def test_only_products_with_other_texts_are_read(known: Path, tmp_path: Path) -> None:
    second = tmp_path / "two.parquet"
    edited = [product("c", "jug", price="2"), product("b", "tin"), product("a", "orange mug")]
    ids, found = read(edited, known, second)
    assert ids == ["b"]
    assert found == read(edited, None, tmp_path / "anew.parquet")[1]
    assert read(edited, second, known)[0] == []


@pytest.mark.parametrize(
    ("new", "ids"),
    [
        (concept(prior=0.3), ["a"]),
        (concept(alt={"en": ("tangerine",)}), ["a"]),
        (concept(alt={"en": ("cup",)}), ["a", "b"]),
        (concept(pref={**ORANGE.pref, "zh": "橘色"}), []),
        (concept(broader=("colour:red",)), []),
        (relation(templates={"en": "comes in {object}"}), []),
        (relation(sources=(*COLOR.sources, "catalog:attributes.colour")), []),
        (relation(fields=("description",)), ["a", "b", "c"]),
        (replace(SCHEMA, units={}), ["a", "b", "c"]),
    ],
)
def test_an_edit_of_the_ontology_has_few_read_again(
    known: Path, tmp_path: Path, new: Schema, ids: list[str]
) -> None:
    """Known mentions are kept, whoever read them; and what is written is known under the edit."""
    again = tmp_path / "again.parquet"
    assert read(SHOP, known, again, new=new)[0] == ids
    assert read(SHOP, again, tmp_path / "last.parquet", old=new, new=new)[0] == []


def test_other_readers_have_everything_read_again(known: Path, tmp_path: Path) -> None:
    everything, to = ["a", "b", "c"], tmp_path / "again.parquet"
    assert read(SHOP, known, to, trained=b"another")[0] == everything
    assert read(SHOP, known, to, old=concept(prior=0.3), new=concept(prior=0.2))[0] == everything


def test_mentions_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"rubbish")
    former = FormerMentions(tmp_path / "x.parquet", SCHEMA)
    with pytest.raises(StoreError, match=r"x\.parquet cannot be read: .*; build without it"):
        KeptMentions(SCHEMA, former, lambda *_: Counting())


def test_a_key_is_of_what_is_read() -> None:
    mug = product("a", "mug")
    assert product_key(mug) == product_key(product("b", "mug", price="2"))
    others = [
        product("a", "cup"),
        product("a", "mug", brand="Acme"),
        product("a", "mug", categories=("Mugs",)),
        product("a", "mug", description="a mug"),
        product("a", "mug", zh="杯"),
        product("a", "mug", attributes={"color": ("red",)}),
    ]
    assert len({product_key(one) for one in [mug, *others]}) == 1 + len(others)
    two = {"size": ("1",), "color": ("red",)}
    same = dict(reversed(two.items()))
    assert product_key(product("a", "mug", attributes=two)) == product_key(
        product("a", "mug", attributes=same)
    )


def test_the_fingerprint_is_of_what_reading_depends_on() -> None:
    now = reading_fingerprint(SCHEMA)
    assert reading_fingerprint(relation(templates={"en": "comes in {object}"})) == now
    assert reading_fingerprint(concept(broader=())) == now
    others = [concept(prior=0.3), concept(ambiguous={"zh": ("橙色",)}), relation(fields=())]
    assert len({now, reading_fingerprint(SCHEMA, b"x"), *map(reading_fingerprint, others)}) == 5


def test_concepts_change_by_language() -> None:
    chinese = concept(pref={**ORANGE.pref, "zh": "橘色"})
    assert changed_concepts(SCHEMA, chinese) == {ORANGE.id}
    assert changed_concepts(SCHEMA, chinese, "zh") == {ORANGE.id}
    assert changed_concepts(SCHEMA, chinese, "en") == set()
    gone = replace(SCHEMA, concepts={i: c for i, c in SCHEMA.concepts.items() if i != ORANGE.id})
    assert changed_concepts(SCHEMA, gone, "en") == changed_concepts(gone, SCHEMA) == {ORANGE.id}
