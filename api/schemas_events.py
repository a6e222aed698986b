"""What goes over the wire about events, sessions, erasure, rules and queries."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas import ProductId, Term

__all__ = [
    "ErasureOut",
    "EventIn",
    "EventResult",
    "EventsIn",
    "EventsOut",
    "ExportOut",
    "ExportedEvent",
    "ExportedExposure",
    "Live",
    "MergeIn",
    "MergeOut",
    "QueryIn",
    "QueryOut",
    "Ready",
    "RuleIn",
    "RuleOut",
    "RulesOut",
]

ShopId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_FIRST = datetime(1990, 1, 1, tzinfo=UTC)


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EventIn(_Wire):
    """One thing a shopper did."""

    user_id: ShopId | None = Field(None, description="the shop's own id; this or session_id")
    session_id: ShopId | None = Field(None, description="of someone who is not logged in")
    product_id: ProductId
    event: Literal["view", "cart", "purchase", "rating", "remove"] = Field(
        description="remove takes back earlier cart and purchase events of the product"
    )
    timestamp: datetime | None = Field(None, description="when; now where absent")
    value: float | None = Field(
        None, ge=0, le=1e9, allow_inf_nan=False, description="stars of a rating, or price paid"
    )
    quantity: float | None = Field(None, gt=0, le=1e9, allow_inf_nan=False)
    event_id: Annotated[str, Field(min_length=1, max_length=128, pattern="^[!-~]+$")] | None = (
        Field(None, description="the shop's own; an event sent again with it counts once")
    )
    impression_id: str | None = Field(
        None, description="of the answer whose list led to it; the event is due to that list"
    )

    @model_validator(mode="after")
    def _consistent(self) -> EventIn:
        if (self.user_id is None) == (self.session_id is None):
            raise ValueError("give either user_id or session_id")
        if self.event == "rating" and self.value is None:
            raise ValueError("a rating needs its value, in stars")
        return self

    def at_us(self, now_us: int) -> int:
        """When it happened, in microseconds since 1970 UTC.

        Raises:
            ValueError: that is in the future, or before anything could have been sold here.
        """
        if self.timestamp is None:
            return now_us
        moment = self.timestamp
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        at_us = math.floor(moment.timestamp() * 1e6)
        if at_us > now_us + 300_000_000:
            raise ValueError("timestamp lies in the future; send times with their zone, or in UTC")
        if moment < _FIRST:
            raise ValueError("timestamp lies before 1990; send ISO 8601 or seconds since 1970")
        return at_us


class EventsIn(_Wire):
    """A batch of events. Each row is checked by itself; good ones count though others are bad."""

    events: list[dict[str, Any]] = Field(
        min_length=1,
        description="rows as in the schema EventIn",
        examples=[
            [
                {"user_id": "u0184", "product_id": "KD-0101", "event": "view"},
                {
                    "session_id": "s-9",
                    "product_id": "KD-0102",
                    "event": "purchase",
                    "value": 14.5,
                    "event_id": "order-17-1",
                    "impression_id": "AWsHr3ZD3EPXVhlU0wIAAIle6aWUz-bZILl8",
                },
            ]
        ],
    )


class EventResult(_Wire):
    """What became of one row."""

    index: int
    status: Literal["accepted", "duplicate", "rejected"]
    known_product: bool | None = Field(
        None, description="false: counts once a snapshot has the product; null: rejected"
    )
    attributed: bool | None = Field(
        None, description="whether it is due to the list of its impression_id; null: none was sent"
    )
    note: str | None = Field(None, description="why it is not, though it is kept")
    errors: list[dict[str, str]] = []


class EventsOut(_Wire):
    """What became of a batch. Accepted events are on the disk."""

    accepted: int
    duplicates: int
    rejected: int
    results: list[EventResult]


class MergeIn(_Wire):
    """Whose a session is."""

    user_id: ShopId


class MergeOut(_Wire):
    """A session that counts as a user's from now on."""

    merged: bool
    events: int = Field(description="how many events the session has so far")


