"""A writer behind any OpenAI-compatible endpoint (``POST …/chat/completions``).

In: a brief. Out: the text the model answers with. The prompt holds the product's facts and nothing
else. A server that fails for a moment (429, 5xx, a broken connection, a time-out) is asked again;
what it answers is never trusted, the verifier reads it like any other text.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from commerce.describe.prompt import prompt_of
from commerce.describe.writers import Brief
from kg.errors import MissingExtraError, WriterError
from kg.ontology_terms import Schema

__all__ = ["EndpointConfig", "EndpointWriter"]

_AGAIN: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_SHOWN = 200  # characters of an answer that an error quotes


class _Unavailable(Exception):  # noqa: N818 - asked again, never leaves this module
    """The server may answer if it is asked again."""


class EndpointConfig(BaseModel):
    """Where the model is, and how long to wait for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern="^https?://", description="base URL, e.g. http://localhost:8080/v1")
    model: str = Field(min_length=1, description="name the server knows the model by")
    api_key: SecretStr | None = Field(None, description="sent as a bearer token")
    timeout_s: float = Field(30.0, gt=0, le=600, description="of one request")
    attempts: int = Field(3, ge=1, le=10, description="requests before giving up")
    wait_s: float = Field(0.5, ge=0, le=60, description="before the second; doubled each time")
    max_tokens: int = Field(300, ge=16, le=4096, description="of an answer")
    temperature: float = Field(0.3, ge=0, le=2, description="raised by 0.2 at every new try")


class EndpointWriter:
    """Asks an endpoint.

    Raises:
        MissingExtraError: httpx or tenacity is not installed.
    """

    name = "endpoint"

    def __init__(self, config: EndpointConfig, schema: Schema) -> None:
        try:
            import httpx  # noqa: PLC0415 - an extra
            import tenacity  # noqa: PLC0415
        except ImportError as exc:
            raise MissingExtraError(str(exc.name), "describe") from exc
        self.config = config
        self._schema = schema
        self._httpx = httpx
        headers = {}
        if config.api_key is not None:
            headers["Authorization"] = f"Bearer {config.api_key.get_secret_value()}"
        self._client = httpx.Client(timeout=config.timeout_s, headers=headers)
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(config.attempts),
            wait=tenacity.wait_exponential(multiplier=config.wait_s, max=60),
            retry=tenacity.retry_if_exception_type(_Unavailable),
            reraise=True,
        )

    def write(self, brief: Brief, attempt: int) -> str:
        """The model's text.

        Raises:
            WriterError: the server refuses, stays silent, or answers what is no completion.
        """
        system, user = prompt_of(brief, self._schema)
        return self.ask(system, user, attempt)

    def ask(self, system: str, user: str, attempt: int = 0) -> str:
        """The model's answer to any prompt; see `write`."""
        body = {
            "model": self.config.model,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": user},
            ],
            "max_tokens": self.config.max_tokens,
            "temperature": min(2.0, self.config.temperature + 0.2 * attempt),
        }
        try:
            return self._retrying(self._post, body)
        except _Unavailable as exc:
            raise WriterError(
                f"{self._address} does not answer after {self.config.attempts} requests: {exc}; "
                "check the server, or wait longer (timeout_s)"
            ) from exc

    @property
    def _address(self) -> str:
        return f"{self.config.url.rstrip('/')}/chat/completions"

    def _post(self, body: dict[str, Any]) -> str:
        try:
            response = self._client.post(self._address, json=body)
        except self._httpx.TransportError as exc:
            raise _Unavailable(f"{type(exc).__name__} {exc}".strip()) from exc
        if response.status_code in _AGAIN:
            raise _Unavailable(f"status {response.status_code}")
        if response.status_code != self._httpx.codes.OK:
            raise WriterError(
                f"{self._address} refused with status {response.status_code}: "
                f"{response.text[:_SHOWN]!r}; check the URL, the model's name and the key"
            )
        return self._content(response)

    def _content(self, response: Any) -> str:
        try:
            content = response.json()["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError) as exc:
            raise WriterError(
                f"{self._address} answered what is no chat completion: "
                f"{response.text[:_SHOWN]!r}; is it an OpenAI-compatible endpoint?"
            ) from exc
        if not isinstance(content, str):
            raise WriterError(f"{self._address} answered a completion without text: {content!r}")
        return content.strip()
