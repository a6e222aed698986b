"""kill -9 of the server at random moments under writes: every acknowledged event is there, once.

    python scripts/bench/serving_kills.py --store STORE [--count 50]

Each server is a child of a process that has imported the service already, so that it starts in
little time. Four writers send each event until it is acknowledged. Prints JSON.
"""

import argparse
import json
import multiprocessing
import os
import random
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
from serving import environment, free_port, people, wait_ready


def serve_here(port: int, settings: dict[str, str]) -> None:
    """Serve in this process until it is killed."""
    import uvicorn
    from serving_app import app

    os.environ.update(settings)
    uvicorn.run(app(), port=port, log_level="critical", access_log=False)


class Writer(threading.Thread):
    """Sends events one by one, each until it is acknowledged."""

    def __init__(self, name: str, url: str, products: list[str], stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.name, self.url, self.products, self.stop = name, url, products, stop
        self.acknowledged: list[tuple[str, str]] = []  # user, event id
        self.others: list[int] = []  # statuses that were no acknowledgement

    def run(self) -> None:
        """Until told to stop."""
        n = 0
        with httpx.Client(timeout=5) as client:
            while not self.stop.is_set():
                n += 1
                user, event_id = f"kill-{self.name}-{n // 50}", f"{self.name}-{n}"
                row = {"user_id": user, "product_id": self.products[n % 100], "event": "view"}
                while not self.stop.is_set():
                    if self._sent(client, {**row, "event_id": event_id}):
                        self.acknowledged.append((user, event_id))
                        break

    def _sent(self, client: httpx.Client, row: dict[str, str]) -> bool:
        try:
            answer = client.post(
                f"{self.url}/v1/events",
                json={"events": [row]},
                headers={"Idempotency-Key": row["event_id"]},
            )
        except httpx.HTTPError:
            time.sleep(0.02)
            return False
        if answer.status_code != 200:
            self.others.append(answer.status_code)
            return False
        return bool(answer.json()["accepted"] == 1)


def kill(store: Path, count: int) -> dict[str, Any]:
    """Kill so many servers under writes; what was lost."""
    _, products = people(store)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["serving_app"])
    port, stop, draw = free_port(), threading.Event(), random.Random(2)
    url = f"http://127.0.0.1:{port}"
    writers = [Writer(f"w{i}", url, products, stop) for i in range(4)]
    with tempfile.TemporaryDirectory() as home:
        settings = environment(store, Path(home), 1)
        for at in range(count + 1):
            server = context.Process(target=serve_here, args=(port, settings))
            server.start()
            wait_ready(url, server.is_alive)
            if at == 0:
                for writer in writers:
                    writer.start()
            if at < count:
                time.sleep(draw.uniform(0.05, 0.6))
                server.kill()
                server.join()
        stop.set()
        for writer in writers:
            writer.join()
        acknowledged = [pair for writer in writers for pair in writer.acknowledged]
        kept = exported(url, sorted({user for user, _ in acknowledged}))
        server.kill()
        server.join()
    sent = {name for _, name in acknowledged}
    return {
        "kills": count,
        "acknowledged": len(acknowledged),
        "lost": len(sent - set(kept)),
        "counted_twice": len(kept) - len(set(kept)),
        "other_answers": [status for writer in writers for status in writer.others][:5],
    }


def exported(url: str, users: list[str]) -> list[str]:
    """Ids of the events that users have."""
    answers = (httpx.get(f"{url}/v1/users/{user}/export", timeout=60).json() for user in users)
    return [event["event_id"] for answer in answers for event in answer["events"]]


def main() -> None:
    """Kill, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--count", type=int, default=50)
    asked = parser.parse_args()
    print(json.dumps(kill(asked.store, asked.count), indent=1))


if __name__ == "__main__":
    main()
