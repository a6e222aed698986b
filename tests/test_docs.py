"""What the documents say is so: commands exist, links lead somewhere, nothing names a machine."""

import re
import shlex
from pathlib import Path

import click
import pytest

from api.cli import main

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("kg/sample/*.md")])
COMMAND = re.compile(r"^\$? ?(clew .*?)(?:  +#.*)?$", re.MULTILINE)
FENCE = re.compile(r"```(?:sh|console|bash)\n(.*?)```", re.DOTALL)


def commands() -> list[tuple[str, str]]:
    return [
        (document.name, line)
        for document in DOCUMENTS
        for block in FENCE.findall(document.read_text(encoding="utf-8").replace("\\\n", " "))
        for line in COMMAND.findall(block)
    ]


@pytest.mark.parametrize(("document", "line"), commands())
def test_commands_in_documents_parse(document: str, line: str) -> None:
    arguments = shlex.split(line)[1:]
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        name = arguments.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"{document}: no command {name!r}"
        command = found
    command.make_parser(context).parse_args(args=list(arguments))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (document.parent / target).exists(), target


def test_every_command_is_documented() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in main.commands if f"clew {name}" not in readme]
    assert not missing


def test_help_of_every_command() -> None:
    def walk(command: click.Command) -> None:
        assert command.help, command.name
        for option in command.params:
            if isinstance(option, click.Option) and option.name not in {"version"}:
                assert option.help, f"{command.name} --{option.name}"
        if isinstance(command, click.Group):
            for child in command.commands.values():
                walk(child)

    walk(main)
