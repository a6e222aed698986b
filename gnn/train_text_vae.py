"""Training of a `TextVAE`: first the ELBO, then the ELBO and the task; kept as one file.

In: texts as word rows, the facts each tells, a seed. Out: a model in evaluation mode and what every
epoch cost. A saved model is a safetensors file whose header holds vocabulary, settings and a
fingerprint of all of it, checked when it is loaded.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import torch
from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from gnn.text_vae import BOS, EOS, PAD, TextVAE, TextVAEConfig
from kg.errors import ModelError
from kg.progress import Progress, Stopwatch

__all__ = ["TextVAEFile", "TrainTextVAEConfig", "load_text_vae", "save_text_vae", "train_text_vae"]


class TrainTextVAEConfig(BaseModel):
    """How a text model is trained: ``L_pretrain``, then ``L_pretrain + λ · L_task``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: TextVAEConfig = TextVAEConfig()
    pretrain_epochs: int = Field(8, ge=1, le=1000, description="on the ELBO alone")
    finetune_epochs: int = Field(3, ge=0, le=1000, description="on the ELBO and the task")
    anneal_epochs: int = Field(4, ge=1, le=1000, description="until KL counts in full")
    task_weight: float = Field(2.0, ge=0, description="λ: weight of the task in fine-tuning")
    batch_size: int = Field(64, ge=1, le=65536)
    learning_rate: float = Field(2e-3, gt=0)


@dataclass
class TextVAEFile:
    """A trained model and what its rows mean."""

    model: TextVAE
    words: list[str]  # of the vocabulary; the first four are special
    facts: list[str]  # of a condition
    history: list[dict[str, float]] = field(default_factory=list)  # one entry an epoch
    about: dict[str, Any] = field(default_factory=dict)  # of what it was trained on


def train_text_vae(
    texts: Sequence[Sequence[int]],
    told: np.ndarray[Any, np.dtype[np.float32]],
    num_words: int,
    config: TrainTextVAEConfig,
    seed: int,
    progress: Progress | None = None,
) -> tuple[TextVAE, list[dict[str, float]]]:
    """Train a model.

    Args:
        texts: word rows of each text, without special rows.
        told: (n, facts) float32, 1 where a text tells a fact.
        num_words: size of the vocabulary.
        config: how.
        seed: of everything random here; the same seed, the same model.
        progress: told of every epoch.

    Raises:
        ModelError: there are no texts, or the loss is no number.
    """
    if not texts:
        raise ModelError("no text tells a fact; a text model needs descriptions to learn from")
    progress = progress or Stopwatch()
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = TextVAE(num_words, told.shape[1], config.model)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    rows = [torch.tensor([BOS, *text, EOS]) for text in texts]
    facts = torch.from_numpy(told)
    epochs = config.pretrain_epochs + config.finetune_epochs
    progress.stage("text model", epochs)
    history = []
    for epoch in range(epochs):
        history.append(_epoch(model, optimizer, rows, facts, config, epoch, generator))
        progress.advance()
    return model.eval(), history


def _epoch(
    model: TextVAE,
    optimizer: torch.optim.Optimizer,
    rows: Sequence[Tensor],
    facts: Tensor,
    config: TrainTextVAEConfig,
    epoch: int,
    generator: torch.Generator,
) -> dict[str, float]:
    """One pass over all texts; the means of the loss's parts and their weights."""
    task_weight = config.task_weight if epoch >= config.pretrain_epochs else 0.0
    beta = min(1.0, (epoch + 1) / config.anneal_epochs)
    order = torch.randperm(len(rows), generator=generator)
    sums = torch.zeros(3)
    for first in range(0, len(rows), config.batch_size):
        batch = order[first : first + config.batch_size]
        padded = torch.nn.utils.rnn.pad_sequence(
            [rows[i] for i in batch.tolist()], batch_first=True, padding_value=PAD
        )
        parts = model.losses(padded, facts[batch], generator)
        loss = parts.reconstruction + beta * parts.kl + task_weight * parts.task
        _step(model, optimizer, loss, epoch)
        sums += len(batch) * torch.stack(parts).detach()
    mean = (sums / len(rows)).tolist()
    named = dict(zip(("reconstruction", "kl", "task"), mean, strict=True))
    return named | {"beta": beta, "lambda": task_weight}


def _step(model: TextVAE, optimizer: torch.optim.Optimizer, loss: Tensor, epoch: int) -> None:
    if not torch.isfinite(loss):
        raise ModelError(
            f"the text model's loss is {loss.item()} in epoch {epoch}; lower learning_rate"
        )
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()


def save_text_vae(trained: TextVAEFile, path: Path) -> str:
    """Write a model at once or not at all; returns its fingerprint."""
    tensors = {name: value.contiguous() for name, value in trained.model.state_dict().items()}
    about = {
        "config": trained.model.config.model_dump(),
        "words": trained.words,
        "facts": trained.facts,
        "history": trained.history,
        "about": trained.about,
    }
    text = orjson.dumps(about, option=orjson.OPT_SORT_KEYS).decode()
    fingerprint = _fingerprint(tensors, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    save_file(tensors, draft, metadata={"clew": text, "fingerprint": fingerprint})
    draft.replace(path)
    return fingerprint


def load_text_vae(path: Path) -> TextVAEFile:
    """Read a model.

    Raises:
        ModelError: there is none, or the file is damaged.
    """
    if not path.exists():
        raise ModelError(f"there is no text model at {path}; train one: clew describe-train")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        text = header["clew"]
        about = orjson.loads(text)
    except (SafetensorError, KeyError, ValueError, OSError) as exc:
        raise ModelError(
            f"{path} is no text model of Clew ({exc}); train it anew: clew describe-train"
        ) from exc
    if _fingerprint(tensors, text) != header.get("fingerprint"):
        raise ModelError(f"{path} is damaged; train it anew: clew describe-train")
    config = TextVAEConfig(**about["config"])
    model = TextVAE(len(about["words"]), len(about["facts"]), config)
    model.load_state_dict(tensors)
    return TextVAEFile(
        model.eval(), about["words"], about["facts"], about["history"], about["about"]
    )


def _fingerprint(tensors: dict[str, Tensor], text: str) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=16)
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()
