"""The pages of an ontology: every term has one, every link leads somewhere, nothing is fetched."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from kg.docs_site import Site
from kg.errors import StoreError
from kg.extract import Extractor
from kg.facts import build_graph
from kg.ontology_docs import write_docs
from kg.schema import load_schema
from tests.tiny_ontology import write_ontology
from tests.worlds import dataset, product

SHOP = dataset(
    [
        product("1", "Red <b>mug</b> 30 cm", price="2.50"),
        product("2", "Burnt orange lamp"),
        product("3", "Tangerine & red scarf"),
    ],
    [("someone", "1")],
)


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, value or "") for name, value in attributes if name in ("href", "src")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    mapped = (
        'skos:prefLabel "red"@en',
        'skos:closeMatch <https://x.org/red> ; skos:prefLabel "red"@en',
    )
    directory = write_ontology(tmp_path_factory.mktemp("tiny"), mapped)
    schema = load_schema(directory)
    kg = build_graph(SHOP, schema, Extractor(schema, ("en",)), pseudonym_key=b"k")
    return Site(kg, schema, directory, "tiny shop", "20260101")


@pytest.fixture(scope="module")
def pages(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("out") / "site"
    assert write_docs(site, target) == len(list(target.rglob("*.html")))
    return target


def test_every_link_leads_to_a_page(pages: Path) -> None:
    for page in pages.rglob("*.html"):
        links = Links()
        links.feed(page.read_text(encoding="utf-8"))
        assert links.found
        for tag, link in links.found:
            if link.startswith("http"):
                assert tag == "a", f"{page} fetches {link}"
            else:
                assert (page.parent / unquote(link)).is_file(), f"{page}: {link}"


def test_a_concept_is_told_with_its_facts(pages: Path) -> None:
    text = (pages / "concepts" / "colour-orange.html").read_text(encoding="utf-8")
    plain = re.sub(r"<[^>]+>", " ", text)
    assert "burnt orange" in plain  # narrower
    assert "juice, marmalade" in plain
    assert "Tangerine &amp; red scarf <code>product:3</code>" in text
    assert "“Tangerine”" in plain
    red = (pages / "concepts" / "colour-red.html").read_text(encoding="utf-8")
    assert 'href="https://x.org/red"' in red
    assert "Red &lt;b&gt;mug&lt;/b&gt; 30 cm" in red
    implied = (pages / "concepts" / "use-mood.html").read_text(encoding="utf-8")
    assert "burnt-orange" in implied


def test_a_relation_is_told_with_counts(pages: Path) -> None:
    plain = re.sub(
        r"\s+|<[^>]+>", " ", (pages / "relations" / "schema-color.html").read_text("utf-8")
    )
    assert re.search(r"facts\s+4 ", plain), plain
    assert "is {object}" in plain
    assert "phrase:colour" in plain
    scheme = (pages / "schemes" / "colour.html").read_text(encoding="utf-8")
    assert scheme.index("orange.html") < scheme.index("burnt-orange.html") or "<ul>" in scheme


def test_the_index_counts_and_finds(pages: Path) -> None:
    text = re.sub(r"<[^>]+>", " ", (pages / "index.html").read_text(encoding="utf-8"))
    assert "5 classes, 4 relations, 4 concepts" in text
    listed = json.loads((pages / "concepts.js").read_text("utf-8").removeprefix("window.CONCEPTS="))
    assert ["concepts/colour-red.html", ["red", "红色"], "colour:red"] in listed
    assert "someone" not in text


def test_pages_are_written_anew_and_nothing_else_is_touched(
    site: Site, pages: Path, tmp_path: Path
) -> None:
    (pages / "concepts" / "stale.html").write_text("", encoding="utf-8")
    write_docs(site, pages)
    assert not (pages / "concepts" / "stale.html").exists()
    (tmp_path / "mine.txt").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="holds something else than these pages; choose another"):
        write_docs(site, tmp_path)
    with pytest.raises(StoreError, match=r"mine\.txt.* cannot be written: Not a directory"):
        write_docs(site, tmp_path / "mine.txt" / "x")
