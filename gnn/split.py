"""Training, validation and test interactions, cut so that the future stays in the future.

In: an interaction table. Out: a `Split`, which says in words how it was made. By default: the
dataset's own split where it has one; else a cut in time; else, where only positions are known,
each user's last product. A split that mixes past and future has to be asked for by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kg.errors import ModelError

__all__ = ["Method", "Split", "SplitConfig", "split_interactions"]

Method = Literal["auto", "own", "time", "last", "random"]


class SplitConfig(BaseModel):
    """How interactions are split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = Field(
        default="auto",
        description="own: the dataset's column; time: a cut in time; last: each user's last "
        "product; random: of each user at random, which lets the future into training",
    )
    cut: datetime | None = Field(
        default=None, description="time: first moment of the test; UTC where it names no zone"
    )
    test_share: float = Field(
        default=0.1, gt=0, lt=1, description="of the events, where no cut is given"
    )
    seed: int = Field(default=0, ge=0, description="of random, also where it splits validation")


@dataclass(frozen=True)
class Split:
    """Interactions by what they are for. The rows of all three have the columns they came with."""

    train: pa.Table
    valid: pa.Table
    test: pa.Table
    method: str
    description: str

    @property
    def train_and_valid(self) -> pa.Table:
        """What the final model is fitted on, once everything is chosen on validation."""
        return pa.concat_tables([self.train, self.valid])


def split_interactions(interactions: pa.Table, config: SplitConfig | None = None) -> Split:
    """Split interactions into training, validation and test.

    Validation is carved out of training the way the test was carved out of the whole.

    Raises:
        ModelError: the table lacks what the method needs, or a part would be empty.
    """
    config = SplitConfig() if config is None else config
    method = _method(interactions) if config.method == "auto" else config.method
    split = {"own": _own, "time": _by_time, "last": _by_last, "random": _by_random}[method](
        interactions, config
    )
    for name in ("train", "valid", "test"):
        if getattr(split, name).num_rows == 0:
            raise ModelError(
                f"the split {split.description!r} of {interactions.num_rows} interactions leaves "
                f"nothing for {name}; choose another method, cut or share"
            )
    return split


def _method(interactions: pa.Table) -> str:
    if interactions["split"].null_count == 0 and "test" in _values(interactions["split"]):
        return "own"
    if interactions["timestamp"].null_count == 0:
        return "time"
    if interactions["position"].null_count == 0:
        return "last"
    raise ModelError(
        "the interactions have neither a split, nor times, nor positions: nothing tells past from "
        "future; give one of these, or ask for the method 'random' knowing that it leaks"
    )


def _own(interactions: pa.Table, config: SplitConfig) -> Split:
    values = _values(interactions["split"])
    if interactions["split"].null_count or not values <= {"train", "valid", "test"}:
        raise ModelError(
            f"the split column holds {sorted(map(str, values))}; it has to say train, valid or "
            "test in every row"
        )
    column = interactions["split"].to_numpy(zero_copy_only=False)
    test, valid = column == "test", column == "valid"
    description = "the dataset's own split"
    if not valid.any():
        train = ~test
        moments, users = _moments(interactions), _users(interactions)
        share = float(test.mean())
        if _test_is_later(moments, users, test):
            valid[train] = _last_of_each(users[train], moments[train], 1)
            description += "; validation: each user's last product of training"
        else:
            valid[train] = _random_of_each(users[train], share, config.seed)
            description += (
                f"; its test is not later than its training, so validation is {share:.0%} of each "
                "user's training at random"
            )
    return _parts(interactions, valid, test, "own", description)


def _by_time(interactions: pa.Table, config: SplitConfig) -> Split:
    if interactions["timestamp"].null_count:
        raise ModelError(
            f"{interactions['timestamp'].null_count} of {interactions.num_rows} interactions have "
            "no timestamp; a cut in time needs one in every row"
        )
    stamp = interactions["timestamp"].cast(pa.int64()).to_numpy()
    first_test = _cut(stamp, config.test_share) if config.cut is None else _micros(config.cut)
    test = stamp >= first_test
    before = stamp[~test]
    share = float(test.mean()) if len(before) else 0.0
    first_valid = _cut(before, min(max(share, 0.05), 0.5)) if len(before) else first_test
    valid = ~test & (stamp >= first_valid)
    description = f"time: test from {_date(first_test)}, validation from {_date(first_valid)}"
    return _parts(interactions, valid, test, "time", description)


