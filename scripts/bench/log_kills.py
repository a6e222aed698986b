"""kill -9 of the process that writes the event log, at random moments, many times.

    python scripts/bench/log_kills.py [--count 50] [--url sqlite:///FILE]

A child writes events one by one, each under its own idempotency key and event id, and says which
were acknowledged; it is killed and another goes on where the acknowledgements ended, sending the
event that was under way again. Prints what was lost or counted twice. The whole server is killed
by serving_kills.py, which takes longer.
"""

import argparse
import contextlib
import json
import multiprocessing
import random
import tempfile
import time
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import select

from api.db import open_database
from api.db.tables import events
from api.eventlog import EventLog, NewEvent, now_us


def write(url: str, first: int, says: Connection) -> None:
    """Write events from a number on, until killed."""
    log = EventLog(open_database(url))
    n = first
    while True:
        event = NewEvent(f"user:{n % 20}", "p", "view", now_us(), event_id=f"e-{n}")
        told, _ = log.append([event], lambda outcomes: outcomes[0], key=("", f"k-{n}"))
        says.send((n, told))
        n += 1


def killed(url: str, first: int, after_s: float, context: Any) -> list[tuple[int, str]]:
    """What a writer had acknowledged that was killed so long after its first word."""
    said: list[tuple[int, str]] = []
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=write, args=(url, first, theirs))
    child.start()
    theirs.close()
    deadline = None
    while deadline is None or time.monotonic() < deadline:
        if ours.poll(0.001):
            if deadline is None:  # it writes now
                deadline = time.monotonic() + after_s
            said.append(ours.recv())
    child.kill()
    child.join()
    with contextlib.suppress(EOFError, OSError):
        while True:  # what it said before it died counts too
            said.append(ours.recv())
    return said


def kept_in(url: str) -> list[str]:
    """Ids of the events that are in the log."""
    database = open_database(url)
    with database.reading() as connection:
        kept = list(connection.scalars(select(events.c.event_id)))
    database.close()
    return kept


def main() -> None:
    """Kill, go on, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--url")
    asked = parser.parse_args()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["api.eventlog", "api.db"])
    draw = random.Random(0)
    said: list[tuple[int, str]] = []
    with tempfile.TemporaryDirectory() as home:
        url = asked.url or f"sqlite:///{home}/log.sqlite"
        open_database(url).close()
        for _ in range(asked.count):
            said += killed(url, len(said), draw.uniform(0, 0.3), context)
        kept = kept_in(url)
    sent = {f"e-{n}" for n, _ in said}
    found = {
        "kills": asked.count,
        "acknowledged": len(said),
        "acknowledged_twice": len(said) - len(sent),
        "lost": len(sent - set(kept)),
        "counted_twice": len(kept) - len(set(kept)),
        "written_unacknowledged": len(set(kept) - sent),
        "answers": sorted({answer for _, answer in said}),
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
