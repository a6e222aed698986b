"""Certify erasure: afterwards a service answers like one that never saw the users.

    python -m scripts.bench.erasure --store STORE [--users 100] [--seed 0]

In: a store with a dense head. It is copied, and its head fitted without a graph network, which
cannot be taken back. Then users are erased over HTTP, one after the other, with
``CLEW_ERASURE=downdate``, and answers to random histories are compared with those of a service
whose model was fitted without them. Out: the largest difference of a score, as JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import tempfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from api.app import create_app
from api.people import Pseudonyms
from api.schemas import HistoryItemIn, ListOptions
from api.service import Service
from api.settings import Settings
from gnn.channels import Channel, read_channels
from gnn.fit import fit_model
from gnn.storage import Model, save_model
from gnn.teller import Teller
from kg.ids import local_part
from kg.snapshot import SnapshotStore

HISTORIES = 5
"""Random histories asked about after each erasure."""


def certify(root: Path, users: int, seed: int) -> dict[str, float | int]:
    """Erase users of a store, which is changed, and compare after each.

    Returns:
        ``users``, ``answers`` compared, ``largest_difference`` of a score, ``downdated``: how many
        erasures said so, ``others``: answers with other products or counts of people.
    """
    teller = _without_network(root)
    draw = np.random.default_rng(seed)
    names = sorted(set(teller.kg.interactions["user_id"].to_pylist()))
    chosen = [names[at] for at in draw.permutation(len(names))[:users]]
    found = {"users": users, "answers": 0, "downdated": 0, "others": 0}
    largest = 0.0
    with TestClient(create_app(Settings(store=root, erasure="downdate"))) as client:
        people: Pseudonyms = client.app.state.parts.people  # type: ignore[attr-defined]
        vars(people)["user"] = lambda name: name  # the shop's own ids are not kept anywhere
        for count in range(1, users + 1):
            told = client.delete(f"/v1/users/{chosen[count - 1]}").json()
            found["downdated"] += told["head"] == "downdated"
            never = _never_seen(teller, chosen[:count])
            for _ in range(HISTORIES):
                history = _history(teller, draw)
                body = {"history": history, "k": 100, "in_stock": False, "paths": 5}
                mine = client.post("/v1/recommendations", json=body).json()["recommendations"]
                options = ListOptions(k=100, in_stock=False, paths=5)
                items = [HistoryItemIn.model_validate(item) for item in history]
                theirs = never.recommend(never.history_of(items), options).recommendations
                scores = {item.product.id: item.score for item in theirs}
                largest = max(
                    largest,
                    *(
                        abs(item["score"] - scores.get(item["product"]["id"], math.inf))
                        for item in mine
                    ),
                )
                found["answers"] += 1
                found["others"] += _people(mine) != _people(
                    [item.model_dump(mode="json") for item in theirs]
                )
    return {**found, "largest_difference": largest}


def _without_network(root: Path) -> Teller:
    """Put a head alone in place of the store's model; the snapshot it is in, loaded."""
    store = SnapshotStore(root)
    teller = Teller.current(store)
    model = teller.recommender.model
    alone = _fit(teller, model, teller.kg.interactions)
    save_model(alone, teller.snapshot.path / "model")
    return Teller.current(store)


def _fit(teller: Teller, model: Model, interactions: pa.Table) -> Model:
    config = model.config.model_copy(update={"gnn_weight": 0.0})
    text: NDArray[np.float32] | None = None
    if model.head.text.shape[1]:
        text = (model.head.text / np.sqrt(config.text_weight)).astype(np.float32)
    channels = _channels(teller)
    return fit_model(
        teller.kg, teller.schema, interactions, text=text, config=config, channels=channels
    )


@lru_cache(maxsize=4)
def _channels(teller: Teller) -> list[Channel]:
    model = teller.recommender.model
    damping = model.config.ancestor_damping
    return read_channels(teller.kg, teller.schema, model.products, damping=damping)


def _never_seen(teller: Teller, users: list[str]) -> Service:
    theirs = pc.is_in(teller.kg.interactions["user_id"], pa.array(users, pa.string()))
    left = teller.kg.interactions.filter(pc.invert(theirs))
    model = _fit(teller, teller.recommender.model, left)
    return Service(teller.grown(replace(teller.kg, interactions=left), model))


def _history(teller: Teller, draw: np.random.Generator) -> list[dict[str, str]]:
    products = teller.recommender.products
    rows = draw.choice(len(products), size=int(draw.integers(1, 8)), replace=False)
    return [{"product_id": local_part(products[int(row)])} for row in rows]


def _people(listed: list[dict[str, object]]) -> list[object]:
    """What is told of other people, by product."""
    told = [
        (item["product"]["id"], [(p["channel"], p["buyers"]) for p in item["paths"]])  # type: ignore[index]
        for item in listed
    ]
    return sorted(told)


def main() -> None:
    """Copy the store and certify."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "store"
        shutil.copytree(asked.store, root, symlinks=True)
        print(json.dumps(certify(root, asked.users, asked.seed), indent=1))


if __name__ == "__main__":
    main()