def _by_last(interactions: pa.Table, config: SplitConfig) -> Split:
    moments, users = _moments(interactions), _users(interactions)
    test = _last_of_each(users, moments, 1)
    valid = _last_of_each(users, moments, 2) & ~test
    description = "each user's last product is the test, the one before it validation"
    return _parts(interactions, valid, test, "last", description)


def _by_random(interactions: pa.Table, config: SplitConfig) -> Split:
    users = _users(interactions)
    test = _random_of_each(users, config.test_share, config.seed)
    valid = np.zeros(len(users), dtype=bool)
    valid[~test] = _random_of_each(users[~test], config.test_share, config.seed + 1)
    description = (
        f"random: {config.test_share:.0%} of each user's products, seed {config.seed}; the future "
        "of other users is in training"
    )
    return _parts(interactions, valid, test, "random", description)


def _parts(
    interactions: pa.Table,
    valid: NDArray[np.bool_],
    test: NDArray[np.bool_],
    method: str,
    description: str,
) -> Split:
    return Split(
        train=interactions.filter(pa.array(~valid & ~test)),
        valid=interactions.filter(pa.array(valid)),
        test=interactions.filter(pa.array(test)),
        method=method,
        description=description,
    )


def _users(interactions: pa.Table) -> NDArray[np.int64]:
    coded = interactions["user_id"].combine_chunks().dictionary_encode()
    users: NDArray[np.int64] = coded.indices.to_numpy().astype(np.int64)
    return users


def _moments(interactions: pa.Table) -> NDArray[np.int64]:
    """Order of the events, from timestamp, then position, then row; shape (n,)."""
    stamp = interactions["timestamp"].cast(pa.int64()).fill_null(0).to_numpy()
    position = interactions["position"].fill_null(0).to_numpy()
    moments = np.empty(len(stamp), dtype=np.int64)
    moments[np.lexsort((position, stamp))] = np.arange(len(stamp))
    return moments


def _last_of_each(
    users: NDArray[np.int64], moments: NDArray[np.int64], count: int
) -> NDArray[np.bool_]:
    """True for the last ``count`` events of users who have at least ``count + 1``."""
    order = np.lexsort((-moments, users))
    first = np.searchsorted(users[order], users[order], side="left")
    rank = np.arange(len(users)) - first
    chosen = np.zeros(len(users), dtype=bool)
    total = np.bincount(users, minlength=1)[users[order]]
    chosen[order] = (rank < count) & (total > count)
    return chosen


def _random_of_each(users: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """True for about ``share`` of each user's events, at least one of two and never all."""
    draw = np.random.default_rng(seed).random(len(users))
    order = np.lexsort((draw, users))
    total = np.bincount(users, minlength=1)[users[order]]
    rank = np.arange(len(users)) - np.searchsorted(users[order], users[order], side="left")
    wanted = np.minimum(np.maximum(np.round(total * share), 1), total - 1)
    chosen = np.zeros(len(users), dtype=bool)
    chosen[order] = rank < wanted
    return chosen


def _test_is_later(
    moments: NDArray[np.int64], users: NDArray[np.int64], test: NDArray[np.bool_]
) -> bool:
    """Whether, for 95 % of the users with both, every test event follows every training event."""
    count = int(users.max(initial=-1)) + 1
    last_train = np.full(count, -1, dtype=np.int64)
    first_test = np.full(count, np.iinfo(np.int64).max, dtype=np.int64)
    np.maximum.at(last_train, users[~test], moments[~test])
    np.minimum.at(first_test, users[test], moments[test])
    both = (last_train >= 0) & (first_test < np.iinfo(np.int64).max)
    return bool(both.any()) and float((first_test > last_train)[both].mean()) >= 0.95


def _cut(stamp: NDArray[np.int64], share: float) -> int:
    """First moment of the last ``share`` of the events; events of one moment stay together."""
    ordered = np.sort(stamp)
    return int(ordered[min(int(np.ceil(len(ordered) * (1 - share))), len(ordered) - 1)])


def _micros(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1_000_000)


def _date(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M")


def _values(column: pa.ChunkedArray) -> set[str]:
    return set(pc.unique(column).to_pylist()) - {None}
