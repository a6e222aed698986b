"""A world of three makers, each known by its title's first words, and taggers trained on it."""

import random
from pathlib import Path

import pytest
from spacy.language import Language

from kg.errors import DatasetError, ExtractionError
from kg.extract.labelled import Labelled, read_labelled, span_f1, write_labelled
from kg.extract.span_tagger import SPANS, overlap_free
from kg.extract.span_training import config_path, labelled_doc, load_tagger, tagger_of, train_tagger
from kg.extract.train_reader import measured, read_spans

MAKERS = ["Zorg", "Blue Fox", "Oxbow"]
THINGS = ["mug", "tea towel", "lamp", "gift box"]


def world(count: int, seed: int = 0) -> list[Labelled]:
    """Titles: maker, perhaps a word, thing."""
    some = random.Random(seed)
    texts = []
    for _ in range(count):
        maker, thing = some.choice(MAKERS), some.choice(THINGS)
        text = f"{maker} {some.choice(['', 'red ', 'big '])}{thing}"
        spans = ((0, len(maker), "brand"), (len(text) - len(thing), len(text), "type"))
        texts.append(Labelled(text=text, spans=spans))
    return texts


@pytest.fixture(scope="module")
def nlp() -> Language:
    return train_tagger(world(300), "en", max_iterations=30)


def found(nlp: Language, text: str) -> list[tuple[str, str]]:
    doc = nlp(text)
    return [(span.text, span.label_) for span in doc.spans[SPANS]]


def test_it_finds_what_it_learned_beside_words_it_never_saw(nlp: Language) -> None:
    assert found(nlp, "Blue Fox huge tea towel") == [("Blue Fox", "brand"), ("tea towel", "type")]
    assert found(nlp, "") == []


def test_confidence_is_a_share(nlp: Language) -> None:
    scores = nlp("Zorg lamp").spans[SPANS].attrs["scores"]
    assert len(scores) == 2
    assert all(0.9 < score <= 1 for score in scores)


def test_the_same_texts_give_the_same_tagger(nlp: Language) -> None:
    again = train_tagger(world(300), "en", max_iterations=30)
    words = ["Zorg", "strange", "gift", "box"]
    assert tagger_of(again).predict(words) == tagger_of(nlp).predict(words)


def test_a_saved_tagger_reads_the_same(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "en")
    words = ["Oxbow", "odd", "lamp"]
    assert tagger_of(load_tagger(tmp_path / "en")).predict(words) == tagger_of(nlp).predict(words)


def test_chinese_is_read_by_characters() -> None:
    texts = [
        Labelled(text=f"{maker}{word}{thing}", spans=((0, 2, "brand"),), language="zh")
        for maker in ("海尔", "美的")
        for word in ("新款", "大", "")
        for thing in ("冰箱", "水壶", "台灯")
    ]
    nlp = train_tagger(texts, "zh", max_iterations=30)
    assert found(nlp, "美的家用冰箱") == [("美的", "brand")]


def test_labels_that_overlap_are_all_found() -> None:
    texts = [
        Labelled(text=f"{word} shirt", spans=((0, len(word), "gender"), (0, len(word), "age")))
        for word in ("boys", "girls") * 20
    ]
    assert len(overlap_free([list(text.spans) for text in texts])) == 2
    nlp = train_tagger(texts, "en", max_iterations=20)
    assert found(nlp, "boys shirt") == [("boys", "age"), ("boys", "gender")]


@pytest.mark.parametrize("missing", [("type",), ()])
def test_a_label_is_not_learned_where_it_may_be_missing(missing: tuple[str, ...]) -> None:
    told = [text for text in world(200) if "towel" not in text.text]
    untold = [
        Labelled(text=f"{maker} tea towel", spans=((0, len(maker), "brand"),), missing=missing)
        for maker in MAKERS * 20
    ]
    nlp = train_tagger([*told, *untold], "en", max_iterations=30)
    read = found(nlp, "Zorg tea towel")
    assert ("Zorg", "brand") in read
    assert any(label == "type" for _, label in read) == bool(missing)