class ExportedEvent(_Wire):
    """One event that is kept of a user."""

    product_id: str
    event: str
    at: datetime | None
    received: datetime | None = None
    value: float | None = None
    quantity: float | None = None
    event_id: str | None = None
    surface: str | None = Field(None, description="place of the list it is due to")
    experiment: str | None = None
    arm: str | None = None
    source: Literal["log", "session", "snapshot"]


class ExportedExposure(_Wire):
    """That a user was shown a list of an experiment."""

    experiment: str
    arm: str
    at: datetime = Field(description="when first")
    source: Literal["log", "session"]


class ExportOut(_Wire):
    """All that is kept of a user."""

    user_id: str
    pseudonym: str = Field(description="under which they stand in graph and log")
    snapshot: str
    sessions: int = Field(description="sessions merged into the user")
    events: list[ExportedEvent]
    exposures: list[ExportedExposure] = Field(description="experiments they met")


class ErasureOut(_Wire):
    """What was erased, what was done about the model, and what is left to do."""

    erased_events: int
    erased_sessions: int
    erased_exposures: int
    in_snapshot: bool = Field(description="whether the served snapshot still holds their events")
    head: Literal["untouched", "downdated", "marked_for_next_build"] = Field(
        description="untouched: the model never saw the user; downdated: it answers as if it never "
        "had; marked_for_next_build: their co-purchases count, without their name, until the next "
        "build leaves them out"
    )
    detail: str


class RuleIn(_Wire):
    """A rule of the shop."""

    action: Literal["pin", "boost", "bury", "exclude"]
    target: Term = Field(
        description="a product (product:KD-0101) or anything products carry (brand:acme)",
        examples=["brand:acme"],
    )
    amount: float | None = Field(
        None,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="boost: factor above 1; bury: below 1; pin: place from 1",
    )
    starts: datetime | None = Field(None, description="valid from then on")
    ends: datetime | None = Field(None, description="valid before then")
    note: str = Field("", max_length=500, pattern=r"^[^\x00]*$")

    @model_validator(mode="after")
    def _consistent(self) -> RuleIn:
        amount = self.amount
        if self.action == "boost" and (amount is None or amount <= 1):
            raise ValueError("a boost needs an amount above 1")
        if self.action == "bury" and (amount is None or amount >= 1):
            raise ValueError("a bury needs an amount below 1")
        if self.action == "pin" and (amount is None or amount != int(amount)):
            raise ValueError("a pin needs a whole place as its amount, from 1")
        if self.action == "pin" and not self.target.startswith("product:"):
            raise ValueError("a pin needs a product as its target, e.g. product:KD-0101")
        if self.action == "exclude" and amount is not None:
            raise ValueError("an exclusion has no amount")
        for moment in (self.starts, self.ends):
            if moment is not None and moment.tzinfo is None:
                raise ValueError("give starts and ends with their time zone, e.g. …T00:00:00Z")
        if self.starts is not None and self.ends is not None and self.starts >= self.ends:
            raise ValueError("starts must lie before ends")
        return self


class RuleOut(RuleIn):
    """A rule that is kept."""

    id: str
    valid_now: bool


class RulesOut(_Wire):
    """All rules."""

    rules: list[RuleOut]


class QueryIn(_Wire):
    """A query that only reads."""

    query: str = Field(min_length=1, max_length=20_000)
    params: dict[str, Any] = Field({}, description="of Cypher")
    limit: int | None = Field(
        None, ge=1, le=100_000, description="most rows; as many as the service allows where absent"
    )
    timeout_s: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="most seconds; all that are allowed if absent"
    )


class QueryOut(_Wire):
    """Rows of a query."""

    columns: list[str]
    rows: list[list[Any]]
    truncated: bool = Field(description="the limit cut rows off")
    seconds: float
    missing: list[str] = Field(
        description="where there are no rows: what the query names and the graph does not hold"
    )


class Live(_Wire):
    """That the process answers."""

    status: Literal["live"]


class Ready(_Wire):
    """Whether requests can be answered now: a model is loaded, the database answers."""

    status: Literal["ready"]
    snapshot: str
