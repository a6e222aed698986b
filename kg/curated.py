"""Facts a knowledge engineer asserts or rejects, which win over whatever was extracted.

In: ``curated.csv`` or ``curated.ttl`` beside the ontology or beside the dataset. Out: `CuratedFact`
records, and a fact table with them applied. The files are read at every build, so what was decided
once holds for good. In CSV::

    action,subject,relation,object,reason,author
    reject,product:22423,clew:motif,motif:king,Regency is a style here,kim
    assert,product:22423,clew:style,style:regency,,kim
    reject,product:21212,schema:color,*,the picture says otherwise,kim

In Turtle an entry is a ``clew:Assertion`` or ``clew:Rejection`` with ``rdf:subject``,
``rdf:predicate``, ``rdf:object``, ``clew:reason`` and ``clew:author``. Objects are concepts,
products, measures, values of a datatype, or names where a class takes its entities from names.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, Literal

import pyoxigraph as ox

from kg.errors import OntologyError
from kg.fact_rows import named_classes
from kg.ids import compact
from kg.names import Names
from kg.ontology_files import CLEW, OntologyFile, Problem, line_of, read_file
from kg.ontology_terms import Relation, Schema

__all__ = [
    "COLUMNS",
    "CURATED_FILES",
    "CuratedFact",
    "check_curated",
    "curated_under",
    "read_curated",
    "written",
]

Action = Literal["assert", "reject"]

CURATED_FILES: Final = ("curated.csv", "curated.ttl")
COLUMNS: Final = ("action", "subject", "relation", "object", "reason", "author")
ANY: Final = "*"
"""As the object of a rejection: every value of the relation."""

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TERMS: Final[Mapping[str, str]] = {
    f"{_RDF}subject": "subject",
    f"{_RDF}predicate": "relation",
    f"{_RDF}object": "object",
    f"{CLEW}reason": "reason",
    f"{CLEW}author": "author",
}
_ACTIONS: Final[Mapping[str, Action]] = {
    f"{CLEW}Assertion": "assert",
    f"{CLEW}Rejection": "reject",
}


@dataclass(frozen=True, slots=True)
class CuratedFact:
    """One decision."""

    action: Action
    subject: str  # compact id of a product
    relation: str
    object: str  # compact id or lexical form; `ANY` in a rejection
    name: str = ""  # of the object, where it was given by a name
    reason: str = ""
    author: str = ""
    file: str = ""
    line: int | None = None  # 1-based

    @property
    def key(self) -> tuple[str, str, str]:
        """Subject, relation, object."""
        return self.subject, self.relation, self.object


def read_curated(directories: Iterable[Path], schema: Schema) -> list[CuratedFact]:
    """Every decision in the directories, in their order; a path that is no directory has none.

    Raises:
        OntologyError: a file is malformed, names what is not in the ontology, or two decisions
            contradict each other; each fault with file, line and term.
    """
    found, problems = _read_all(directories, schema)
    if problems:
        raise OntologyError("\n  ".join(str(problem) for problem in problems))
    return found


def check_curated(directory: Path, schema: Schema) -> list[Problem]:
    """What is wrong with the decisions in one directory."""
    return _read_all([directory], schema)[1]


def _read_all(
    directories: Iterable[Path], schema: Schema
) -> tuple[list[CuratedFact], list[Problem]]:
    found: list[CuratedFact] = []
    problems: list[Problem] = []
    places = dict.fromkeys(path for path in directories if path.is_dir())
    paths = [place / name for place in places for name in CURATED_FILES]
    for path in (path for path in paths if path.exists()):
        for row in _read_csv(path) if path.suffix == ".csv" else _read_turtle(path, schema):
            checked = row if isinstance(row, Problem) else _checked(row, schema)
            if isinstance(checked, Problem):
                problems.append(checked)
            else:
                found.append(checked)
    return found, [*problems, *_contradictions(found)]


def curated_under(snapshot: Path, directory: Path, old: Schema, new: Schema) -> list[CuratedFact]:
    """The decisions as they would be under an edited ontology: its own, and the dataset's.

    Args:
        snapshot: directory of a snapshot; it holds its ontology and all decisions of its build.
        directory: the edited ontology.
        old: the ontology of the snapshot.
        new: the edited one.

    Raises:
        OntologyError: as `read_curated`.
    """
    of_old = {fact.key for fact in read_curated([snapshot / "ontology"], old)}
    known = [row for row in _read_csv(snapshot / CURATED_FILES[0]) if isinstance(row, CuratedFact)]
    checked = [_checked(row, new) for row in known]
    kept = [fact for fact in checked if isinstance(fact, CuratedFact) and fact.key not in of_old]
    return [*read_curated([directory], new), *kept]


def written(facts: Sequence[CuratedFact]) -> str:
    """Decisions as the text of a ``curated.csv``, with a column that says where each came from."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, "from"])
    for f in facts:
        place = f.file if f.line is None else f"{f.file}:{f.line}"
        name = f.name or f.object
        writer.writerow([f.action, f.subject, f.relation, name, f.reason, f.author, place])
    return out.getvalue()


