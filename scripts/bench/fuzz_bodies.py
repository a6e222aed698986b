"""Bodies made to break a service: good ones changed, with writes, files and addresses planted."""

from __future__ import annotations

import json
import random
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["PLANTED_CYPHER", "PLANTED_SPARQL", "PLANTED_TURTLE", "Bait", "Mutator"]

PLANTED_CYPHER = (
    "CREATE (:Product {{id: 'planted'}})",
    "MATCH (n) DETACH DELETE n",
    "MATCH (p:Product) SET p.name = 'planted'",
    "MERGE (:Product {{id: 'planted'}})",
    "LOAD FROM '{file}' RETURN *",
    "LOAD CSV FROM 'file://{file}' AS row RETURN row",
    "LOAD FROM '{url}' RETURN *",
    "COPY Product FROM '{file}'",
    "COPY (MATCH (p:Product) RETURN p.id) TO '{directory}/planted.csv'",
    "EXPORT DATABASE '{directory}/planted'",
    "IMPORT DATABASE '{directory}'",
    "ATTACH '{file}' AS planted (dbtype duckdb)",
    "INSTALL httpfs",
    "LOAD EXTENSION httpfs",
    "CALL db.checkpoint()",
    "CALL show_tables() RETURN *",
    "CALL threads=64",
    "DROP TABLE Product",
    "UNWIND range(1, 1000000000) AS i RETURN i",
    "CHECKPOINT",
    "BEGIN TRANSACTION",
)
PLANTED_SPARQL = (
    "INSERT DATA {{ <urn:planted> <urn:p> <urn:o> }}",
    "DELETE WHERE {{ ?s ?p ?o }}",
    "LOAD <{url}>",
    "LOAD <file://{file}>",
    "CLEAR ALL",
    "DROP ALL",
    "SERVICE <{url}> {{ ?s ?p ?o }}",
    "SERVICE SILENT <{url}> {{ ?s ?p ?o }}",
    "FROM <{url}>",
    "FROM NAMED <file://{file}>",
    "SELECT * WHERE {{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }}",
)
PLANTED_TURTLE = (
    "@prefix x: <{url}#> .",
    "@base <file://{file}> .",
    "<> <http://www.w3.org/2002/07/owl#imports> <{url}> .",
    "<> <http://www.w3.org/2002/07/owl#imports> <file://{file}> .",
    'clew:x clew:y "\\uD800" .',
    "colour:red skos:broader colour:red .",
    "[ a [ a [ a [] ] ] ] .",
    "( " * 300,
)
ODD = (
    None, True, -1, 0, 1e308, -1e-320, 10**30, "", " ", "\x00", "\ud7ff\U0010ffff", "ı" * 3000,
    "../../etc/passwd", "' OR 1=1 --", "{{7*7}}", "${{jndi:{url}}}", "<script>alert(1)</script>",
    "\u202e\u200b", [], {}, [[]] * 50, {"a": {"b": {"c": []}}}, float("nan"), float("inf"),
)  # fmt: skip


@dataclass
class Bait:
    """What must not be reached: a file with a secret, and an address that counts who comes."""

    directory: Path
    secret: str
    connections: int = 0
    _socket: socket.socket = field(default_factory=socket.socket)

    def __enter__(self) -> Bait:
        (self.directory / "secret.txt").write_text(f"{self.secret}\n", encoding="utf-8")
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        threading.Thread(target=self._count, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _count(self) -> None:
        while True:
            try:
                self._socket.accept()[0].close()
            except OSError:
                return
            self.connections += 1

    def put_in(self, planted: str) -> str:
        """A planted piece with the addresses of this bait."""
        host, port = self._socket.getsockname()
        return planted.format(
            file=self.directory / "secret.txt",
            directory=self.directory,
            url=f"http://{host}:{port}/bait",
        )

    def written(self) -> list[str]:
        """Files that others made here."""
        return sorted(path.name for path in self.directory.iterdir() if path.name != "secret.txt")


class Mutator:
    """Makes bodies from good ones."""

    def __init__(self, seed: int, bait: Bait) -> None:
        self.draw = random.Random(seed)
        self._bait = bait

    def text(self, good: str, others: list[str], planted: tuple[str, ...]) -> str:
        """A text with one to four changes."""
        words = good.split(" ")
        for _ in range(self.draw.randint(1, 4)):
            at = self.draw.randrange(len(words) + 1)
            change = self.draw.randrange(6)
            if change == 0:
                del words[at : at + self.draw.randint(1, 5)]
            elif change == 1:
                words[at:at] = words[at : at + 4] * self.draw.randint(1, 3)
            elif change == 2:
                words[at:at] = self.draw.choice(others).split(" ")[: self.draw.randint(1, 9)]
            elif change == 3:
                words.insert(at, chr(self.draw.choice((0, 9, 34, 39, 92, 123, 0x2028, 0x1F600))))
            elif change == 4:
                words.insert(at, self._bait.put_in(self.draw.choice(planted)))
            else:
                words = [self._bait.put_in(self.draw.choice(planted))]
        return " ".join(words)

    def value(self, good: Any) -> Any:
        """A JSON value with something odd in one place."""
        if isinstance(good, dict) and good and self.draw.random() < 0.85:
            key = self.draw.choice(sorted(good))
            if self.draw.random() < 0.1:
                return {k: v for k, v in good.items() if k != key}
            if self.draw.random() < 0.1:
                return {**good, str(self._odd()): self._odd()}
            return {**good, key: self.value(good[key])}
        if isinstance(good, list) and good and self.draw.random() < 0.7:
            return [self.value(good[0]), *good[1:]] * self.draw.choice((1, 1, 1, 2, 50))
        return self._odd()

    def _odd(self) -> Any:
        odd = self.draw.choice(ODD)
        return self._bait.put_in(odd) if isinstance(odd, str) and "{{" in odd else odd

    def bytes_of(self, body: Any) -> bytes:
        """As JSON, at times cut short or with bytes that are no text."""
        raw = bytearray(json.dumps(body).encode())
        if self.draw.random() < 0.15:
            del raw[self.draw.randrange(len(raw)) :]
        if self.draw.random() < 0.15:
            at = self.draw.randrange(len(raw) + 1)
            raw[at:at] = b"\xff\xfe"
        return bytes(raw)
