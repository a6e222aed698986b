import sys

import pytest

from gnn.drawing import dot_source, picture
from gnn.explain import ExplainConfig, explain
from gnn.kin import KinConfig
from gnn.words import Narrator
from kg.errors import MissingExtraError
from kg.fact_index import FactIndex
from tests.gnn.graphs import bought, fitted, graph, small_schema
from tests.gnn.small_worlds import shop

pygraphviz = pytest.importorskip("pygraphviz", reason="pip install 'clew[draw]'")


def explained(product, *history, language="en", **settings):
    kg = shop()
    model = fitted(kg)
    narrator = Narrator.of(kg, small_schema())
    told = explain(
        model,
        bought(model, *history, user="user:v"),
        [model.products.row(f"product:{product}")],
        config=ExplainConfig(max_paths=20, min_share=0.0, **settings),
        narrator=narrator,
        language=language,
    )[0]
    return told, narrator, FactIndex(kg.facts)


def test_the_picture_holds_the_facts_as_they_run_and_the_numbers_apart():
    told, narrator, facts = explained("b", "a")
    drawn = pygraphviz.AGraph(string=dot_source(told, narrator, facts, "en"))
    solid, dashed = [], []
    for edge in drawn.edges():
        start, end = edge[:2] if edge.attr["dir"] != "back" else edge[1::-1]
        (dashed if edge.attr["style"] == "dashed" else solid).append((start, end))
    assert set(solid) == {(e.subject, e.object) for path in told.paths for e in path.edges}
    assert ("product:a", "product:b") in dashed  # bought together: a count, no chain of facts
    label = next(e.attr["label"] for e in drawn.edges() if e.attr["style"] == "dashed")
    assert label.startswith("other shoppers (8)\n")


def test_a_chain_of_broader_concepts_is_drawn_backwards_from_its_end():
    told, narrator, facts = explained("d", "a")
    drawn = pygraphviz.AGraph(string=dot_source(told, narrator, facts, "en"))
    backwards = {tuple(edge) for edge in drawn.edges() if edge.attr["dir"] == "back"}
    assert backwards == {("colour:red", "colour:pink"), ("colour:pink", "product:d")}
    assert drawn.get_node("colour:pink").attr["label"] == "pink"


def test_words_shares_and_sum_stand_below():
    told, narrator, facts = explained("c", "a", language="zh")
    source = dot_source(told, narrator, facts, "zh")
    assert "c号: " in source
    assert f"{told.score:.4f}" in source
    for path in told.paths:
        assert path.words
        assert f">{100 * path.share:.1f} %</TD>" in source


def test_names_with_marks_of_graphviz_and_html_are_shown_as_they_are(monkeypatch):
    told, narrator, facts = explained("c", "a")
    name = r"<b>A \N & \"so\"</b>"
    monkeypatch.setattr(narrator, "name", lambda entity, language=None: name)
    drawn = pygraphviz.AGraph(string=dot_source(told, narrator, facts, "en"))
    label = drawn.get_node("product:c").attr["label"]
    assert label.replace("\\\\", "\\").strip() == name
    assert picture(told, narrator, facts, "en", "svg").count(b"&lt;b&gt;A ") >= 3


def test_png_and_svg_are_files_of_their_kind():
    told, narrator, facts = explained("c", "a")
    png = picture(told, narrator, facts, "en")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    assert width > 600 < height * 4
    svg = picture(told, narrator, facts, "en", "svg").decode()
    assert "You bought “a”, and this is by x too." in svg


def test_nothing_to_tell_is_drawn_as_the_product_alone():
    told, narrator, facts = explained("g", "a")
    drawn = pygraphviz.AGraph(string=dot_source(told, narrator, facts, "en"))
    assert (told.paths, drawn.nodes(), drawn.edges()) == ((), ["product:g"], [])


def test_without_pygraphviz_the_extra_is_named(monkeypatch):
    told, narrator, facts = explained("c", "a")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(MissingExtraError, match=r"pygraphviz is not installed.*clew\[draw\]"):
        picture(told, narrator, facts, "en")


def test_the_kin_of_a_new_product_stands_in_the_picture():
    kg = graph(
        ["a", "b", "n"],
        [(f"product:{name}", "schema:brand", "brand:x") for name in "bn"],
        [(f"u{user}", name) for user in range(9) for name in "ab"],
    )
    model = fitted(kg, regularization=5.0, kin=KinConfig())
    narrator = Narrator.of(kg, small_schema())
    told = explain(model, bought(model, "a"), [2], narrator=narrator)[0]
    drawn = pygraphviz.AGraph(string=dot_source(told, narrator, FactIndex(kg.facts), "en"))
    assert [path.kin for path in told.paths] == ["product:b"]
    assert drawn.get_node("product:b").attr["fillcolor"] == "#eee6f6"
    dashed = [tuple(edge) for edge in drawn.edges() if edge.attr["style"] == "dashed"]
    assert dashed == [("product:a", "product:b")]
