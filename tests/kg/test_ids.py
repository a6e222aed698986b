import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import NotFoundError
from kg.ids import (
    DATA_PREFIXES,
    Vocabulary,
    compact,
    entity_id,
    expand,
    local_part,
    pseudonym,
    slug,
)


@given(st.text(min_size=1).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)))
def test_ids_round_trip_and_are_legal_iris(name: str) -> None:
    compact_id = entity_id("product", name)
    iri = expand(compact_id, DATA_PREFIXES)
    assert local_part(compact_id) == name
    assert compact(iri, DATA_PREFIXES) == compact_id
    assert not set(iri) & set(' <>"{}|\\^`\n')
    assert iri.isascii()


def test_longest_namespace_wins() -> None:
    prefixes = {"a": "urn:x:", "b": "urn:x:y:"}
    assert compact("urn:x:y:1", prefixes) == "b:1"
    assert compact("urn:other:1", prefixes) == "urn:other:1"


def test_unknown_prefix_is_named() -> None:
    with pytest.raises(NotFoundError, match="unknown prefix 'color' in 'color:red'"):
        expand("color:red", DATA_PREFIXES)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("3M  Company", "3m-company"),
        ("Hearth & Hare", "hearth-hare"),
        ("ＦＵＬＬ width", "full-width"),
        ("南山", "南山"),
        ("Straße", "strasse"),
        ("--", ""),
    ],
)
def test_slug(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_pseudonym_depends_on_key_and_user() -> None:
    first = pseudonym("alice", b"k" * 32)
    assert first == pseudonym("alice", b"k" * 32)
    assert first != pseudonym("alice", b"l" * 32)
    assert first != pseudonym("bob", b"k" * 32)
    assert "alice" not in first


def test_vocabulary_maps_both_ways() -> None:
    words = Vocabulary(["b", "a", "c"])
    assert list(words) == ["b", "a", "c"]
    assert words.row("a") == 1
    assert words[1] == "a"
    assert words.get("z") is None
    assert words.rows(["c", "z", "b"]).tolist() == [2, -1, 0]
    assert words.fingerprint == Vocabulary(["b", "a", "c"]).fingerprint
    assert words.fingerprint != Vocabulary(["a", "b", "c"]).fingerprint
    with pytest.raises(NotFoundError, match="'z' is not among the 3 ids"):
        words.row("z")


def test_vocabulary_refuses_doubles() -> None:
    with pytest.raises(ValueError, match="id 'a' stands twice in a vocabulary of 3 ids"):
        Vocabulary(["a", "b", "a"])
