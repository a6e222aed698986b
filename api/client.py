"""A typed client of the service, blocking and asynchronous.

A call is made by a function of this module and sent by a client; what comes back is a record.

    with Client("http://127.0.0.1:8000", key=KEY) as clew:
        clew.send(events([EventIn(user_id="u1", product_id="KD-0101", event="view")]))
        found = clew.send(recommendations("u1", k=5))

`AsyncClient` is the same with ``await``. Events are sent under an idempotency key, so a call that
was not answered is simply sent again, and counts once. Needs ``pip install 'clew[client]'``.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel

from api.call import (
    RETRIED,
    Call,
    Nothing,
    ServiceError,
    headers_of,
    in_path,
    read_answer,
    request_of,
    wait_s,
)
from api.schemas import (
    HistoryItemIn,
    ProductDetail,
    Recommendations,
    SimilarProducts,
)
from api.schemas_events import ErasureOut, EventIn, EventsOut, ExportOut, MergeOut, QueryOut
from api.schemas_experiments import Counted, ExperimentsOut, ReportOut
from api.schemas_feedback import FeedbackIn, FeedbackOut
from api.schemas_lists import RelatedProducts, TrendingProducts
from api.schemas_products import ProductIn, ProductPart, ProductStored
from commerce.related import Kind

__all__ = [
    "AsyncClient",
    "Call",
    "Client",
    "Nothing",
    "ServiceError",
    "change_product",
    "cypher",
    "erase",
    "events",
    "experiment_report",
    "experiments",
    "export",
    "feedback",
    "for_history",
    "merge",
    "product",
    "put_product",
    "recommendations",
    "related",
    "session_recommendations",
    "similar",
    "take_back_product",
    "trending",
]

Answer = TypeVar("Answer", bound=BaseModel)


def recommendations(user_id: str, **options: Any) -> Call[Recommendations]:
    """Products for a user; options as `api.schemas.ListOptions`."""
    path = f"/v1/users/{in_path(user_id)}/recommendations"
    return Call("GET", path, Recommendations, query=options)


def session_recommendations(session_id: str, **options: Any) -> Call[Recommendations]:
    """Products for an anonymous session."""
    path = f"/v1/sessions/{in_path(session_id)}/recommendations"
    return Call("GET", path, Recommendations, query=options)


def for_history(history: Sequence[HistoryItemIn], **options: Any) -> Call[Recommendations]:
    """Products for a history, oldest first; nothing is stored."""
    rows = [item.model_dump(mode="json", exclude_none=True) for item in history]
    return Call("POST", "/v1/recommendations", Recommendations, body={"history": rows, **options})


def similar(product_id: str, **options: Any) -> Call[SimilarProducts]:
    """Products similar to one."""
    path = f"/v1/products/{in_path(product_id)}/similar"
    return Call("GET", path, SimilarProducts, query=options)


def product(product_id: str, *, lang: str = "en") -> Call[ProductDetail]:
    """A product's page."""
    path = f"/v1/products/{in_path(product_id)}"
    return Call("GET", path, ProductDetail, query={"lang": lang})


def related(product_id: str, kind: Kind | None = None, **options: Any) -> Call[RelatedProducts]:
    """Bundles, substitutes or complements of a product."""
    query = options if kind is None else {"kind": kind, **options}
    return Call("GET", f"/v1/products/{in_path(product_id)}/related", RelatedProducts, query=query)


def trending(**options: Any) -> Call[TrendingProducts]:
    """What is wanted now; ``half_life_days`` and options as `api.schemas.ListOptions`."""
    return Call("GET", "/v1/trending", TrendingProducts, query=options)


def put_product(product_id: str, product: ProductIn) -> Call[ProductStored]:
    """Add a product, or say all of one anew."""
    body = product.model_dump(mode="json", exclude_unset=True)
    return Call("PUT", f"/v1/products/{in_path(product_id)}", ProductStored, body=body)


