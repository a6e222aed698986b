"""Sends the service and the ontology's reader bodies made to break them, and looks what happened.

    python -m scripts.bench.fuzz --store STORE [--count 10000] [--seed 0]

A quarter of the bodies each: Cypher, SPARQL, JSON to every operation that takes a body, Turtle put
in the place of an ontology's file. They are saved queries, examples of the OpenAPI document and
files of the ontology with pieces taken out, doubled, mixed and planted: writes, files, addresses.
The store is copied and its service runs in this process. Prints JSON: answers by status, faults
(a status of 500 or more, an error nobody expects), files of the snapshot that changed, connections
to an address and words of a file that the bodies name.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

import ontology
from api.app import create_app
from api.settings import Settings
from kg.errors import ClewError
from kg.ontology_check import check_ontology
from kg.ontology_files import ontology_files
from kg.query_saved import saved_queries
from scripts.bench.fuzz_bodies import (
    PLANTED_CYPHER,
    PLANTED_SPARQL,
    PLANTED_TURTLE,
    Bait,
    Mutator,
)

LARGE = ("motif", "type", "material")


def operations(document: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Operations that take a body: method, path, an example of the body."""
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content and not path.startswith("/v1/query/"):
                name = content["schema"].get("$ref", "").rsplit("/", 1)[-1]
                schema = document["components"]["schemas"].get(name, content["schema"])
                found.append((method.upper(), path, example(schema, document)))
    return found


def example(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """The schema's own example, or the plainest value it allows."""
    if "$ref" in schema:
        return example(
            document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], document
        )
    for key in ("example", "examples", "const", "enum"):
        if key in schema:
            return schema[key][0] if key in ("examples", "enum") else schema[key]
    if "anyOf" in schema or "oneOf" in schema:
        return example((schema.get("anyOf") or schema["oneOf"])[0], document)
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        return {name: example(part, document) for name, part in properties.items()}
    if schema.get("type") == "array":
        return [example(schema.get("items", {}), document)]
    return {"integer": 1, "number": 1.0, "boolean": True, "string": "KD-0101"}.get(
        schema.get("type", "")
    )


def digest(root: Path) -> str:
    """Of all files of the snapshots, names and bytes."""
    found = hashlib.sha256()
    for path in sorted((root / "snapshots").rglob("*")):
        if path.is_file():
            found.update(f"{path.relative_to(root)}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def asked(client: TestClient, mutator: Mutator, count: int) -> Iterator[tuple[str, Any]]:
    """Send the bodies; kind and answer of each."""
    saved = saved_queries(ontology.DIRECTORY / "queries").values()
    texts = {
        language: [query.text for query in saved if query.language == language]
        for language in ("cypher", "sparql")
    }
    takes_body = operations(client.get("/openapi.json").json())
    for at in range(count):
        for language, planted in (("cypher", PLANTED_CYPHER), ("sparql", PLANTED_SPARQL)):
            good = mutator.draw.choice(texts[language])
            query = mutator.text(good, texts[language], planted)
            yield language, client.post(f"/v1/query/{language}", json={"query": query})
        method, path, good = takes_body[at % len(takes_body)]
        names = {"user_id": "fuzz", "session_id": "fuzz", "rule_id": "fuzz"}
        url = path.format_map(_Else(names))
        body = mutator.bytes_of(mutator.value(good))
        headers = {"Content-Type": "application/json"}
        yield f"{method} {path}", client.request(method, url, content=body, headers=headers)


class _Else(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "KD-0101"


def ontologies(mutator: Mutator, directory: Path, count: int) -> Iterator[str]:
    """Check ontologies with a file spoilt; what came of each."""
    files = ontology_files(directory)
    good = {path: path.read_text("utf-8") for path in files}
    for _ in range(count):
        path = mutator.draw.choice(files)
        text = mutator.text(good[path], list(good.values()), PLANTED_TURTLE)
        path.write_text(text, "utf-8", errors="surrogatepass")
        try:
            problems = check_ontology(directory)
            yield "problems told" if problems else "nothing to tell"
        except ClewError:
            yield "an error told"
        except Exception as exc:  # noqa: BLE001 - that is what is looked for
            yield f"fault: {type(exc).__name__}: {exc} in {path.name}"
        path.write_text(good[path], "utf-8")


def main() -> None:
    """Send, look, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        store = Path(home, "store")
        shutil.copytree(options.store, store, symlinks=True)
        print(json.dumps(fuzz(store, Path(home), options.count, options.seed), indent=1))


def fuzz(
    store: Path,
    home: Path,
    count: int,
    seed: int,
    tell: Callable[[str], None] = lambda text: print(text, flush=True),
) -> dict[str, Any]:
    """Send ``count`` bodies to a service over a store, which its writes change.

    Returns:
        What is printed.
    """
    bait_directory, spoilt = home / "bait", home / "ontology"
    bait_directory.mkdir()
    shutil.copytree(ontology.DIRECTORY, spoilt)
    for name in LARGE:
        (spoilt / "vocab" / f"{name}.ttl").unlink()  # its reading is most of the time of a check
    before, statuses, faults, told = digest(store), Counter[str](), list[str](), 0
    settings = Settings(store=store, keys="off", query_timeout_s=1, rate_per_minute=10**8)
    with (
        Bait(bait_directory, f"secret-{seed:08x}-of-the-bait") as bait,
        TestClient(create_app(settings), raise_server_exceptions=False) as client,
    ):
        mutator = Mutator(seed, bait)
        for kind, answer in asked(client, mutator, count // 4):
            statuses[f"{kind.split(' ')[0]} {answer.status_code}"] += 1
            told += bait.secret in answer.text
            if answer.status_code >= 500:
                faults.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
                tell(faults[-1])
        for what in ontologies(mutator, spoilt, count // 4):
            statuses[f"turtle: {what.split(':')[0]}"] += 1
            if what.startswith("fault"):
                faults.append(what)
                tell(what)
        return {
            "bodies": sum(statuses.values()),
            "answers": dict(sorted(statuses.items())),
            "faults": len(faults),
            "snapshot_changed": digest(store) != before,
            "files_written": bait.written(),
            "secret_told": told,
            "connections": bait.connections,
        }


if __name__ == "__main__":
    main()
