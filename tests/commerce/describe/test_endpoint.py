"""The endpoint writer against a real server that speaks the protocol, and fails in every way."""

import builtins
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.cli import main
from commerce.describe import DescribeConfig
from commerce.describe.endpoint import EndpointConfig, EndpointWriter
from kg.errors import MissingExtraError, WriterError
from tests.commerce.describe.shop import describer
from tests.worlds import SCHEMA

SHOP = describer()
TRUE = "It is red and made of bone china. It costs £14.50."
LIE = "It is made of solid gold and guaranteed for life."


class Server(ThreadingHTTPServer):
    """Answers with what its script says, one entry a request, the last one for ever."""

    script: list[Any]
    seen: list[dict[str, Any]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append({"path": self.path, "auth": self.headers["Authorization"], **body})
        step = self.server.script.pop(0) if len(self.server.script) > 1 else self.server.script[0]
        if step == "hang":
            time.sleep(1.0)
            return
        status, content = step if isinstance(step, tuple) else (200, step)
        if isinstance(content, str):
            content = json.dumps(
                {"choices": [{"message": {"role": "assistant", "content": content}}]}
            )
        data = content if isinstance(content, bytes) else content.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.script, server.seen = [TRUE], []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def writer(server: Server, **settings: Any) -> EndpointWriter:
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    config = EndpointConfig(url=url, model="tiny", wait_s=0.0, timeout_s=0.3, **settings)
    return EndpointWriter(config, SCHEMA)


def describe(writer: EndpointWriter) -> Any:
    return SHOP.describe("mug", DescribeConfig(complete=False), writer)


def test_a_true_text_leaves_with_its_claims(server: Server) -> None:
    made = describe(writer(server, api_key="secret"))
    assert (made.text, made.writer, made.removed) == (TRUE, "endpoint", ())
    [seen] = server.seen
    assert (seen["path"], seen["model"], seen["auth"]) == (
        "/v1/chat/completions", "tiny", "Bearer secret"
    )  # fmt: skip


def test_the_prompt_holds_the_facts_and_nothing_else(server: Server) -> None:
    describe(writer(server))
    user = server.seen[0]["messages"][1]["content"]
    assert "made of: bone china" in user
    assert "price: 14.50 GBP" in user
    assert "dishwasher" not in user  # of the description, which is no fact
    assert server.seen[0]["auth"] is None


def test_lies_never_leave(server: Server) -> None:
    server.script = [f"{LIE} It is red.", LIE]
    made = describe(writer(server))
    assert made.text == "It is red."
    assert [removed.sentence for removed in made.removed] == [LIE, LIE]
    server.script = [LIE]
    assert describe(writer(server)).writer == "template"


@pytest.mark.parametrize("fault", [(500, "no"), (429, "wait"), (503, "no"), "hang"])
def test_a_passing_fault_is_asked_again(server: Server, fault: Any) -> None:
    server.script = [fault, TRUE]
    assert describe(writer(server)).text == TRUE
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [((500, "no"), "status 500"), ("hang", "ReadTimeout")],
)
def test_a_lasting_fault_is_told(server: Server, fault: Any, said: str) -> None:
    server.script = [fault]
    with pytest.raises(WriterError, match=f"does not answer after 2 requests: {said}"):
        describe(writer(server, attempts=2))
    assert len(server.seen) == 2


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    config = EndpointConfig(url=url, model="tiny", wait_s=0.0, attempts=1)
    with pytest.raises(WriterError, match="does not answer after 1 requests: ConnectError"):
        describe(EndpointWriter(config, SCHEMA))


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b'{"choices": []}', b"[1]"])
def test_nonsense_is_told(server: Server, answer: bytes) -> None:
    server.script = [(200, answer)]
    with pytest.raises(WriterError, match=r"what is no chat completion: .* OpenAI-compatible"):
        describe(writer(server))


def test_a_completion_without_text_is_told(server: Server) -> None:
    server.script = [(200, b'{"choices": [{"message": {"content": null}}]}')]
    with pytest.raises(WriterError, match="a completion without text: None"):
        describe(writer(server))


def test_a_refusal_is_told_and_not_repeated(server: Server) -> None:
    server.script = [(401, b"bad key")]
    with pytest.raises(WriterError, match="refused with status 401: 'bad key'; check the URL"):
        describe(writer(server))
    assert len(server.seen) == 1


def test_without_the_extra(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name == "tenacity":
            raise ImportError(name, name=name)
        return found(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError, match=r"tenacity is not installed.*clew\[describe\]"):
        writer(server)


def test_paths_are_told_in_a_models_words_where_they_hold(
    server: Server, sample_store: Path
) -> None:
    asked = ("--user", "u0184", "--product", "KD-0101", "--paths", "2", "--store", sample_store)
    explained = json.loads(clew("explain", *asked, "--json"))
    own = [path["words"] for path in explained["recommendations"][0]["paths"]]
    server.script = [own[0], f"{own[1]} {LIE}"]
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    endpoint = ("--url", url, "--model", "tiny")
    told = json.loads(clew("reword", *asked, *endpoint, "--json"))
    assert [(item["words"], item["by_model"]) for item in told] == [(own[0], True), (own[1], False)]
    assert told[1]["refused"] == f"{own[1]} {LIE}"
    assert told[1]["reason"] is not None
    assert f"refused: {own[1]} {LIE}"[:60] in clew("reword", *asked, *endpoint)
    assert own[0] in server.seen[0]["messages"][1]["content"]


def clew(*arguments: object) -> str:
    """What the command prints."""
    result = CliRunner().invoke(main, [str(item) for item in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout
