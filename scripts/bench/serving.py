"""Measures the service: load, memory, event to effect, snapshot switches.

    python scripts/bench/serving.py load   --store STORE [--workers 2] [--seconds 20]
    python scripts/bench/serving.py memory --store STORE [--seconds 1800]
    python scripts/bench/serving.py effect --store STORE
    python scripts/bench/serving.py switch --store STORE [--count 50]

The store is served as it is; events of the measurement go to a database in a temporary directory.
Prints JSON. The server and the load share this machine, so figures are lower bounds of speed.
"""

import argparse
import csv
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from kg.build import graph_of
from kg.snapshot import SnapshotStore

HERE = Path(__file__).parent
_ROUNDS = 3  # of each load in turn, since the machine's speed changes
_LOADS: dict[str, dict[str, str]] = {
    "recommendations": {},
    "ready_made": {"BENCH_PATH": "/v1/ready-made"},
    "with_10%_writes": {"BENCH_WRITES": "0.1"},
}
RESIDENT = "process_resident_memory_bytes "


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def environment(store: Path, home: Path, workers: int) -> dict[str, str]:
    """Settings of a server that keeps its events in ``home``."""
    return {
        "CLEW_STORE": str(store),
        "CLEW_WORKERS": str(workers),
        "CLEW_DATABASE_URL": f"sqlite:///{home}/service.sqlite",
        "CLEW_RATE_PER_MINUTE": "100000000",
        "CLEW_REFRESH_S": "0.1",
        "PYTHONPATH": f"{Path.cwd()}:{HERE}",
    }


def launch(store: Path, home: Path, port: int, workers: int, app: str) -> subprocess.Popen[bytes]:
    """Start a server as a process group of its own."""
    settings = environment(store, home, workers)
    command = [sys.executable, "-m", "uvicorn", app, "--factory", "--port", str(port)]
    command += ["--workers", str(workers), "--no-access-log", "--timeout-worker-healthcheck", "120"]
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            command, env=os.environ | settings, stdout=log, stderr=log, start_new_session=True
        )


