"""The audit of dependencies, against an advisory service of our own on this machine."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ADVISORY = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "summary": "a hole in Jinja2",
    "aliases": [],
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }
    ],
}


class Advisories(BaseHTTPRequestHandler):
    """Answers as OSV does; knows one advisory where `holes` is set."""

    holes = False
    asked: set[str]

    def do_POST(self) -> None:
        """One package's advisories."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = body["package"]["name"]
        self.asked.add(name)
        found = [ADVISORY] if self.holes and name == "jinja2" else []
        answer = json.dumps({"vulns": found} if found else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def service() -> Iterator[str]:
    Advisories.holes, Advisories.asked = False, set()
    with ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def audit(url: str, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["scripts/audit", "--osv-url", url, *more]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )


def test_every_pinned_package_is_asked_about(service: str) -> None:
    done = audit(service)
    assert done.returncode == 0, done.stderr
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-").replace(".", "-")
              for line in lines if "==" in line}  # fmt: skip
    assert Advisories.asked == pinned
    assert f"the {len(pinned)} packages" in done.stdout


def test_a_known_vulnerability_fails_and_can_be_waived(service: str) -> None:
    Advisories.holes = True
    done = audit(service)
    assert done.returncode == 1
    assert "GHSA-aaaa-bbbb-cccc" in done.stdout
    assert "jinja2" in done.stdout
    assert audit(service, "--ignore-vuln", "GHSA-aaaa-bbbb-cccc").returncode == 0


def test_a_service_out_of_reach_is_said_and_fails_where_the_audit_is_required() -> None:
    nowhere = "http://127.0.0.1:9"
    done = audit(nowhere)
    assert done.returncode == 0
    assert "nothing was audited" in done.stderr
    assert audit(nowhere, CLEW_AUDIT="required").returncode == 1
