"""Keys, scopes, limits and tenants: every attempt to cross one is refused."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from api.access import Access
from api.app import create_app
from api.cli import main
from api.db import open_database
from api.keys import SCOPES, Keys
from api.logs import JsonLines
from api.settings import Settings, is_loopback
from kg.errors import NotFoundError, StoreError
from tests.api.conftest import Start

Attempt = Callable[[TestClient, dict[str, str]], tuple[int, str]]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('db') / 'keys.sqlite'}"


@pytest.fixture(scope="module")
def tokens(url: str) -> dict[str, str]:
    """A key of each scope, one of another tenant, one revoked, one with a small limit."""
    database = open_database(url)
    keys = Keys(database)
    found = {scope: keys.create(scope, [scope])[0] for scope in SCOPES}
    found["foreign"] = Keys(database, "other-shop").create("other", SCOPES)[0]
    found["revoked"], key = keys.create("gone", SCOPES)
    keys.revoke(key.id)
    found["slow"] = keys.create("slow", ["recommend"], per_minute=2)[0]
    database.close()
    return found


@pytest.fixture(scope="module")
def client(start: Start, url: str, tokens: dict[str, str]) -> TestClient:
    return start(
        database_url=url, keys="required", max_k=20, max_events=5, query_timeout_s=20, query_rows=50
    )


def ask(
    client: TestClient, token: str | None, method: str, path: str, body: object = None
) -> tuple[int, str]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    response = client.request(method, path, headers=headers, json=body)
    detail = response.json()["detail"] if response.status_code >= 400 else response.text
    return response.status_code, detail


RECOMMEND = "/v1/users/u0184/recommendations"
EVENT = {"events": [{"user_id": "u", "product_id": "KD-0101", "event": "view"}]}
CYPHER = "/v1/query/cypher"
ENDLESS = (
    "UNWIND range(1, 10000) AS i UNWIND range(1, 10000) AS j UNWIND range(1, 10000) AS k "
    "RETURN sum(i * j * k)"
)
HUGE = "UNWIND range(1, 100000000) AS i RETURN size(collect(i))"
RULE = {"action": "exclude", "target": "product:KD-0101"}

ATTEMPTS = [
    ("recommend key puts a product", "recommend", "PUT", "/v1/products/x", {"title": "x"}, 403,
     "'catalogue'"),
    ("events key changes a price", "events", "PATCH", "/v1/products/KD-0101", {"price": 1}, 403,
     "'catalogue'"),
    ("no key", None, "GET", RECOMMEND, None, 401, "wants an API key"),
    ("a made-up key", "clew_000000000000_" + "A" * 43, "GET", RECOMMEND, None, 401, "valid"),
    ("a key's id with another secret", "~wrong secret", "GET", RECOMMEND, None, 401, "valid"),
    ("SQL in the key", "clew_' OR 1=1 --_x", "GET", RECOMMEND, None, 401, "valid"),
    ("a revoked key", "revoked", "GET", RECOMMEND, None, 401, "valid"),
    ("another tenant's key", "foreign", "GET", RECOMMEND, None, 401, "valid"),
    ("recommend key sends events", "recommend", "POST", "/v1/events", EVENT, 403, "'events'"),
    ("recommend key merges a session", "recommend", "POST", "/v1/sessions/s/merge",
     {"user_id": "u"}, 403, "'events'"),
    ("recommend key exports a user", "recommend", "GET", "/v1/users/u0184/export", None, 403,
     "'admin'"),
    ("recommend key queries the graph", "recommend", "POST", CYPHER,
     {"query": "MATCH (u:User) RETURN u"}, 403, "'analyst'"),
    ("events key asks for products", "events", "GET", RECOMMEND, None, 403, "'recommend'"),
    ("events key erases a user", "events", "DELETE", "/v1/users/u0184", None, 403, "'admin'"),
    ("analyst key makes a rule", "analyst", "PUT", "/v1/rules/x", RULE, 403, "'admin'"),
    ("analyst key reads the figures", "analyst", "GET", "/metrics", None, 403, "'admin'"),
    ("analyst writes to the graph", "analyst", "POST", CYPHER,
     {"query": "MATCH (p:Product) DELETE p"}, 400, ""),
    ("analyst reads a file", "analyst", "POST", CYPHER,
     {"query": "LOAD FROM '/etc/passwd' RETURN *"}, 400, ""),
    ("analyst reaches outside by SPARQL", "analyst", "POST", "/v1/query/sparql",
     {"query": "SELECT * WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"}, 400, ""),
    ("analyst asks for all the memory", "analyst", "POST", CYPHER, {"query": HUGE}, 400,
     "needed more than"),
    ("analyst asks for too much time", "analyst", "POST", CYPHER,
     {"query": ENDLESS, "timeout_s": 1}, 408, "limit"),
    ("analyst asks for more time than allowed", "analyst", "POST", CYPHER,
     {"query": "RETURN 1", "timeout_s": 21}, 422, "at most 20"),
    ("analyst asks for too many rows", "analyst", "POST", CYPHER,
     {"query": "MATCH (n) RETURN n", "limit": 51}, 422, "at most 50 are answered"),
    ("more products than allowed", "recommend", "GET", RECOMMEND + "?k=21", None, 422,
     "at most 20 are listed"),
    ("more events than allowed", "events", "POST", "/v1/events",
     {"events": EVENT["events"] * 6}, 422, "at most 5 are read"),
    ("a body larger than allowed", "events", "POST", "/v1/events",
     {"events": [{"user_id": "x" * 1_000_001}]}, 413, "larger than 1000000 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("who", "method", "path", "body", "status", "said"),
    [attempt[1:] for attempt in ATTEMPTS],
    ids=[attempt[0] for attempt in ATTEMPTS],
)
def test_attempts_to_cross_a_line_are_refused(
    client: TestClient,
    tokens: dict[str, str],
    who: str | None,
    method: str,
    path: str,
    body: object,
    status: int,
    said: str,
) -> None:
    token = None if who is None else tokens.get(who, who)
    if who == "~wrong secret":
        token = tokens["recommend"][:18] + tokens["admin"][18:]
    found, detail = ask(client, token, method, path, body)
    assert found == status, detail
    assert said in detail


def test_each_key_does_what_it_may(client: TestClient, tokens: dict[str, str]) -> None:
    assert ask(client, tokens["recommend"], "GET", RECOMMEND)[0] == 200
    assert ask(client, tokens["events"], "POST", "/v1/events", EVENT)[0] == 200
    query = {"query": "MATCH (p:Product) RETURN p.id LIMIT 1"}
    assert ask(client, tokens["analyst"], "POST", CYPHER, query)[0] == 200
    assert "clew_requests_total" in ask(client, tokens["admin"], "GET", "/metrics")[1]
    with_header = client.get(RECOMMEND, headers={"X-API-Key": tokens["recommend"]})
    assert with_header.status_code == 200
    assert ask(client, None, "GET", "/v1/live")[0] == 200
    assert ask(client, None, "GET", "/v1/ready")[0] == 200


def test_a_key_is_used_no_more_often_than_it_may(
    client: TestClient, tokens: dict[str, str]
) -> None:
    answers = [ask(client, tokens["slow"], "GET", "/v1/health")[0] for _ in range(4)]
    assert answers == [200, 200, 429, 429]
    refused = client.get("/v1/health", headers={"X-API-Key": tokens["slow"]})
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "more than 2 requests in a minute; try again in" in refused.json()["detail"]


def test_keys_cannot_be_guessed_at_leisure(url: str) -> None:
    access = Access(Keys(open_database(url)), required=True, per_minute=100)
    statuses = []
    for _ in range(32):
        with pytest.raises(HTTPException) as caught:
            access.admit("clew_000000000000_" + "B" * 43, "10.0.0.1", "recommend")
        statuses.append(caught.value.status_code)
    assert statuses == [401] * 30 + [429] * 2


def test_rows_of_another_tenant_are_not_there(start: Start, url: str) -> None:
    mine, theirs = start(database_url=url), start(database_url=url, tenant="other-shop")
    event = {"user_id": "shared", "product_id": "KD-0101", "event": "purchase"}
    assert theirs.post("/v1/events", json={"events": [event]}).status_code == 200
    assert theirs.put("/v1/rules/theirs", json=RULE).status_code == 200
    assert theirs.get("/v1/users/shared/recommendations").status_code == 200
    assert mine.get("/v1/users/shared/recommendations").status_code == 404
    assert mine.get("/v1/users/shared/export").status_code == 404
    assert mine.get("/v1/rules").json() == {"rules": []}
    assert mine.delete("/v1/rules/theirs").status_code == 404
    assert mine.delete("/v1/users/shared").json()["erased_events"] == 0
    assert theirs.get("/v1/users/shared/recommendations").status_code == 200


def test_revoking_takes_effect_while_it_runs(client: TestClient, url: str) -> None:
    database = open_database(url)
    token, key = Keys(database).create("brief", ["recommend"])
    assert ask(client, token, "GET", "/v1/health")[0] == 200
    Keys(database).revoke(key.id)
    time.sleep(1.1)
    assert ask(client, token, "GET", "/v1/health")[0] == 401
    with pytest.raises(NotFoundError, match="no key 'abc'; clew keys list shows the keys"):
        Keys(database).revoke("abc")
    database.close()


def test_only_hashes_are_kept(url: str, tokens: dict[str, str]) -> None:
    file = Path(url.removeprefix("sqlite:///"))
    assert file.stat().st_mode & 0o077 == 0
    kept = b"".join(path.read_bytes() for path in file.parent.glob("keys.sqlite*"))
    for token in tokens.values():
        assert token[18:].encode() not in kept


def test_open_to_others_means_keys(store: Path, url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"keys are off \(CLEW_KEYS=off\) but 0.0.0.0 can be"):
        create_app(Settings(store=store, host="0.0.0.0", keys="off", database_url=url))
    empty = f"sqlite:///{tmp_path}/none.sqlite"
    with pytest.raises(StoreError, match="so keys are required, and there are none; make one:"):
        create_app(Settings(store=store, host="::", database_url=empty))
    assert Settings(store=store, host="192.168.1.4").keys_required
    assert not Settings(store=store).keys_required
    assert [is_loopback(name) for name in ("127.0.0.1", "::1", "localhost", "shop.example")] == [
        True,
        True,
        True,
        False,
    ]


def test_headers_and_origins(client: TestClient, start: Start, url: str) -> None:
    closed = client.get("/v1/live", headers={"Origin": "https://shop.example"})
    assert "access-control-allow-origin" not in closed.headers
    assert closed.headers["x-content-type-options"] == "nosniff"
    assert closed.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "script-src" not in client.get("/").headers["content-security-policy"]
    assert client.get("/v1/live", headers={"X-Request-ID": "mine-1"}).headers["x-request-id"] == (
        "mine-1"
    )
    forged = client.get("/v1/live", headers={"X-Request-ID": 'x" injected'})
    assert "injected" not in forged.headers["x-request-id"]
    opened = start(database_url=url, cors_origins=("https://shop.example",))
    for origin, allowed in (("https://shop.example", True), ("https://evil.example", False)):
        answer = opened.get("/v1/live", headers={"Origin": origin})
        assert ("access-control-allow-origin" in answer.headers) is allowed


def test_log_lines_name_no_one(client: TestClient, tokens: dict[str, str]) -> None:
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(JsonLines().format(record))

    logger, handler = logging.getLogger("api"), Kept()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        ask(client, tokens["recommend"], "GET", RECOMMEND)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    line = json.loads(lines[-1])
    assert line["route"] == "/v1/users/{user_id}/recommendations"
    assert (line["status"], line["method"]) == (200, "GET")
    assert line["request_id"]
    assert line["key"] in tokens["recommend"]
    assert "u0184" not in "".join(lines)
    assert tokens["recommend"] not in "".join(lines)


def test_keys_by_command(tmp_path: Path) -> None:
    run, at = CliRunner().invoke, ["--store", str(tmp_path), "--json"]
    made = json.loads(run(main, ["keys", "create", "shop", "--scope", "events", *at]).output)
    assert made["key"].startswith(f"clew_{made['id']}_")
    listed = json.loads(run(main, ["keys", "list", *at]).output)
    assert [(key["name"], key["scopes"]) for key in listed] == [("shop", ["events"])]
    assert "hash" not in listed[0]
    assert json.loads(run(main, ["keys", "revoke", made["id"], *at]).output)["revoked"]
    unknown = run(main, ["keys", "revoke", "nope", *at])
    assert (unknown.exit_code, "no key 'nope'" in unknown.output) == (7, True)


def test_secrets_come_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEW_DATABASE_URL", "postgresql://u:xyzzy@h/d")
    settings = Settings(store=tmp_path)
    assert settings.database_url is not None
    assert "xyzzy" not in repr(settings)
    monkeypatch.delenv("CLEW_DATABASE_URL")
    (tmp_path / "clew_database_url").write_text("postgresql://u:filed@h/d\n")
    settings = Settings(store=tmp_path, _secrets_dir=tmp_path)  # type: ignore[call-arg]
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://u:filed@h/d"
