import json
import subprocess
import sys

import numpy as np
import pytest

from gnn.arrays import StringTable, load_array, save_arrays, string_arrays
from gnn.explain import explain
from gnn.fit import attach_gnn, read_training
from gnn.score import Recommender
from gnn.storage import load_model, save_model
from kg.errors import ModelError
from tests.gnn.graphs import bought, fitted, graph


@pytest.fixture(scope="module")
def model():
    kg = graph(
        list("abcd"),
        [
            ("product:a", "schema:color", "colour:pink"),
            ("product:c", "schema:color", "colour:red"),
            ("colour:pink", "skos:broader", "colour:red"),
            ("product:d", "clew:alsoBought", "product:a"),
        ],
        [(f"u{at}", name) for at in range(6) for name in "ab"] + [("é", "a", "view")],
    )
    text = np.eye(4, 2, dtype=np.float32)
    model = fitted(kg, text=text)
    data = read_training(kg.interactions, model.products, model.config)
    z = np.ones((4, 1), dtype=np.float32) * np.arange(4, dtype=np.float32)[:, None]
    return attach_gnn(model, z, data.histories(model.config), 0.5)


@pytest.fixture
def directory(model, tmp_path):
    save_model(model, tmp_path / "model")
    return tmp_path / "model"


def test_what_is_read_answers_as_what_was_written(model, directory):
    again = load_model(directory)
    assert again.config == model.config
    assert list(again.products) == list(model.products)
    assert not again.head.inverse.flags.owndata
    history = bought(model, "a", user="user:u0")
    assert explain(again, history, [1, 2, 3]) == explain(model, history, [1, 2, 3])
    assert Recommender.load(directory).recommend(history) == Recommender(model).recommend(history)


def test_a_model_without_text_relations_events_or_gnn_can_be_kept(tmp_path):
    model = fitted(graph(list("ab"), (), [("u", "a")]))
    save_model(model, tmp_path)
    again = load_model(tmp_path)
    assert again.gnn.shape == (2, 0)
    assert again.head.text.shape == (2, 0)
    assert Recommender(again).recommend(bought(again, "a"))[0].score == pytest.approx(0, abs=1e-7)


def test_serving_needs_no_torch(directory):
    code = (
        "import sys; from pathlib import Path; from gnn.score import Recommender; "
        "from gnn.explain import explain; from gnn.history import Event; "
        "r = Recommender.load(Path(sys.argv[1])); h = r.history([Event('product:a')]); "
        "explain(r.model, h, [i.row for i in r.recommend(h)]); "
        "sys.exit(any(m in sys.modules for m in ('torch', 'spacy', 'sentence_transformers')))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(directory)], check=False)
    assert done.returncode == 0


def test_damage_is_told(directory):
    with pytest.raises(ModelError, match=r"no model in .*; train one: clew train"):
        load_model(directory / "elsewhere")
    settings = json.loads((directory / "model.json").read_text())

    def write(changed):
        (directory / "model.json").write_text(changed)

    write("{")
    with pytest.raises(ModelError, match=r"cannot be read: .*; train the model again"):
        load_model(directory)
    write(json.dumps({**settings, "format": 99}))
    with pytest.raises(ModelError, match="is not of format 3"):
        load_model(directory)
    write(json.dumps({**settings, "config": {"lam": 3}}))
    with pytest.raises(ModelError, match="is damaged"):
        load_model(directory)
    write(json.dumps({**settings, "products": {"fingerprint": "0"}}))
    with pytest.raises(ModelError, match="product list is not the one the model was made for"):
        load_model(directory)
    write(json.dumps(settings))
    (directory / "inverse.npy").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match=r"inverse.npy is not a NumPy array"):
        load_model(directory)
    (directory / "inverse.npy").unlink()
    with pytest.raises(ModelError, match=r"inverse.npy is missing; train the model again"):
        load_model(directory)


def test_strings_come_back_one_by_one():
    words = ["", "a", "été", "茶壶", "z"]
    arrays = string_arrays("words", words)
    table = StringTable(arrays["words.text"], arrays["words.offsets"])
    assert list(table) == words
    assert (table[-1], table[1:3]) == ("z", ["a", "été"])
    assert [table.find(word) for word in sorted(words)] == [0, 1, 2, 3, 4] or sorted(words) != words
    assert table.find("b") is None
    assert table.find("zz") is None
    with pytest.raises(IndexError):
        table[5]
    assert len(StringTable(*string_arrays("none", []).values())) == 0


def test_empty_arrays_can_be_mapped(tmp_path):
    save_arrays(tmp_path, {"empty": np.zeros((3, 0), dtype=np.float32)})
    assert load_array(tmp_path, "empty").shape == (3, 0)
