"""Descriptions over HTTP and on the command line, on the sample shop."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from api.app import create_app
from api.cli import main
from api.settings import Settings
from kg.facts import KnowledgeGraph
from kg.snapshot import SnapshotStore

MUG = "/v1/products/KD-0101/description"


@pytest.fixture(scope="module")
def client(store: Path) -> Iterator[TestClient]:
    app = create_app(Settings(store=store))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def facts(sample_store: Path) -> set[tuple[str, str]]:
    kg = KnowledgeGraph.read(SnapshotStore(sample_store).current().path / "tables")
    rows = zip(*(kg.facts[n].to_pylist() for n in ("subject", "relation", "object")), strict=True)
    return {
        (relation, object_) for subject, relation, object_ in rows if subject == "product:KD-0101"
    }


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_claim_is_a_fact_of_the_snapshot(
    client: TestClient, facts: set[tuple[str, str]], sample_store: Path, lang: str
) -> None:
    answer = client.get(MUG, params={"lang": lang}).json()
    assert answer["snapshot"]["id"] == SnapshotStore(sample_store).current().id
    assert (answer["language"], answer["writer"], answer["removed"]) == (lang, "template", [])
    assert answer["facts_covered"] == 1.0
    for claim in answer["claims"]:
        assert answer["text"][claim["start"] : claim["end"]] == claim["words"]
        fact = claim["fact"]
        assert claim["support"] == "name" or (fact["relation"], fact["object"]) in facts
    assert "Hearth & Hare" in answer["text"]


def test_style_and_length_are_asked_for(client: TestClient) -> None:
    listed = client.get(MUG, params={"style": "list", "length": "short"}).json()
    assert "brand: Hearth & Hare." in listed["text"].splitlines()
    assert client.get(MUG).content == client.get(MUG).content


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/products/none/description", 404, "no product 'none'"),
        (f"{MUG}?lang=fr", 404, "not written in 'fr'"),
        (f"{MUG}?style=loud", 422, "style"),
    ],
)
def test_faults_are_problems(client: TestClient, path: str, status: int, said: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status, "application/problem+json"
    )  # fmt: skip
    assert said in answer.json()["detail"]


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, arguments)


def test_the_command_says_the_same(client: TestClient, sample_store: Path) -> None:
    found = run("describe", "KD-0101", "--store", str(sample_store), "--json")
    assert json.loads(found.stdout)["text"] == client.get(MUG).json()["text"]
    told = run("describe", "KD-0101", "--store", str(sample_store), "--length", "short").stdout
    assert "schema:material material:stoneware (value, phrase" in told


def test_what_the_command_lacks_is_told(sample_store: Path) -> None:
    store = ("--store", str(sample_store))
    missing = run("describe", "KD-0101", *store, "--writer", "endpoint")
    assert (missing.exit_code, "--url and --model" in missing.stderr) == (2, True)
    untrained = run("describe", "KD-0101", *store, "--writer", "vae")
    assert (untrained.exit_code, "clew describe-train" in untrained.stderr) == (8, True)