def _read_csv(path: Path) -> Iterable[CuratedFact | Problem]:
    if not path.exists():
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        yield Problem(path.name, None, "", f"cannot be read as UTF-8: {exc}")
        return
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in COLUMNS[:4] if name not in (reader.fieldnames or ())]
    if missing:
        wanted = ",".join(COLUMNS)
        why = f"has no column {', '.join(missing)}; the first line is {wanted}"
        yield Problem(path.name, 1, "", why)
        return
    for row in reader:
        cells = {name: (row.get(name) or "").strip() for name in (*COLUMNS, "from")}
        place, _, line = cells["from"].rpartition(":")
        if any(cells.values()):
            yield CuratedFact(
                action=cells["action"],  # type: ignore[arg-type]  # checked next
                subject=cells["subject"],
                relation=cells["relation"],
                object=cells["object"],
                reason=cells["reason"],
                author=cells["author"],
                file=place if line.isdigit() else path.name,
                line=int(line) if line.isdigit() else reader.line_num,
            )


def _read_turtle(path: Path, schema: Schema) -> Iterable[CuratedFact | Problem]:
    file = read_file(path, path.parent)
    if isinstance(file, Problem):
        yield file
        return
    prefixes = {**dict(file.prefixes), **schema.prefixes}
    entries: dict[object, dict[str, str]] = {}
    for triple in file.triples:
        entry = entries.setdefault(triple.subject, {})
        value = triple.object
        said = value.value if isinstance(value, ox.NamedNode | ox.Literal) else ""
        if triple.predicate.value == f"{_RDF}type":
            entry["action"] = _ACTIONS.get(said, compact(said, prefixes))
        elif triple.predicate.value in _TERMS:
            is_name = isinstance(value, ox.NamedNode)
            entry[_TERMS[triple.predicate.value]] = compact(said, prefixes) if is_name else said
        else:
            term = compact(triple.predicate.value, prefixes)
            line = line_of(file.text, "", term)
            yield Problem(path.name, line, term, "is no term of a curated fact; remove it")
    seen: dict[str, int] = {}
    for entry in entries.values():
        yield CuratedFact(
            action=entry.get("action", ""),  # type: ignore[arg-type]  # checked next
            **{name: entry.get(name, "") for name in COLUMNS[1:]},
            file=path.name,
            line=_entry_line(file, entry.get("subject", ""), seen),
        )


def _entry_line(file: OntologyFile, subject: str, seen: dict[str, int]) -> int | None:
    """Line of the next entry about a subject; entries come in the order of the file."""
    start = file.text.find(subject, seen.get(subject, 0)) if subject else -1
    if start < 0:
        return None
    seen[subject] = start + len(subject)
    return file.text.count("\n", 0, start) + 1


def _checked(fact: CuratedFact, schema: Schema) -> CuratedFact | Problem:
    """The fact with its object as the graph names it, or what is wrong with it."""
    relation = schema.relations.get(fact.relation)
    term, why = "", ""
    if fact.action not in ("assert", "reject"):
        term, why = fact.action, "is no action; write assert or reject"
    elif relation is None:
        term, why = fact.relation, "is no relation of the ontology; mend the name"
    elif "schema:Product" not in relation.domain:
        said = ", ".join(relation.domain)
        term, why = fact.relation, f"is said of {said}, not of products"
    elif not fact.subject.startswith("product:") or fact.subject == "product:":
        term, why = fact.subject, "is no product; write product: and the shop's id"
    elif not fact.object or (fact.object == ANY and fact.action == "assert"):
        term, why = fact.relation, "an assertion needs the object it asserts"
    elif fact.object != ANY:
        value = _object(fact.object, relation, schema)
        if value is not None:
            name = fact.object if value != fact.object else ""
            return replace(fact, object=value, name=name)
        kinds = ", ".join(relation.range)
        term, why = fact.object, f"is no value of {relation.id}, whose range is {kinds}"
    return Problem(fact.file, fact.line, term, why) if why else fact


def _object(said: str, relation: Relation, schema: Schema) -> str | None:
    """An object as the graph names it; None where the relation cannot have it."""
    if relation.is_literal:
        return said if _is_literal(said, relation.range[0]) else None
    if said in schema.concepts:
        return said if schema.concepts[said].class_id in relation.range else None
    prefix = said.partition(":")[0]
    if prefix == "measure" and "clew:Measure" in relation.range:
        return said if f"unit:{said.partition('-')[2]}" in schema.units else None
    if prefix == "product" and {"schema:Product", "clew:ProductReference"} & {*relation.range}:
        return said
    named = named_classes(schema)
    for class_id in relation.range:
        if class_id in named:
            own = named[class_id]
            return said if prefix == own else Names(own).entity(said)
    return None


def _is_literal(text: str, datatype: str) -> bool:
    if datatype == "xsd:integer":
        return text.removeprefix("-").isdigit()
    if datatype == "xsd:decimal":
        try:
            return Decimal(text).is_finite()
        except InvalidOperation:
            return False
    return True


def _contradictions(facts: Sequence[CuratedFact]) -> list[Problem]:
    """Facts both asserted and rejected."""
    rejected = {fact.key: fact for fact in facts if fact.action == "reject"}
    problems = []
    for fact in facts:
        other = rejected.get(fact.key) if fact.action == "assert" else None
        if other is not None:
            why = f"is asserted here and rejected at {other.file}:{other.line}; keep one"
            problems.append(Problem(fact.file, fact.line, " ".join(fact.key), why))
    return problems
