"""What waits holds up nothing that computes, and the other way round."""

import inspect
import threading

import anyio
from anyio import to_thread

from api.routes import events, queries
from api.threads import compute_in, waits


def test_what_waits_is_answered_while_every_computing_thread_is_taken() -> None:
    done, order = threading.Event(), []

    @waits
    def waiting(name: str) -> str:
        """Set the others free."""
        order.append(name)
        done.set()
        return name

    async def main() -> str:
        compute_in(1)
        async with anyio.create_task_group() as group:
            for _ in range(2):  # the second of them finds no thread
                group.start_soon(to_thread.run_sync, done.wait, 30)
            with anyio.fail_after(10):
                return await waiting("events")

    assert anyio.run(main) == "events"
    assert order == ["events"]


def test_more_requests_than_threads_wait_for_their_turn() -> None:
    running, most, lock = [0], [0], threading.Lock()

    def compute() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        threading.Event().wait(0.02)
        with lock:
            running[0] -= 1

    async def main() -> None:
        compute_in(2)
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(to_thread.run_sync, compute)

    anyio.run(main)
    assert most[0] == 2


def test_a_marked_route_keeps_its_signature() -> None:
    for route in (events.send, queries.cypher):
        assert inspect.iscoroutinefunction(route)
        assert "settings" in inspect.signature(route).parameters
