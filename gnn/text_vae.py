"""A conditional variational auto-encoder of short texts: the generative model that writes.

In: sequences of word rows and, for each, which facts it tells. Out: a loss to train on, and new
sequences for facts of one's choice. What the words are is none of its business.

    q(z|x,c) = N(μ(x,c), σ(x,c)²),   z = μ + σ ⊙ ε,  ε ~ N(0, I)
    −ELBO = −E_q[log p(x|z,c)] + β · KL(q(z|x,c) ‖ N(0, I))

(Kingma and Welling, "Auto-Encoding Variational Bayes", ICLR 2014, equations 7 and 10; given a
condition c: Sohn, Lee and Yan, "Learning Structured Output Representation using Deep Conditional
Generative Models", NeurIPS 2015, equation 4, with a prior that does not depend on c.) β grows from
0 to 1 over the first epochs and words fed to the decoder are dropped at random, so that z is not
ignored (Bowman et al., "Generating Sentences from a Continuous Space", CoNLL 2016).

Fine-tuning adds λ · L_task, where L_task says that the facts must be readable from the text: a
linear reader looks at the mean embedding of the words the decoder expects to say,
``e = mean_t softmax(logits_t) E``, and has to name the facts of c (binary cross-entropy).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

__all__ = ["BOS", "EOS", "PAD", "UNKNOWN", "Losses", "TextVAE", "TextVAEConfig"]

PAD, BOS, EOS, UNKNOWN = 0, 1, 2, 3
"""Rows of the vocabulary that are no words."""


class TextVAEConfig(BaseModel):
    """Sizes of the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    word_dim: int = Field(64, ge=4, le=1024, description="of a word's embedding")
    hidden_dim: int = Field(128, ge=4, le=2048, description="of the encoder and the decoder")
    latent_dim: int = Field(16, ge=1, le=512, description="of z")
    word_dropout: float = Field(0.25, ge=0, lt=1, description="words hidden from the decoder")


class Losses(NamedTuple):
    """Parts of the loss, each a mean over the batch (nats per text)."""

    reconstruction: Tensor
    kl: Tensor
    task: Tensor


