"""Log lines: ours and warnings, one JSON object each."""

import json
import logging

import pytest

from api.logs import set_up_logs


def test_what_libraries_say_below_warnings_is_not_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = logging.getLogger()
    kept = root.handlers[:], root.level
    try:
        set_up_logs("json")
        other = logging.getLogger("some.library")
        other.setLevel(logging.DEBUG)
        other.debug("building")
        other.warning("odd")
        logging.getLogger("api.access").info("answered")
    finally:
        root.handlers[:], root.level = kept
    lines = [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["odd", "answered"]
