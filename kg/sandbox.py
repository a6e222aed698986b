"""Queries from outside, each in a process that can be killed.

Neither engine can be trusted with a stranger's query inside the server: Oxigraph cannot be
interrupted, Ladybug looks at its own time limit only between batches, and a deep enough
expression overflows its stack. So the query runs in a worker process (`kg.query_worker`) that is
ended at its time or memory limit; the next query gets a new one (about 0.1 s). A worker that
answered in time, and does not hold much memory since, is kept for the next query.

Assumes POSIX. Not a jail: what a query may say at all is decided before, in `kg.query_guard`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from kg import query_worker
from kg.errors import QueryError, QueryTimeout, StoreError

__all__ = ["Sandbox"]

_SCRIPT = Path(query_worker.__file__)
_KEPT_PART = 2  # an idle worker may hold such a part of the memory one may hold at most


class Sandbox:
    """Runs read-only queries on one graph, a few at a time. Safe to share between threads.

    Args:
        engine: ``cypher`` (a Ladybug file) or ``sparql`` (an Oxigraph directory).
        path: the graph.
        workers: how many queries may run at once; more wait, within their time limit.
        memory_bytes: resident memory a worker may hold.
    """

    def __init__(
        self,
        engine: Literal["cypher", "sparql"],
        path: Path,
        *,
        workers: int = 4,
        memory_bytes: int = 1 << 30,
    ) -> None:
        self._settings = {
            "engine": engine,
            "path": str(path),
            "memory_bytes": memory_bytes,
            "parent": os.getpid(),
        }
        self._memory_bytes = memory_bytes
        self._free = threading.BoundedSemaphore(workers)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._closed = False

    def run(
        self, query: str, params: Mapping[str, Any], *, timeout_s: float, limit: int
    ) -> dict[str, Any]:
        """Answer one query: ``columns``, ``rows``, ``truncated``; in Cypher ``types``.

        Raises:
            QueryError: the engine refused the query, ran out of memory or crashed.
            QueryTimeout: it ran, or waited for a worker, longer than ``timeout_s``.
            StoreError: the graph cannot be opened, or the sandbox was closed.
        """
        began = time.monotonic()
        if not self._free.acquire(timeout=timeout_s):
            raise QueryTimeout(f"no query worker became free within {timeout_s:g} s; try later")
        try:
            worker = self._take()
            left = max(0.01, timeout_s - (time.monotonic() - began if worker.used else 0.0))
            answer = worker.ask(
                {"query": query, "params": dict(params), "limit": limit, "timeout_s": left}
            )
            if answer is None:
                raise self._death(worker.wait(), timeout_s)
            if answer.get("kind") in ("timeout", "memory"):
                worker.end()  # it may hold much of its memory still, which the next would lack
            else:
                self._put(worker)
        finally:
            self._free.release()
        if "error" in answer:
            if answer.get("kind") == "timeout":
                raise _timeout(timeout_s)
            if answer.get("kind") == "memory":
                raise self._too_large()
            raise QueryError(answer["error"])
        return answer

    def close(self) -> None:
        """End all idle workers; running queries end by themselves."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _take(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise StoreError(f"{self._settings['path']} was closed; open it again")
            while self._idle:
                worker = self._idle.pop()
                if worker.lives:
                    return worker
                worker.end()
        return _Worker(self._settings)

    def _put(self, worker: _Worker) -> None:
        small = worker.resident_bytes() <= self._memory_bytes // _KEPT_PART
        with self._lock:
            if small and not self._closed:
                self._idle.append(worker)
                return
        worker.end()

    def _death(self, code: int, timeout_s: float) -> QueryError:
        if code == -signal.SIGALRM:
            return _timeout(timeout_s)
        if code == query_worker.OUT_OF_MEMORY:
            return self._too_large()
        return QueryError(f"the query crashed its engine (exit code {code}); simplify it")

    def _too_large(self) -> QueryError:
        return QueryError(
            f"the query needed more than {self._memory_bytes >> 20} MB of memory; "
            "ask for less at once"
        )


class _Worker:
    """One process."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.used = False
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-I", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        opened = self.ask(settings)
        if opened is None or "error" in opened:
            self.end()
            reason = opened["error"] if opened else "its process died"
            raise StoreError(f"{settings['path']} cannot be opened: {reason}")
        self.used = False

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Send one line and read one; None where the process died of it."""
        line = json.dumps(request) + "\n"
        self.used = True
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:  # both are pipes
            return None
        try:
            stdin.write(line)
            stdin.flush()
            reply = stdout.readline()
        except BrokenPipeError:
            return None
        answer: dict[str, Any] | None = json.loads(reply) if reply.endswith("\n") else None
        return answer

    @property
    def lives(self) -> bool:
        """Whether the process has not died meanwhile."""
        return self._process.poll() is None

    def resident_bytes(self) -> int:
        """Memory the process holds; 0 on a system that does not tell."""
        with contextlib.suppress(OSError):
            return query_worker.resident_bytes(self._process.pid)
        return 0

    def wait(self) -> int:
        """Exit code of a process that died."""
        code = self._process.wait()
        self.end()
        return code

    def end(self) -> None:
        """Kill and reap."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what was not sent to the dead
                    pipe.close()


def _timeout(timeout_s: float) -> QueryTimeout:
    return QueryTimeout(
        f"the query ran longer than {timeout_s:g} s; ask for less, or raise the limit"
    )