def change_product(product_id: str, part: ProductPart) -> Call[ProductStored]:
    """Change some fields of a product."""
    body = part.model_dump(mode="json", exclude_unset=True)
    return Call("PATCH", f"/v1/products/{in_path(product_id)}", ProductStored, body=body)


def take_back_product(product_id: str) -> Call[Nothing]:
    """Forget what was put of a product."""
    return Call("DELETE", f"/v1/products/{in_path(product_id)}", Nothing)


def events(rows: Sequence[EventIn], *, idempotency_key: str | None = None) -> Call[EventsOut]:
    """Send events; under a key of their own where none is given."""
    body = {"events": [row.model_dump(mode="json", exclude_none=True) for row in rows]}
    key = idempotency_key or secrets.token_hex(16)
    return Call("POST", "/v1/events", EventsOut, body=body, headers={"Idempotency-Key": key})


def feedback(said: FeedbackIn) -> Call[FeedbackOut]:
    """Send what a shopper says of a reason."""
    body = said.model_dump(mode="json", exclude_none=True)
    return Call("POST", "/v1/feedback", FeedbackOut, body=body)


def merge(session_id: str, user_id: str) -> Call[MergeOut]:
    """Count a session as a user's."""
    path = f"/v1/sessions/{in_path(session_id)}/merge"
    return Call("POST", path, MergeOut, body={"user_id": user_id})


def export(user_id: str) -> Call[ExportOut]:
    """All that is kept of a user."""
    return Call("GET", f"/v1/users/{in_path(user_id)}/export", ExportOut)


def erase(user_id: str) -> Call[ErasureOut]:
    """Erase a user."""
    return Call("DELETE", f"/v1/users/{in_path(user_id)}", ErasureOut)


def cypher(query: str, params: Mapping[str, Any] | None = None) -> Call[QueryOut]:
    """Ask the graph in Cypher."""
    body = {"query": query, "params": dict(params or {})}
    return Call("POST", "/v1/query/cypher", QueryOut, body=body)


def experiments() -> Call[ExperimentsOut]:
    """Every experiment that began."""
    return Call("GET", "/v1/experiments", ExperimentsOut)


def experiment_report(
    name: str, *, counted: Counted = "after", level: float = 0.95
) -> Call[ReportOut]:
    """How an experiment's arms did."""
    query = {"counted": counted, "level": level}
    return Call("GET", f"/v1/experiments/{in_path(name)}/report", ReportOut, query=query)


class Client:
    """A blocking client; a context manager. Safe to share between threads."""

    def __init__(
        self, url: str, *, key: str | None = None, timeout_s: float = 10.0, tries: int = 3
    ) -> None:
        self._http = httpx.Client(base_url=url, headers=headers_of(key), timeout=timeout_s)
        self._tries = tries

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def send(self, call: Call[Answer]) -> Answer:
        """Ask, and again where the service was busy or could not be reached.

        Raises:
            ServiceError: the service refused or failed.
            httpx.TransportError: it could not be reached.
        """
        for left in reversed(range(self._tries)):
            try:
                answer = self._http.request(**request_of(call))
            except httpx.TransportError:
                if not left:
                    raise
                time.sleep(wait_s(None, self._tries - left))
                continue
            if answer.status_code not in RETRIED or not left:
                break
            time.sleep(wait_s(answer, self._tries - left))
        return read_answer(call, answer)


class AsyncClient:
    """An asynchronous client; an asynchronous context manager."""

    def __init__(
        self, url: str, *, key: str | None = None, timeout_s: float = 10.0, tries: int = 3
    ) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers=headers_of(key), timeout=timeout_s)
        self._tries = tries

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def send(self, call: Call[Answer]) -> Answer:
        """As `Client.send`."""
        for left in reversed(range(self._tries)):
            try:
                answer = await self._http.request(**request_of(call))
            except httpx.TransportError:
                if not left:
                    raise
                await asyncio.sleep(wait_s(None, self._tries - left))
                continue
            if answer.status_code not in RETRIED or not left:
                break
            await asyncio.sleep(wait_s(answer, self._tries - left))
        return read_answer(call, answer)
