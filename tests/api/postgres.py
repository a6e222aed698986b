"""A real PostgreSQL for the tests, from the system's own binaries, run by a user without rights."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def binaries() -> Path:
    """Directory of initdb and pg_ctl; skips where there is none."""
    for place in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (place / "initdb").exists():
            return place
    found = shutil.which("initdb")
    if found is None:
        pytest.skip("no PostgreSQL on this machine; apt-get install postgresql to test with it")
    return Path(found).resolve().parent


@contextmanager
def running() -> Iterator[str]:
    """A server on a free port; its URL."""
    place, who = binaries(), {}
    home = Path(tempfile.mkdtemp(prefix="clew-pg-", dir="/tmp"))
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        who = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(home, "nobody", "nogroup")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run([str(place / command[0]), *command[1:]], check=True, cwd=home, **who,
                       stdout=subprocess.DEVNULL, timeout=60)  # fmt: skip

    data = str(home / "data")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {home}"
    try:
        run("initdb", "-D", data, "-U", "clew", "--auth=trust", "-E", "UTF8", "--locale=C")
        run("pg_ctl", "-D", data, "-l", str(home / "log"), "-w", "-o", options, "start")
        try:
            yield f"postgresql://clew@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)
