"""Recommendations of many users in a file: what the API answers, whole or not there."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from api.batch import BATCH_SCHEMA, recommend_all
from api.cli import main
from api.schemas import ListOptions
from kg.errors import StoreError
from tests.api.conftest import Start

USERS = ["u0184", "u0001", "batch/new", "u0002"]


@pytest.fixture(scope="module")
def client(start: Start) -> TestClient:
    client = start()
    row = {"user_id": "batch/new", "product_id": "KD-0101", "event": "purchase"}
    client.post("/v1/events", json={"events": [row]})
    client.delete("/v1/users/u0002")
    return client


def test_the_file_holds_what_the_api_answers(
    client: TestClient, store: Path, tmp_path: Path
) -> None:
    ids, out = tmp_path / "ids.txt", tmp_path / "mail.parquet"
    ids.write_text("\n".join([*USERS, "u0184", "", "nobody"]) + "\n")
    args = ["events", "recommend-all", "--users", str(ids), "--out", str(out), "--store"]
    done = CliRunner().invoke(main, [*args, str(store), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    table = pq.read_table(out)
    assert (report["left_out"], report["rows"]) == (2, table.num_rows)
    assert table.schema.equals(BATCH_SCHEMA)
    assert table.schema.metadata[b"clew.snapshot"]
    assert out.stat().st_mode & 0o077 == 0
    for user in dict.fromkeys(table["user_id"].to_pylist()):
        rows = [row for row in table.to_pylist() if row["user_id"] == user]
        url = f"/v1/users/{user}/recommendations"
        asked = client.get(url, params={"surface": "email"}).json()["recommendations"]
        assert [(row["rank"], row["product_id"], row["score"]) for row in rows] == [
            (item["rank"], item["product"]["id"], item["score"]) for item in asked
        ]
        assert [row["reasons"] for row in rows] == [
            [path["words"] for path in item["paths"]] for item in asked
        ]
    assert set(table["user_id"].to_pylist()) == {"u0184", "u0001", "batch/new"}
    wrong = CliRunner().invoke(main, [*args, str(store), "--surface", "attic"])
    assert wrong.exit_code != 0
    assert "no place 'attic'" in wrong.output


def test_a_file_that_cannot_be_written_is_not_there(client: TestClient, tmp_path: Path) -> None:
    state = client.app.state  # type: ignore[attr-defined]
    service, parts = state.live.service, state.parts
    out = tmp_path / "none" / "mail.parquet"
    with pytest.raises(StoreError, match=r"cannot write .*mail.parquet: No such file"):
        recommend_all(service, parts, USERS, ListOptions(), out)
    empty = recommend_all(service, parts, [], ListOptions(), tmp_path / "empty.parquet")
    assert empty.rows == 0
    assert pq.read_table(tmp_path / "empty.parquet").num_rows == 0

    def broken() -> object:
        yield "u0184"
        raise StoreError("the list of users broke off")

    with pytest.raises(StoreError, match="the list of users broke off"):
        recommend_all(service, parts, broken(), ListOptions(), tmp_path / "half.parquet")  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["empty.parquet"]
