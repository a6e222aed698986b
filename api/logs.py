"""Log lines as JSON, one object a line on stderr, each with the id of its request."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

__all__ = ["JsonLines", "request_id", "set_up_logs"]

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request that is being answered; as in the answer's ``X-Request-ID``."""

_FIELDS = ("method", "route", "status", "ms", "key", "snapshot")


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's message, its known extra fields and its traceback, if there is one."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (name := request_id.get()) is not None:
            line["request_id"] = name
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up_logs(style: Literal["json", "text"]) -> None:
    """Send the service's log to stderr; what others log from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonLines() if style == "json" else text)
    # Some libraries turn their own loggers up when they are imported, which may be later.
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or _ours(record.name))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("api").setLevel(logging.INFO)


def _ours(logger: str) -> bool:
    return logger.partition(".")[0] == "api"
