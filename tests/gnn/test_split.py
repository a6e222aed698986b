from datetime import UTC, datetime

import pyarrow as pa
import pytest
from pydantic import ValidationError

from gnn.split import SplitConfig, split_interactions
from kg.errors import ModelError
from kg.records import INTERACTION_SCHEMA
from tests.gnn.graphs import interactions

HOURS = [(f"u{at % 4}", f"p{at}") for at in range(40)]


def marked(*rows):
    """(user, product, position, split)"""
    names = ("user_id", "product_id", "position", "split")
    return pa.Table.from_pylist(
        [{**dict(zip(names, row, strict=True)), "event": "purchase"} for row in rows],
        schema=INTERACTION_SCHEMA,
    )


def products(table):
    return table["product_id"].to_pylist()


def test_time_is_cut_by_default_and_nothing_of_the_future_is_in_training():
    table = interactions(HOURS, timed=True)
    split = split_interactions(table)
    assert split.method == "time"
    assert (split.train.num_rows, split.valid.num_rows, split.test.num_rows) == (33, 3, 4)
    assert max(split.train["timestamp"].to_pylist()) < min(split.valid["timestamp"].to_pylist())
    assert max(split.valid["timestamp"].to_pylist()) < min(split.test["timestamp"].to_pylist())
    assert split.description == "time: test from 2024-01-02 12:00, validation from 2024-01-02 09:00"
    assert split.train_and_valid.num_rows == 36


def test_the_cut_may_be_a_date():
    table = interactions(HOURS, timed=True)
    for cut in (datetime(2024, 1, 2), datetime(2024, 1, 2, tzinfo=UTC)):
        split = split_interactions(table, SplitConfig(cut=cut))
        assert products(split.test) == [f"product:p{at}" for at in range(24, 40)]
        assert products(split.valid)[-1] == "product:p23"


def test_events_of_one_moment_stay_together():
    table = interactions(HOURS, timed=True)
    same = table["timestamp"].to_pylist()
    same[30:] = [same[30]] * 10
    table = table.set_column(3, "timestamp", pa.array(same, pa.timestamp("us")))
    assert split_interactions(table).test.num_rows == 10


def test_with_positions_only_the_last_product_is_left_out():
    split = split_interactions(interactions(HOURS))
    assert split.method == "last"
    assert products(split.test) == [f"product:p{at}" for at in range(36, 40)]
    assert products(split.valid) == [f"product:p{at}" for at in range(32, 36)]


def test_users_with_too_few_events_stay_in_training():
    table = interactions([("a", "x"), ("b", "x"), ("b", "y"), ("c", "x"), ("c", "y"), ("c", "z")])
    split = split_interactions(table)
    assert products(split.test) == ["product:y", "product:z"]
    assert products(split.valid) == ["product:y"]
    assert split.train["user_id"].to_pylist() == ["user:a", "user:b", "user:c"]


def test_the_own_split_is_taken_as_it_is():
    table = marked(
        ("u", "a", 0, "train"),
        ("u", "b", 1, "valid"),
        ("u", "c", 2, "test"),
        ("v", "a", 0, "train"),
    )
    split = split_interactions(table)
    assert (split.method, split.description) == ("own", "the dataset's own split")
    assert (products(split.train), products(split.valid), products(split.test)) == (
        ["a", "a"],
        ["b"],
        ["c"],
    )


def test_validation_is_carved_as_the_test_was():
    last = marked(
        *((u, str(at), at, "test" if at == 3 else "train") for u in "uv" for at in range(4))
    )
    split = split_interactions(last)
    assert products(split.valid) == ["2", "2"]
    assert split.description.endswith("each user's last product of training")
    mixed = marked(
        *((u, str(at), at, "test" if at == 0 else "train") for u in "uv" for at in range(4))
    )
    split = split_interactions(mixed)
    assert split.valid.num_rows == 2
    assert "not later than its training, so validation is 25%" in split.description
    assert split_interactions(mixed).valid.equals(split.valid)


def test_random_has_to_be_asked_for_and_says_that_it_leaks():
    table = interactions(HOURS)
    split = split_interactions(table, SplitConfig(method="random", seed=3))
    assert "the future of other users is in training" in split.description
    assert split.test.num_rows == 4
    assert len(set(split.test["user_id"].to_pylist())) == 4
    again = split_interactions(table, SplitConfig(method="random", seed=3))
    assert again.test.equals(split.test)
    assert not split_interactions(table, SplitConfig(method="random", seed=4)).test.equals(
        split.test
    )


def test_what_cannot_be_split():
    bare = interactions(HOURS)
    bare = bare.set_column(4, "position", pa.nulls(40, pa.int64()))
    with pytest.raises(ModelError, match="nothing tells past from future"):
        split_interactions(bare)
    with pytest.raises(ModelError, match="40 of 40 interactions have no timestamp"):
        split_interactions(bare, SplitConfig(method="time"))
    with pytest.raises(ModelError, match=r"the split column holds \['dev'\]"):
        split_interactions(marked(("u", "a", 0, "dev")), SplitConfig(method="own"))
    with pytest.raises(ModelError, match="leaves nothing for test"):
        split_interactions(interactions(HOURS, timed=True), SplitConfig(cut=datetime(2030, 1, 1)))
    with pytest.raises(ModelError, match="leaves nothing for train"):
        split_interactions(interactions(HOURS, timed=True), SplitConfig(cut=datetime(2020, 1, 1)))


def test_settings_are_checked():
    with pytest.raises(ValidationError, match="less than 1"):
        SplitConfig(test_share=1.5)
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        SplitConfig(cutt=None)
