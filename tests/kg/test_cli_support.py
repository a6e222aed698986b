from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

from kg.cli_support import ClewGroup, TerminalProgress, as_json_option, emit, table
from kg.errors import DatasetError
from kg.progress import Stopwatch


@click.group(cls=ClewGroup)
@click.option("--debug", is_flag=True)
def main(debug: bool) -> None: ...


@main.command()
@as_json_option
def tell(as_json: bool) -> None:
    rows = table("Sizes", "name", "#size")
    rows.add_row("one", "1")
    emit({"size": np.float32(1.5), 2: "two"}, as_json, lambda console: console.print(rows))


@main.command()
def fail() -> None:
    raise DatasetError("no such thing")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, arguments)


def test_json_and_table() -> None:
    assert run("tell", "--json").stdout == '{\n  "size": 1.5,\n  "2": "two"\n}\n'
    assert "Sizes" in run("tell").stdout


def test_a_known_error_is_one_line_and_has_its_own_exit_code() -> None:
    result = run("fail")
    assert result.stderr == "clew: no such thing\n"
    assert result.exit_code == DatasetError.exit_code


def test_debug_lets_the_traceback_through() -> None:
    with pytest.raises(DatasetError, match="no such thing"):
        CliRunner().invoke(main, ["--debug", "fail"], catch_exceptions=False)


def test_stages_are_timed_and_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress() as progress:
        progress.stage("one", 2)
        progress.advance()
        progress.stage("two")
    assert list(progress.seconds) == ["one", "two"]
    assert all(seconds >= 0 for seconds in progress.seconds.values())
    assert capsys.readouterr() == ("", "")


def test_a_stage_met_twice_adds_up() -> None:
    watch = Stopwatch()
    watch.stage("a")
    watch.advance()
    watch.stage("b")
    watch.stage("a")
    watch.stop()
    watch.stop()
    assert set(watch.seconds) == {"a", "b"}
