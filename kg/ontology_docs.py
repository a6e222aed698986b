"""An ontology as pages to browse: classes, relations, concepts, with counts and examples.

In: a snapshot's graph and the ontology it was built under. Out: a directory of static HTML that
needs nothing from elsewhere: open ``index.html``. Templates are in ``kg/pages``, what they are
filled with in `kg.docs_pages`.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import jinja2

from kg.docs_pages import Pages, page_file
from kg.docs_site import Site
from kg.errors import StoreError

__all__ = ["Site", "write_docs"]

_PAGES: Final = Path(__file__).parent / "pages"
_ASSETS: Final = ("style.css", "search.js")


def write_docs(site: Site, target: Path) -> int:
    """Write the pages.

    Args:
        site: what they tell.
        target: a directory that does not exist yet, is empty or holds such pages.

    Returns:
        Number of pages.

    Raises:
        StoreError: the directory holds something else, or cannot be written.
    """
    if target.exists() and any(target.iterdir()) and not (target / "concepts.js").exists():
        raise StoreError(f"{target} holds something else than these pages; choose another")
    try:
        shutil.rmtree(target, ignore_errors=True)
        for name in ("classes", "relations", "schemes", "concepts"):
            (target / name).mkdir(parents=True)
        for name in _ASSETS:
            shutil.copy(_PAGES / name, target / name)
        return _write(site, target)
    except OSError as exc:
        raise StoreError(f"{target} cannot be written: {exc.strerror}") from exc


def _write(site: Site, target: Path) -> int:
    schema = site.schema
    top, below = Pages(site, ""), Pages(site, "../")
    jinja = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PAGES),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )

    def render(template: str, path: str, pages: Pages, values: dict[str, Any]) -> None:
        text = jinja.get_template(f"{template}.html").render(**pages.frame(), **values)
        (target / path).write_text(text, encoding="utf-8")

    render("index", "index.html", top, top.index())
    for class_def in schema.classes.values():
        path = f"classes/{page_file(class_def.id)}"
        render("class", path, below, below.class_page(class_def))
    for relation in schema.relations.values():
        path = f"relations/{page_file(relation.id)}"
        render("relation", path, below, below.relation(relation))
    for scheme in schema.schemes():
        render("scheme", f"schemes/{page_file(scheme)}", below, below.scheme(scheme))
    for concept in schema.concepts.values():
        path = f"concepts/{page_file(concept.id)}"
        render("concept", path, below, below.concept(concept))
    listed = [
        (f"concepts/{page_file(c.id)}", [t for n in schema.languages for t in c.labels(n)], c.id)
        for c in schema.concepts.values()
    ]
    text = json.dumps(listed, ensure_ascii=False, separators=(",", ":"))
    (target / "concepts.js").write_text(f"window.CONCEPTS={text}", encoding="utf-8")
    parts = (schema.classes, schema.relations, schema.schemes(), schema.concepts)
    return 1 + sum(len(part) for part in parts)
