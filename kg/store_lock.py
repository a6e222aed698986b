"""One writer per store.

In: the directory of a store. Out: the right to write to it, for the time of a ``with`` block.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from kg.errors import StoreError

__all__ = ["held"]


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Keep other writers out; whoever holds the store owns the drafts and leaves none.

    The lock is the operating system's: it goes with its process, however that ends.

    Raises:
        StoreError: another process holds the store, or it cannot be written.
    """
    holder = root / "build.holder"
    try:
        (root / "snapshots").mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / "build.lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise StoreError(
            f"another build is writing to {root}{_told(holder)}; wait for it, or stop it first"
        ) from None
    except OSError as exc:
        raise StoreError(f"cannot write to {root}: {exc.strerror}") from exc
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        with suppress(OSError):  # it only serves the message above
            holder.write_text(f"process {os.getpid()} on {socket.gethostname()} since {since}")
        shutil.rmtree(root / "drafts", ignore_errors=True)
        yield
    finally:
        shutil.rmtree(root / "drafts", ignore_errors=True)
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _told(holder: Path) -> str:
    """Who holds a store, as far as it is known."""
    try:
        return f" ({holder.read_text(encoding='utf-8')})"
    except OSError:
        return ""
