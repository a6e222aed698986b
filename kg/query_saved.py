"""Saved queries: Cypher and SPARQL worth keeping, each with a header that says what it answers.

In: ``*.cypher`` and ``*.rq`` files of an ontology's ``queries`` directory. Out: `SavedQuery`
records, and `cookbook`, the page made of them. A header is the comment a file begins with:

    // Bought together: which pairs of products were bought by the most customers?
    // $least = 2  customers who bought both

that is, ``Title: question?``, more sentences if need be, then a line per parameter: its default as
JSON, two spaces, what it means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import ontology
from kg.errors import NotFoundError, QueryError

__all__ = ["Parameter", "SavedQuery", "cookbook", "find_saved", "saved_queries"]

_LANGUAGES: Mapping[str, tuple[Literal["cypher", "sparql"], str]] = {
    ".cypher": ("cypher", "//"),
    ".rq": ("sparql", "#"),
}
_PARAMETER = re.compile(r"\$(\w+) = (.+?)  +(.+)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a saved query."""

    name: str
    default: Any  # a JSON value
    meaning: str

    def read(self, text: str) -> Any:
        """A value given as text, of the default's kind.

        Raises:
            QueryError: the text is no such value.
        """
        if isinstance(self.default, str):
            return text
        try:
            return json.loads(text)
        except ValueError as exc:
            raise QueryError(
                f"parameter ${self.name} cannot be {text!r}; it is a value like {self.default!r}"
            ) from exc


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query with a name."""

    name: str
    language: Literal["cypher", "sparql"]
    title: str
    question: str
    parameters: tuple[Parameter, ...]
    text: str  # header included

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters to run it with: the given ones, else the defaults. Text is read as JSON.

        Raises:
            QueryError: a parameter is given that the query does not have, or cannot be read.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                names = ", ".join(f"${each}" for each in known) or "none"
                raise QueryError(f"@{self.name} has no parameter ${name}; it has {names}")
        return {
            name: parameter.read(value)
            if isinstance(value := given.get(name, parameter.default), str)
            else value
            for name, parameter in known.items()
        }


def saved_queries(*directories: Path) -> dict[str, SavedQuery]:
    """Saved queries by name: those that ship with Clew, overridden by those of the directories.

    Args:
        directories: ontology directories; those without ``queries`` add nothing.

    Raises:
        QueryError: a file has no header, or two files of a directory have one name.
    """
    found: dict[str, SavedQuery] = {}
    for directory in (ontology.DIRECTORY, *directories):
        here: dict[str, SavedQuery] = {}
        for path in sorted((directory / "queries").glob("*")):
            if path.suffix in _LANGUAGES:
                if path.stem in here:
                    raise QueryError(f"{path}: another saved query is called {path.stem!r} already")
                here[path.stem] = _read(path)
        found |= here
    return dict(sorted(found.items()))


def find_saved(name: str, language: Literal["cypher", "sparql"], *directories: Path) -> SavedQuery:
    """A saved query by name; ``directories`` as for `saved_queries`.

    Raises:
        NotFoundError: there is none of that name in that language.
    """
    known = saved_queries(*directories)
    if name not in known or known[name].language != language:
        names = ", ".join(query.name for query in known.values() if query.language == language)
        raise NotFoundError(f"no saved {language} query {name!r}; there are: {names}")
    return known[name]


def cookbook(queries: Mapping[str, SavedQuery]) -> str:
    """The queries as a page, in Markdown."""
    lines = [
        "# Cookbook",
        "",
        "Written by `clew queries --markdown`, from the headers in `ontology/queries/`. The Cypher",
        "ones answer the same in every store: `clew cypher @NAME` asks the snapshot, `--url` a",
        "server, `--param NAME=VALUE` sets a parameter; `clew sparql @NAME` asks the RDF graph. An",
        "ontology's own `queries/` adds more, or replaces one of the same name. What there is to",
        "ask for is in [graph-model.md](graph-model.md).",
    ]
    for language, head in (("cypher", "Cypher"), ("sparql", "SPARQL")):
        lines += [
            "",
            f"## {head}",
            "",
            "| query | what it answers | parameters |",
            "| --- | --- | --- |",
        ]
        for query in queries.values():
            if query.language == language:
                told = "<br>".join(
                    f"`{p.name}={json.dumps(p.default, ensure_ascii=False)}` {p.meaning}"
                    for p in query.parameters
                )
                lines.append(f"| `@{query.name}` | **{query.title}**: {query.question} | {told} |")
    return "\n".join([*lines, ""])


def _read(path: Path) -> SavedQuery:
    language, sign = _LANGUAGES[path.suffix]
    text = path.read_text(encoding="utf-8")
    told: list[str] = []
    parameters: list[Parameter] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith(sign):
            break
        words = line.removeprefix(sign).strip()
        if words.startswith("$"):
            parameters.append(_parameter(words, f"{path}:{number}"))
        else:
            told.append(words)
    title, separator, question = " ".join(told).partition(": ")
    if not separator or "?" not in question:
        raise QueryError(f"{path}: the first line must be a comment like '{sign} Title: question?'")
    return SavedQuery(path.stem, language, title, question, tuple(parameters), text)


def _parameter(words: str, where: str) -> Parameter:
    found = _PARAMETER.fullmatch(words)
    try:
        if found is not None:
            return Parameter(found[1], json.loads(found[2]), found[3])
    except ValueError:
        pass
    raise QueryError(f"{where}: {words!r} is no parameter; write $name = JSON  meaning")
