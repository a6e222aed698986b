"""Latency of ten explained recommendations over HTTP, against the same bytes ready-made.

usage: python scripts/bench/api_latency.py STORE [--requests 500]

One server process on the loopback, one client, requests in turn: a recommendation, then a route of
the same application that returns the same JSON as prepared bytes. Prints p50 and p99 of both in
milliseconds and their ratios, and the same for the work in process (no HTTP).
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import time
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from fastapi import Request, Response

PORT = 8765
K = 10


def serve(store: Path) -> None:
    """Run the application with one more route, which answers with what it was last told."""
    import uvicorn

    from api.app import create_app
    from api.settings import Settings

    app = create_app(Settings(store=store, max_history=10_000))
    ready: dict[str, bytes] = {"body": b"{}"}

    @app.put("/ready")
    async def put(request: Request) -> Response:
        ready["body"] = await request.body()
        return Response(status_code=204)

    @app.post("/ready")
    def get() -> Response:
        return Response(ready["body"], media_type="application/json")

    uvicorn.run(app, port=PORT, log_level="error", access_log=False)


def histories(store: Path, count: int) -> list[bytes]:
    """Request bodies with the histories of users, evenly taken from all."""
    from gnn.history import Event
    from gnn.teller import Teller
    from kg.ids import local_part
    from kg.snapshot import SnapshotStore

    teller = Teller.current(SnapshotStore(store))
    users = pc.unique(teller.kg.interactions["user_id"]).sort().to_pylist()
    chosen = [users[at] for at in np.linspace(0, len(users) - 1, count).astype(int)]
    bodies = []
    for user in chosen:
        events: list[Event] = teller.shoppers.events(user)[-100:]
        items = [{"product_id": local_part(e.product), "event": e.event} for e in events]
        bodies.append(json.dumps({"history": items, "k": K, "paths": 3}).encode())
    in_process(teller, bodies)
    return bodies


def in_process(teller: object, bodies: list[bytes]) -> None:
    """Time recommending and explaining without HTTP or JSON."""
    from gnn.explain import ExplainConfig
    from gnn.history import Event
    from gnn.teller import Teller

    assert isinstance(teller, Teller)
    spent = []
    for body in bodies:
        items = json.loads(body)["history"]
        events = [
            Event(f"product:{i['product_id']}", i["event"], position=n) for n, i in enumerate(items)
        ]
        start = time.perf_counter()
        teller.recommend(teller.history(events), K, "en", ExplainConfig())
        spent.append(time.perf_counter() - start)
    report("in process", spent[len(spent) // 10 :])


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes) -> bytes:
    """One request on a connection that stays open."""
    connection.request(method, path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    assert response.status < 300, answer
    return answer


def report(name: str, seconds: list[float]) -> tuple[float, float]:
    """Print p50 and p99 in milliseconds."""
    p50, p99 = (float(np.percentile(seconds, q)) * 1e3 for q in (50, 99))
    print(f"{name:<14} p50 {p50:7.2f} ms   p99 {p99:7.2f} ms   ({len(seconds)} requests)")
    return p50, p99


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--requests", type=int, default=500)
    options = parser.parse_args()
    bodies = histories(options.store, options.requests)
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(options.store,), daemon=True)
    server.start()
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    for _ in range(300):
        try:
            ask(connection, "GET", "/v1/health", b"")
            break
        except OSError:
            connection.close()
            time.sleep(0.2)
    spent: dict[str, list[float]] = {"recommend": [], "ready-made": []}
    for body in bodies:
        start = time.perf_counter()
        answer = ask(connection, "POST", "/v1/recommendations", body)
        spent["recommend"].append(time.perf_counter() - start)
        ask(connection, "PUT", "/ready", answer)
        start = time.perf_counter()
        ask(connection, "POST", "/ready", body)
        spent["ready-made"].append(time.perf_counter() - start)
    server.terminate()
    skip = len(bodies) // 10
    mine = report("recommend", spent["recommend"][skip:])
    theirs = report("ready-made", spent["ready-made"][skip:])
    print(f"ratio          p50 {mine[0] / theirs[0]:7.2f}      p99 {mine[1] / theirs[1]:7.2f}")


if __name__ == "__main__":
    main()
