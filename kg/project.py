"""The projections of a graph, written into a draft: RDF, property graph, SHACL report.

In: a graph, and the snapshot before it where one may be built on. Out: files. Each projection is
brought up to date from its former self where little changed, else made anew; the draft's ``made``
says which. Either way it holds the same.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from kg.difference import Difference, difference, structure
from kg.facts import KnowledgeGraph
from kg.ontology_terms import Schema
from kg.progress import Progress
from kg.rdf import INDEX, index_rdf, write_nquads
from kg.rdf_update import update_index
from kg.reuse import Former
from kg.snapshot import Draft
from kg.store import load_ladybug
from kg.store.ladybug_update import MOST_CHANGES, update_ladybug
from kg.validate import Report, revalidate, validate

__all__ = ["GRAPH_FILE", "RDF_FILE", "Projection"]

RDF_FILE = "rdf/graph.nq.gz"
GRAPH_FILE = "graph/graph.lbdb"

MOST_QUADS = 0.2
"""Share of changed rows above which RDF is indexed anew."""


class Projection:
    """Writes the projections of one graph."""

    def __init__(
        self, kg: KnowledgeGraph, schema: Schema, directory: Path, draft: Draft, watch: Progress
    ) -> None:
        self._kg, self._schema, self._directory = kg, schema, directory
        self._draft, self._watch = draft, watch

    def write(self, before: Former | str) -> Report:
        """Write all of it, and a copy of the ontology.

        Raises:
            NotFoundError: a fact names an entity, class or relation that is nowhere defined.
            OntologyError: the shapes are missing or malformed.
            StoreError: a file cannot be written.
        """
        self._watch.stage("difference")
        change = None
        if isinstance(before, Former) and structure(before.schema) == structure(self._schema):
            change = difference(before.graph, self._kg)
            self._draft.made |= {
                "facts_gone": change.gone.num_rows,
                "facts_added": change.added.num_rows,
                "entities_changed": len(change.described),
            }
        ignored = shutil.ignore_patterns("*.py", "__pycache__")
        shutil.copytree(self._directory, self._draft.path / "ontology", ignore=ignored)
        former = before if isinstance(before, Former) and change is not None else None
        self._watch.stage("rdf")
        self._say("rdf", self._rdf(former, change))
        self._watch.stage("property graph")
        self._say("graph", self._graph(former, change))
        self._watch.stage("shacl")
        report, updated = self._report(former, change)
        self._say("shacl", updated)
        self._watch.stage("publish")
        return report

    def _say(self, name: str, updated: bool) -> None:
        self._draft.made[name] = "updated" if updated else "anew"

    def _rdf(self, former: Former | None, change: Difference | None) -> bool:
        target = self._draft.path / RDF_FILE
        target.parent.mkdir()
        if former is not None and change is not None and not change.share:
            os.link(former.snapshot.path / RDF_FILE, target)
        else:
            write_nquads(self._kg, self._schema, target)
        if former is None or change is None or change.share > MOST_QUADS:
            index_rdf(target)
            return False
        old = former.snapshot.path / RDF_FILE
        update_index(
            old.parent / INDEX, target.parent / INDEX, change, (former.schema, self._schema)
        )
        return True

    def _graph(self, former: Former | None, change: Difference | None) -> bool:
        target = self._draft.path / GRAPH_FILE
        target.parent.mkdir()
        if former is not None and change is not None and change.share <= MOST_CHANGES:
            old = former.snapshot.path / GRAPH_FILE
            if update_ladybug(old, target, change, self._schema):
                return True
        load_ladybug(self._kg, self._schema, target)
        return False

    def _report(self, former: Former | None, change: Difference | None) -> tuple[Report, bool]:
        if former is None or change is None or not former.same_shapes(self._directory):
            report, updated = validate(self._kg, self._schema, self._directory), False
        else:
            report, updated = revalidate(former.report, change, self._schema, self._directory)
        (self._draft.path / "shacl.json").write_text(
            json.dumps(report.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8"
        )
        return report, updated