def test_what_may_be_missing_is_not_judged() -> None:
    spans = {(0, 4, "brand"): 0.9, (5, 9, "type"): 0.9}
    text = Labelled(text="Zorg lamp", spans=((0, 4, "brand"),))
    assert measured([text], [spans])[0]["precision"] == 0.5
    partly = text.model_copy(update={"missing": ("type",)})
    assert measured([partly], [spans])[0]["precision"] == 1.0


def test_layers_hold_no_two_labels_that_overlap() -> None:
    spans = [[(0, 2, "a"), (1, 3, "b")], [(0, 1, "b"), (2, 3, "c")], [(0, 1, "b")]]
    assert overlap_free(spans) == [frozenset("bc"), frozenset("a")]


def test_a_span_that_cuts_a_word_is_widened(nlp: Language) -> None:
    doc = labelled_doc(nlp, Labelled(text="Zorgs lamp", spans=((0, 4, "brand"),)))
    assert [span.text for span in doc.spans[SPANS]] == ["Zorgs"]


def test_figures_by_label(nlp: Language) -> None:
    texts = world(40, seed=1)
    rows = {row["label"]: row for row in measured(texts, read_spans(nlp, texts))}
    assert set(rows) == {"all", "brand", "type"}
    assert rows["all"]["f1"] == 1.0
    assert rows["all"]["calibration_error"] < 0.05


def test_strict_f1() -> None:
    gold = [[(0, 1, "a"), (2, 3, "b")], [(0, 2, "a")]]
    read = [[(0, 1, "a"), (2, 3, "a")], []]
    assert span_f1(gold, read) == (0.5, pytest.approx(1 / 3), pytest.approx(0.4))
    assert span_f1([[]], [[]]) == (0.0, 0.0, 0.0)


def test_texts_without_spans_teach_nothing() -> None:
    with pytest.raises(ExtractionError, match="none of 1 labelled texts has a span"):
        train_tagger([Labelled(text="mug")], "en")


def test_unknown_features(tmp_path: Path) -> None:
    config = tmp_path / "own.cfg"
    text = config_path("en").read_text(encoding="utf-8")
    config.write_text(text.replace('"words"', '"syllables"'), encoding="utf-8")
    with pytest.raises(ExtractionError, match="no features 'syllables'; use characters, words"):
        train_tagger(world(3), "en", config)


def test_a_config_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "own.cfg").write_text("[nlp]\nlang = 'en", encoding="utf-8")
    with pytest.raises(ExtractionError, match=r"own\.cfg is no config of a span tagger"):
        train_tagger(world(3), "en", tmp_path / "own.cfg")


def test_nothing_to_load(nlp: Language, tmp_path: Path) -> None:
    with pytest.raises(ExtractionError, match="holds no trained reader"):
        load_tagger(tmp_path / "nowhere")
    nlp.to_disk(tmp_path / "en")
    (tmp_path / "en" / "spans" / "layer-0.crfsuite").unlink()
    with pytest.raises(ExtractionError, match=r"holds no trained span tagger .*train-reader"):
        load_tagger(tmp_path / "en")
    with pytest.raises(ExtractionError, match="has \\[\\], but no 'spans' tagger"):
        tagger_of(Language())


def test_labelled_texts_are_read_as_written(tmp_path: Path) -> None:
    texts = world(3)
    write_labelled(tmp_path / "labels.jsonl", texts)
    assert read_labelled(tmp_path / "labels.jsonl") == texts


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"text": "mug", "spans": [[0, 9, "type"]]}', "1: spans: .*0–9 'type' is empty or leaves"),
        ('{"text": "mug", "span": []}', "1: span: Extra inputs are not permitted"),
        ('{"text": ""}', "1: text: String should have at least 1 character"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "labels.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(DatasetError, match=said):
        read_labelled(tmp_path / "labels.jsonl")


def test_labels_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_labelled(tmp_path / "labels.jsonl")