class TextVAE(nn.Module):
    """The model.

    Args:
        num_words: size of the vocabulary, the four special rows included.
        num_facts: width of a condition.
        config: sizes.
    """

    def __init__(self, num_words: int, num_facts: int, config: TextVAEConfig) -> None:
        super().__init__()
        self.config = config
        word, hidden, latent = config.word_dim, config.hidden_dim, config.latent_dim
        self.words = nn.Embedding(num_words, word, padding_idx=PAD)
        self.facts = nn.Linear(num_facts, word)
        self.encoder = nn.GRU(word, hidden, batch_first=True)
        self.posterior = nn.Linear(hidden + word, 2 * latent)
        self.start = nn.Linear(latent + word, hidden)
        self.decoder = nn.GRU(word + latent + word, hidden, batch_first=True)
        self.out = nn.Linear(hidden, word)
        self.bias = nn.Parameter(torch.zeros(num_words))
        self.reader = nn.Linear(word, num_facts)

    def encode(self, texts: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        """μ and log σ² of q(z|x,c), each (n, latent), of texts (n, T) int64 and told (n, facts)."""
        lengths = (texts != PAD).sum(1).clamp(min=1)
        states, _ = self.encoder(self.words(texts))
        last = states[torch.arange(len(texts)), lengths - 1]
        mean, log_var = self.posterior(torch.cat([last, self.facts(told)], 1)).chunk(2, dim=1)
        return mean, log_var

    def decode(self, before: Tensor, z: Tensor, told: Tensor) -> Tensor:
        """Logits (n, T, words) of each next word, given the words before it (n, T)."""
        c = self.facts(told)
        given = torch.cat([z, c], 1)
        start = torch.tanh(self.start(given))[None]
        again = given[:, None].expand(-1, before.shape[1], -1)
        states, _ = self.decoder(torch.cat([self.words(before), again], 2), start)
        return self._logits(states)

    def losses(self, texts: Tensor, told: Tensor, generator: torch.Generator) -> Losses:
        """The parts of the loss on texts (n, T) that begin with BOS and end with EOS."""
        mean, log_var = self.encode(texts, told)
        noise = torch.randn(mean.shape, generator=generator)
        z = mean + torch.exp(0.5 * log_var) * noise
        before, after = texts[:, :-1], texts[:, 1:]
        hidden = torch.rand(before.shape, generator=generator) < self.config.word_dropout
        seen = torch.where(hidden & (before > UNKNOWN), UNKNOWN, before)
        logits = self.decode(seen, z, told)
        there = after != PAD
        each = nn.functional.cross_entropy(logits.transpose(1, 2), after, reduction="none") * there
        kl = 0.5 * (mean.pow(2) + log_var.exp() - 1.0 - log_var).sum(1)
        task = nn.functional.binary_cross_entropy_with_logits(
            self.read(logits, there), told, reduction="none"
        )
        return Losses(each.sum(1).mean(), kl.mean(), task.sum(1).mean())

    def read(self, logits: Tensor, there: Tensor) -> Tensor:
        """Logits (n, facts) of the facts that expected words tell; ``there`` (n, T) marks words."""
        expected = torch.softmax(logits, dim=2) @ self.words.weight
        weight = there.float()[:, :, None]
        mean = (expected * weight).sum(1) / weight.sum(1).clamp(min=1.0)
        read: Tensor = self.reader(mean)
        return read

    @torch.no_grad()
    def sample(
        self,
        told: Tensor,
        allowed: Tensor,
        generator: torch.Generator,
        *,
        max_words: int = 30,
        temperature: float = 0.5,
    ) -> tuple[list[list[int]], Tensor, Tensor]:
        """New texts for facts, z drawn from N(0, I).

        Args:
            told: (n, facts) facts to tell.
            allowed: (words,) bool: rows that may be said; EOS always may.
            generator: of z and of the words.
            max_words: of a text, at least 1.
            temperature: > 0; small: the likeliest words.

        Returns:
            Rows of each text without special ones; the mean log-probability per word (n,); and how
            odd its oddest word is (n,): log(its probability / that of the likeliest word there), as
            if nothing were barred. What is barred leads texts astray; there a word is odd.
        """
        n = len(told)
        z = torch.randn((n, self.config.latent_dim), generator=generator)
        given = torch.cat([z, self.facts(told)], 1)
        state = torch.tanh(self.start(given))[None]
        barred = ~allowed
        barred[[PAD, BOS, UNKNOWN]], barred[EOS] = True, False
        word = torch.full((n, 1), BOS)
        said, score, count, odd = [], torch.zeros(n), torch.zeros(n), torch.zeros(n)
        open_ = torch.ones(n, dtype=torch.bool)
        for _ in range(max_words):
            step = torch.cat([self.words(word), given[:, None]], 2)
            out, state = self.decoder(step, state)
            logits = self._logits(out)[:, 0]
            chances = torch.softmax(logits.masked_fill(barred, -torch.inf) / temperature, 1)
            word = torch.multinomial(chances, 1, generator=generator)
            chances = torch.log_softmax(logits, 1)
            chosen = chances.gather(1, word)[:, 0] * open_
            score, count = score + chosen, count + open_
            odd = torch.minimum(odd, chosen - chances.max(1).values * open_)
            said.append(word.masked_fill(~open_[:, None], PAD))
            open_ = open_ & (word[:, 0] != EOS)
        texts = [[row for row in text if row > UNKNOWN] for text in torch.cat(said, 1).tolist()]
        return texts, score / count.clamp(min=1), odd

    def _logits(self, states: Tensor) -> Tensor:
        logits: Tensor = self.out(states) @ self.words.weight.T + self.bias
        return logits
