"""The text model: its loss by hand, learning in a tiny language, the same seed, the file."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gnn.text_vae import BOS, EOS, PAD, TextVAE, TextVAEConfig
from gnn.train_text_vae import (
    TextVAEFile,
    TrainTextVAEConfig,
    load_text_vae,
    save_text_vae,
    train_text_vae,
)
from kg.errors import ModelError

SMALL = TextVAEConfig(word_dim=16, hidden_dim=24, latent_dim=4, word_dropout=0.1)
CONFIG = TrainTextVAEConfig(
    model=SMALL, pretrain_epochs=20, finetune_epochs=5, anneal_epochs=5, batch_size=16,
    learning_rate=1e-2,
)  # fmt: skip
# Texts "4 6" tell fact 0, "5 7" fact 1, "4 6 5 7" both.
TEXTS = [[4, 6], [5, 7], [4, 6, 5, 7]] * 8
TOLD = np.array([[1, 0], [0, 1], [1, 1]] * 8, dtype=np.float32)
WORDS = ["<pad>", "<bos>", "<eos>", "<unknown>", "a", "b", "x", "y"]


@pytest.fixture(scope="module")
def trained() -> TextVAEFile:
    model, history = train_text_vae(TEXTS, TOLD, len(WORDS), CONFIG, seed=3)
    return TextVAEFile(model, WORDS, ["f", "g"], history)


def test_kl_and_reconstruction_by_hand() -> None:
    torch.manual_seed(0)
    model = TextVAE(8, 2, SMALL.model_copy(update={"word_dropout": 0.0}))
    text = torch.tensor([[BOS, 4, 6, EOS, PAD]])
    told = torch.tensor([[1.0, 0.0]])
    parts = model.losses(text, told, torch.Generator().manual_seed(1))
    mean, log_var = model.encode(text, told)
    kl = sum(
        0.5 * (m * m + np.exp(v) - 1 - v)
        for m, v in zip(mean[0].tolist(), log_var[0].tolist(), strict=True)
    )
    assert parts.kl.item() == pytest.approx(kl, rel=1e-5)
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(1))
    z = mean + torch.exp(log_var / 2) * noise
    logits = model.decode(text[:, :-1], z, told)
    said = torch.log_softmax(logits, 2)[0]
    by_hand = -(said[0, 4] + said[1, 6] + said[2, EOS])
    assert parts.reconstruction.item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_padding_changes_nothing() -> None:
    torch.manual_seed(0)
    model = TextVAE(8, 2, SMALL)
    told = torch.tensor([[1.0, 0.0]])
    short, long = torch.tensor([[BOS, 4, EOS]]), torch.tensor([[BOS, 4, EOS, PAD, PAD]])
    for one, other in zip(model.encode(short, told), model.encode(long, told), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_it_learns_to_tell_the_facts_asked_for(trained: TextVAEFile) -> None:
    losses = [epoch["reconstruction"] for epoch in trained.history]
    assert losses[-1] < losses[0] / 2
    assert trained.history[-1]["task"] < trained.history[CONFIG.pretrain_epochs - 1]["task"]
    allowed = torch.ones(len(WORDS), dtype=torch.bool)
    for told, wanted in (([1.0, 0.0], [4, 6]), ([0.0, 1.0], [5, 7])):
        texts, scores, odd = trained.model.sample(
            torch.tensor([told] * 8), allowed, torch.Generator().manual_seed(5), temperature=0.3
        )
        assert texts.count(wanted) >= 6
        assert bool((scores <= 0).all())
        assert all(odd[row] > np.log(0.5) for row, text in enumerate(texts) if text == wanted)


def test_what_is_barred_makes_odd_words(trained: TextVAEFile) -> None:
    allowed = torch.ones(len(WORDS), dtype=torch.bool)
    allowed[6] = False  # the word that has to follow
    _, _, odd = trained.model.sample(
        torch.tensor([[1.0, 0.0]] * 8), allowed, torch.Generator().manual_seed(5), temperature=0.3
    )
    assert bool((odd < np.log(0.1)).all())


def test_oddness_by_hand(trained: TextVAEFile) -> None:
    told, allowed = torch.tensor([[1.0, 0.0]]), torch.ones(len(WORDS), dtype=torch.bool)
    texts, scores, odd = trained.model.sample(told, allowed, torch.Generator().manual_seed(5))
    z = torch.randn((1, SMALL.latent_dim), generator=torch.Generator().manual_seed(5))
    rows = torch.tensor([[BOS, *texts[0], EOS]])
    chances = torch.log_softmax(trained.model.decode(rows[:, :-1], z, told), 2)[0]
    said = chances.gather(1, rows[0, 1:, None])[:, 0]
    assert scores[0].item() == pytest.approx(said.mean().item(), abs=1e-5)
    assert odd[0].item() == pytest.approx((said - chances.max(1).values).min().item(), abs=1e-5)


def test_only_allowed_words_are_said(trained: TextVAEFile) -> None:
    allowed = torch.tensor([False] * 4 + [True, False, False, False])
    texts, _, _ = trained.model.sample(
        torch.tensor([[0.0, 1.0]] * 20), allowed, torch.Generator().manual_seed(1), temperature=2.0
    )
    assert {row for text in texts for row in text} <= {4}


def test_the_same_seed_makes_the_same_model(tmp_path: Path) -> None:
    short = CONFIG.model_copy(update={"pretrain_epochs": 1, "finetune_epochs": 1})

    def fingerprint(seed: int) -> str:
        model, history = train_text_vae(TEXTS, TOLD, len(WORDS), short, seed)
        return save_text_vae(TextVAEFile(model, WORDS, ["f", "g"], history), tmp_path / "m")

    assert fingerprint(1) == fingerprint(1)
    assert fingerprint(1) != fingerprint(2)


def test_a_file_comes_back(trained: TextVAEFile, tmp_path: Path) -> None:
    save_text_vae(trained, tmp_path / "a" / "m.safetensors")
    again = load_text_vae(tmp_path / "a" / "m.safetensors")
    assert (again.words, again.facts, again.history) == (WORDS, ["f", "g"], trained.history)
    for name, value in trained.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name])


def test_a_missing_or_damaged_file_is_told(trained: TextVAEFile, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(ModelError, match=r"no text model at .*; train one: clew describe-train"):
        load_text_vae(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is no text model of Clew"):
        load_text_vae(path)
    save_text_vae(trained, path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="is damaged; train it anew"):
        load_text_vae(path)


def test_nothing_to_learn_and_a_loss_that_explodes() -> None:
    with pytest.raises(ModelError, match="no text tells a fact"):
        train_text_vae([], TOLD[:0], 8, CONFIG, 1)
    wild = CONFIG.model_copy(update={"learning_rate": float("inf")})
    with pytest.raises(ModelError, match=r"loss is nan in epoch \d; lower learning_rate"):
        train_text_vae(TEXTS, TOLD, 8, wild, 1)
