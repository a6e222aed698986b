"""Search: what was understood, and products with what of the search each meets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import needs
from api.history import user_history
from api.live import Live
from api.parts import Parts
from api.routes.deps import (
    CurrentLive,
    CurrentParts,
    CurrentSettings,
    CurrentShowing,
    check_k,
    refuse,
)
from api.search_schemas import SearchAnswer, SearchOptions, SearchRequest
from api.service import Service
from api.tracing import span
from commerce.offered import offered
from commerce.search_plain import plain_answer
from gnn.history import History

__all__ = ["router"]

router = APIRouter(prefix="/v1/search", tags=["search"], dependencies=[needs("recommend")])


@router.get("", summary="Search")
def by_text(
    live: CurrentLive,
    parts: CurrentParts,
    settings: CurrentSettings,
    showing: CurrentShowing,
    options: Annotated[SearchOptions, Query()],
) -> SearchAnswer:
    """Products for a search as shoppers type it, in English or Chinese.

    Kinds, colours, brands, sizes, prices and refusals are understood; what nothing meets is relaxed
    step by step, and the answer says what. Refusals and prices are never relaxed.
    """
    check_k(options.k, settings, "query")
    service = live.searching
    answer = _answer(live, service, options, _known(service, parts, options))
    return showing.found(answer, _whose(parts, options))


@router.post("", summary="Search with a history")
def with_history(
    live: CurrentLive,
    parts: CurrentParts,
    settings: CurrentSettings,
    showing: CurrentShowing,
    body: SearchRequest,
) -> SearchAnswer:
    """The same for whoever has this history, whose taste counts; nothing is stored."""
    check_k(body.k, settings, "body")
    if len(body.history) > settings.max_history:
        message = f"holds {len(body.history)} events, at most {settings.max_history} are read"
        refuse(("body", "history"), message)
    if body.history and body.user is not None:
        message = "is given beside a user; whose taste counts? Give one of them"
        refuse(("body", "history"), message)
    service = live.searching
    theirs = service.history_of(body.history) if body.history else _known(service, parts, body)
    return showing.found(_answer(live, service, body, theirs), _whose(parts, body))


def _known(service: Service, parts: Parts, options: SearchOptions) -> History | None:
    if options.user is None:
        return None
    return user_history(service.teller, parts.log, parts.people, options.user).history


def _whose(parts: Parts, options: SearchOptions) -> str:
    return "" if options.user is None else parts.people.user(options.user)


def _answer(
    live: Live, service: Service, options: SearchOptions, history: History | None
) -> SearchAnswer:
    """Found by the newest index there is, shown as products are offered now."""
    with span("search"):
        answer = service.searcher.search(
            options.q, options.k, history=history, language=options.lang, in_stock=options.in_stock
        )
    now = live.service
    if now is not service:
        answer = offered(answer, now.catalogue, in_stock=options.in_stock)
    lang = options.lang or answer.query.language
    told = plain_answer(answer, now.teller.names, now.teller.schema, now.catalogue, lang)
    return SearchAnswer.model_validate({"snapshot": now.info, **told})
