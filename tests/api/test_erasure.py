"""Erasure with a downdate: certified against a system that never saw the users, or why not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from gnn.fit import fit_model
from gnn.forget import forget_users
from gnn.fusion import HeadConfig
from gnn.history import Event
from gnn.score import Recommender
from kg.build import graph_of, schema_of
from kg.errors import ModelError
from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema
from kg.snapshot import SnapshotStore
from scripts.bench.erasure import certify
from tests.api.conftest import copied

Tables = tuple[KnowledgeGraph, Schema]


def test_answers_are_those_of_a_system_that_never_saw_them(
    sample_store: Path, tmp_path: Path
) -> None:
    found = certify(copied(sample_store, tmp_path / "store"), users=3, seed=1)
    assert found["downdated"] == found["users"] == 3
    assert found["answers"] == 15
    assert found["others"] == 0
    assert found["largest_difference"] <= 1e-6


def test_what_was_forgotten_stays_forgotten_by_a_later_start(
    sample_store: Path, tmp_path: Path
) -> None:
    root = copied(sample_store, tmp_path / "store")
    certify(root, users=1, seed=2)
    body = {"history": [{"product_id": "KD-0101"}], "k": 20}
    with TestClient(create_app(Settings(store=root, erasure="downdate"))) as downdated:
        live = downdated.app.state.live  # type: ignore[attr-defined]
        told = downdated.post("/v1/recommendations", json=body).json()
        service = live.service
        live.catch_up()
        assert live.service is service
    with TestClient(create_app(Settings(store=root))) as marked:
        other = marked.post("/v1/recommendations", json=body).json()
    assert told["snapshot"] == other["snapshot"]
    assert told["recommendations"] != other["recommendations"]


@pytest.fixture(scope="module")
def tables(sample_store: Path) -> Tables:
    snapshot = SnapshotStore(sample_store).current()
    return graph_of(snapshot), schema_of(snapshot)


def test_where_only_a_fit_can_forget(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    kg, schema = tables
    users = kg.interactions["user_id"].to_pylist()
    newest = kg.interactions.sort_by([("timestamp", "descending")])["user_id"][0].as_py()
    model = fit_model(kg, schema, kg.interactions)
    assert forget_users(model, kg.interactions, {"user:nobody"}) is model
    network = np.ones((len(model.products), 2), dtype=np.float32)
    with pytest.raises(ModelError, match="the graph network was trained on their events"):
        forget_users(replace(model, gnn=network), kg.interactions, {users[0]})
    monkeypatch.setattr("gnn.forget.MOST_WITH_KIN", 400)
    with pytest.raises(ModelError, match="lose its last event, and its kin among 412 are sought"):
        forget_users(model, kg.interactions, set(users[: len(users) // 2]))
    aging = fit_model(kg, schema, kg.interactions, config=HeadConfig(half_life_days=100))
    with pytest.raises(ModelError, match=r"the newest event, from which .* count, is theirs"):
        forget_users(aging, kg.interactions, {newest})
    low = fit_model(kg, schema, kg.interactions, config=HeadConfig(kind="low_rank", rank=8))
    with pytest.raises(ModelError, match="the head is of low rank, which has no inverse"):
        forget_users(low, kg.interactions, {users[0]})


def test_a_product_that_loses_its_last_event_takes_after_its_kin(tables: Tables) -> None:
    kg, schema = tables
    model = fit_model(kg, schema, kg.interactions)
    users = pc.unique(kg.interactions["user_id"])
    gone = users.slice(0, len(users) * 2 // 3)
    left = kg.interactions.filter(pc.invert(pc.is_in(kg.interactions["user_id"], gone)))
    found = forget_users(model, kg.interactions, set(gone.to_pylist()))
    never = fit_model(kg, schema, left)
    assert len(found.kin.rows) > len(model.kin.rows)
    assert found.kin.rows.tolist() == never.kin.rows.tolist()
    for model_row in (0, 100, 400):
        history = Recommender(found).history([Event(found.products[model_row])])
        mine, theirs = (Recommender(model).scores(history) for model in (found, never))
        np.testing.assert_allclose(mine, theirs, atol=1e-6)


def test_the_answer_says_why_it_was_not_done(sample_store: Path, tmp_path: Path) -> None:
    root = copied(sample_store, tmp_path / "store")
    with TestClient(create_app(Settings(store=root, erasure="downdate"))) as client:
        live = client.app.state.live  # type: ignore[attr-defined]
        teller = live.service.teller
        network = np.ones((len(teller.recommender.products), 2), dtype=np.float32)
        teller.recommender.model = replace(teller.recommender.model, gnn=network)
        told = client.delete("/v1/users/u0184").json()
        assert told["head"] == "marked_for_next_build"
        assert "at the next build only: the graph network was trained on" in told["detail"]
        assert client.delete("/v1/users/nobody").json()["head"] == "untouched"
