"""Importing spaCy by itself, and pausing the collector."""

import gc
import subprocess
import sys

import pytest

import api
from kg.garbage import collector_paused


def test_reading_does_not_import_torch_which_can_be_imported_afterwards() -> None:
    script = (
        "import sys, kg.extract; assert 'torch' not in sys.modules; "
        "import importlib.util; assert importlib.util.find_spec('torch')"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_command_line_does_not_import_the_web_framework() -> None:
    script = "import sys, api.cli; assert 'fastapi' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_collector_goes_on_afterwards() -> None:
    with pytest.raises(ValueError, match="x"), collector_paused():  # noqa: PT012
        assert not gc.isenabled()
        raise ValueError("x")
    assert gc.isenabled()


def test_what_api_does_not_have_is_named() -> None:
    with pytest.raises(AttributeError, match="module 'api' has no attribute 'nothing'"):
        api.nothing  # noqa: B018
