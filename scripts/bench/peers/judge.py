"""One evaluator for everybody: lists in, Clew's own metrics out, with intervals over users.

In: the dataset with its parts, and an `Answer`. Out: `Judged`. Measured are the users with a test
product they had not met in training or validation and with at least one event there; whoever has
no list gets nothing right. A list that names a product its user met already is an error: that
peer's masking is not what it should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.bootstrap import Estimate, estimates
from gnn.metrics import metrics_of_each, ranking_metrics
from kg.catalog import Dataset
from kg.errors import ModelError
from kg.ids import Vocabulary
from scripts.bench.peers.theirs.handover import Answer

__all__ = ["Judge", "Judged"]

K = 10


@dataclass(frozen=True)
class Judged:
    """How good a method's lists are."""

    metrics: dict[str, float]  # metric@k -> mean over users
    intervals: dict[str, Estimate]  # the same but coverage, with 95 % intervals
    of_each: Mapping[str, NDArray[np.float64]]  # metric@k -> (users,)


class Judge:
    """Knows what the users took."""

    def __init__(self, dataset: Dataset, *, met: tuple[str, ...], wanted: str) -> None:
        """Prepare.

        Args:
            dataset: with parts named in its split column.
            met: parts whose products are not to be recommended.
            wanted: the part that counts as truth.

        Raises:
            ModelError: nobody can be measured.
        """
        self.products = Vocabulary(product.id for product in dataset.products)
        events = dataset.interactions
        users = Vocabulary(sorted(set(events["user_id"].to_pylist())))
        parts = {
            name: self._matrix(events.filter(pc.equal(events["split"], name)), users)
            for name in (*met, wanted)
        }
        seen = csr_matrix(sum((parts[name] for name in met), csr_matrix(parts[wanted].shape)))
        truth = csr_matrix(parts[wanted] > 0)
        truth = csr_matrix(truth > truth.multiply(seen > 0))
        rows = np.flatnonzero((np.diff(truth.indptr) > 0) & (np.diff(seen.indptr) > 0))
        if not len(rows):
            raise ModelError(f"nobody has events in {' or '.join(met)} and new ones in {wanted}")
        self.users = tuple(users[int(row)] for row in rows)
        self.truth = csr_matrix(truth[rows])
        self._seen = csr_matrix(seen[rows])

    def judge(self, answer: Answer) -> Judged:
        """Measure an answer.

        Raises:
            ModelError: it names a product that is unknown, twice, or met by its user already.
        """
        lists = self._rows(answer)
        return Judged(
            metrics=ranking_metrics(lists, self.truth, [K]),
            intervals=estimates(of_each := metrics_of_each(lists, self.truth, [K])),
            of_each=of_each,
        )

    def _rows(self, answer: Answer) -> NDArray[np.int64]:
        """Lists of the users measured as product rows, (users, k); -1 where there is nothing."""
        lists = np.full((len(self.users), answer.items.shape[1]), -1, dtype=np.int64)
        given = {user: at for at, user in enumerate(answer.users.tolist())}
        found = [(at, given[user]) for at, user in enumerate(self.users) if user in given]
        if found:
            ours, theirs = np.array(found).T
            names = answer.items[theirs]
            rows = self.products.rows(names.ravel().tolist()).reshape(names.shape)
            if unknown := sorted(set(names[(rows < 0) & (names != "")].tolist())):
                raise ModelError(f"recommended, but no product: {', '.join(unknown[:5])}")
            lists[ours] = rows
        ordered = np.sort(lists, axis=1)
        twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
        if twice.any():
            raise ModelError(f"{twice.any(axis=1).sum()} lists name a product twice")
        users = np.repeat(np.arange(len(lists)), lists.shape[1])[lists.ravel() >= 0]
        met = np.asarray(self._seen[users, lists[lists >= 0]]).ravel() > 0
        if met.any():
            raise ModelError(
                f"{met.sum()} recommended products were met before, first by user "
                f"{self.users[users[met][0]]!r}; mask them"
            )
        return lists

    def _matrix(self, events: pa.Table, users: Vocabulary) -> csr_matrix:
        rows = users.rows(events["user_id"].to_pylist())
        columns = self.products.rows(events["product_id"].to_pylist())
        shape = (len(users), len(self.products))
        return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