def wait_ready(url: str, alive: Callable[[], bool]) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + 180
    while True:
        try:
            if httpx.get(f"{url}/v1/ready", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if not alive() or time.monotonic() > deadline:
            raise SystemExit("the server did not start")
        time.sleep(0.05)


@contextmanager
def serving(store: Path, workers: int = 1, app: str = "serving_app:app") -> Iterator[str]:
    """A server that is killed in the end; its URL."""
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        process = launch(store, Path(home), port, workers, app)
        try:
            wait_ready(url, lambda: process.poll() is None)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def people(store: Path) -> tuple[list[str], list[str]]:
    """New users for the measurement, and products they may meet."""
    products = graph_of(SnapshotStore(store).current()).products["id"].to_pylist()
    chosen = random.Random(0).sample(products, min(200, len(products)))
    return [f"bench-{n}" for n in range(100)], [p.removeprefix("product:") for p in chosen]


def give_histories(url: str, users: list[str], products: list[str]) -> None:
    """Eight purchases for each user."""
    draw = random.Random(1)
    rows = [
        {"user_id": user, "product_id": product, "event": "purchase"}
        for user in users
        for product in draw.sample(products, 8)
    ]
    answer = httpx.post(f"{url}/v1/events", json={"events": rows}, timeout=60).json()
    assert answer["accepted"] == len(rows), answer


def locust(url: str, users: list[str], products: list[str], seconds: int, **more: str) -> Any:
    """Eight users who ask without pause; figures by what they asked."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "locust", "-f", str(HERE / "serving_users.py")]
        command += ["--headless", "-u", "8", "-r", "8", "-t", f"{seconds}s", "--host", url]
        command += ["--csv", f"{home}/run", "--only-summary", "--exit-code-on-error", "0"]
        environment = {"BENCH_USERS": ",".join(users), "BENCH_PRODUCTS": ",".join(products)}
        quiet = subprocess.DEVNULL
        subprocess.run(command, check=True, env=os.environ | environment | more,
                       stdout=quiet, stderr=quiet)  # fmt: skip
        with Path(f"{home}/run_stats.csv").open() as file:
            rows = list(csv.DictReader(file))
    return {
        row["Name"]: {
            "per_second": round(float(row["Requests/s"]), 1),
            "p50_ms": float(row["50%"]),
            "p99_ms": float(row["99%"]),
            "requests": int(row["Request Count"]),
            "failed": int(row["Failure Count"]),
        }
        for row in rows
    }


def load(store: Path, workers: int, seconds: int) -> Any:
    """Requests a second, in turn with a route that returns the same bytes ready-made."""
    users, products = people(store)
    with serving(store, workers) as url:
        give_histories(url, users, products)
        body = httpx.get(f"{url}/v1/users/{users[0]}/recommendations", timeout=60).content
        for _ in range(20 * workers):  # each worker keeps its own
            httpx.put(f"{url}/v1/ready-made", content=body)
        rounds = [
            {name: locust(url, users, products, seconds, **how) for name, how in _LOADS.items()}
            for _ in range(_ROUNDS)
        ]
    ratios = sorted(
        one["ready_made"]["asked"]["per_second"] / one["recommendations"]["asked"]["per_second"]
        for one in rounds
    )
    return {
        "bytes": len(body),
        "workers": workers,
        "ratio": round(ratios[len(ratios) // 2], 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "rounds": rounds,
    }


def memory(store: Path, seconds: int) -> Any:
    """Resident memory of one worker at ten moments under load, one request in ten an event."""
    users, products = people(store)
    held: list[float] = []

    def look() -> None:
        text = httpx.get(f"{url}/metrics", timeout=60).text
        [line] = [line for line in text.splitlines() if line.startswith(RESIDENT)]
        held.append(round(float(line.split()[1]) / 1e6, 1))

    with serving(store) as url:
        give_histories(url, users, products)
        look()
        answered = 0
        for _ in range(10):
            found = locust(url, users, products, max(1, seconds // 10), BENCH_WRITES="0.1")
            answered += found["Aggregated"]["requests"] - found["Aggregated"]["failed"]
            look()
    return {"seconds": seconds, "answered": answered, "resident_mb": held}


def effect(store: Path, count: int) -> Any:
    """From sending an event to an answer, of another worker's, that counts it."""
    _, products = people(store)
    times: list[float] = []
    writes: list[float] = []
    missed = 0
    with serving(store, 2) as url, httpx.Client(timeout=60) as one:
        for n in range(count):
            row = {"user_id": f"effect-{n}", "product_id": products[n % 100], "event": "purchase"}
            began = time.perf_counter()
            one.post(f"{url}/v1/events", json={"events": [row]}).raise_for_status()
            written = time.perf_counter()
            answer = one.get(f"{url}/v1/users/effect-{n}/recommendations?k=10")
            times.append(1000 * (time.perf_counter() - began))
            writes.append(1000 * (written - began))
            missed += answer.status_code != 200
    return {"count": count, "missed": missed} | {
        name: {f"p{q}_ms": round(float(np.percentile(found, q)), 1) for q in (50, 99)}
        for name, found in (("write_and_answer", times), ("write", writes))
    }


class Reader(threading.Thread):
    """Asks for lists until told to stop."""

    url = ""

    def __init__(self, users: list[str], stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.users, self.stop = users, stop
        self.answered: list[int] = []  # statuses; 0: none
        self.served: set[str] = set()  # ids of snapshots

    def run(self) -> None:
        """Until told to stop."""
        with httpx.Client(timeout=60) as client:
            while not self.stop.is_set():
                user = random.choice(self.users)
                try:
                    answer = client.get(f"{self.url}/v1/users/{user}/recommendations")
                except httpx.HTTPError:
                    self.answered.append(0)
                    continue
                self.answered.append(answer.status_code)
                if answer.status_code == 200:
                    self.served.add(answer.json()["snapshot"]["id"])


def switch(store: Path, count: int) -> Any:
    """Snapshots switched under load: between the store's newest two with a model."""
    root = SnapshotStore(store)
    models = [s.id for s in root.snapshots() if s.has_model]
    if len(models) < 2:
        raise SystemExit(f"{store} has {len(models)} snapshots with a model, two are needed: "
                         "run clew train once more")  # fmt: skip
    first, second = models[-2:]
    users, products = people(store)
    stop = threading.Event()
    readers = [Reader(users, stop) for _ in range(4)]
    with serving(store, 1) as url:
        give_histories(url, users, products)
        for reader in readers:
            reader.url = url
            reader.start()
        seen = 0
        for at in range(count):
            wanted = root.switch((first, second)[at % 2]).id
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                if httpx.get(f"{url}/v1/ready", timeout=60).json()["snapshot"] == wanted:
                    seen += 1
                    break
                time.sleep(0.02)
        stop.set()
        for reader in readers:
            reader.join()
    answered = [status for reader in readers for status in reader.answered]
    return {
        "switches": count,
        "picked_up": seen,
        "requests": len(answered),
        "failed": sum(status != 200 for status in answered),
        "snapshots_served": len(set[str]().union(*(reader.served for reader in readers))),
    }


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["load", "memory", "effect", "switch"])
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--count", type=int, default=50)
    asked = parser.parse_args()
    if asked.what == "load":
        found = load(asked.store, asked.workers, asked.seconds)
    elif asked.what == "memory":
        found = memory(asked.store, asked.seconds)
    else:
        found = {"effect": effect, "switch": switch}[asked.what](asked.store, asked.count)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
