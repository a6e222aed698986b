"""How the service is run: from the environment (``CLEW_*``), files of secrets, or the command line.

A secret comes from its variable, or from a file of that name in lower case
(``clew_database_url``) in ``CLEW_SECRETS_DIR``, as container platforms mount them; it is never an
argument, and never printed.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from kg.errors import StoreError

__all__ = ["Settings", "export", "is_loopback"]


class Settings(BaseSettings):
    """Settings of the HTTP service; a mistyped ``CLEW_`` variable is reported by ``clew serve``."""

    model_config = SettingsConfigDict(
        env_prefix="CLEW_",
        frozen=True,
        extra="forbid",
        secrets_dir=os.environ.get("CLEW_SECRETS_DIR"),
    )

    store: Path = Field(description="directory of the snapshots")
    host: str = Field("127.0.0.1", description="address to listen on; only this machine by default")
    port: int = Field(8000, ge=0, le=65535)
    workers: int = Field(1, ge=1, le=64, description="processes that answer")
    max_k: int = Field(100, ge=1, le=1000, description="most products one answer may hold")
    max_history: int = Field(
        1000, ge=1, le=100_000, description="most products one history may hold"
    )
    max_events: int = Field(1000, ge=1, le=100_000, description="most events one request may hold")
    max_body_bytes: int = Field(1_000_000, ge=1_000, description="largest request body")
    body_timeout_s: float = Field(10.0, gt=0, description="how long a body may take to come in")
    min_buyers: int = Field(
        5, ge=2, description="a co-purchase is told only if at least so many others made it"
    )
    threads: int = Field(
        2, ge=1, description="requests computed at once by each worker; more only take turns"
    )
    kept_answers: int = Field(
        1000, ge=0, description="lists kept for a minute, for who asks the same; 0: none"
    )
    refresh_s: float = Field(2.0, gt=0, description="how often to look for a new snapshot")
    warm_search: bool = Field(
        False, description="make the index of search when a snapshot is loaded, not at first use"
    )
    database_url: SecretStr | None = Field(
        None, description="of events, keys and rules; by default service.sqlite in the store"
    )
    tenant: str = Field(
        "default",
        pattern="^[a-z0-9_-]{1,64}$",
        description="whose rows of the database this service reads and writes",
    )
    keys: Literal["auto", "required", "off"] = Field(
        "auto", description="API keys; auto: required unless only this machine can connect"
    )
    rate_per_minute: int = Field(
        6000, ge=1, description="requests a key, or an address without one, may make per minute"
    )
    guesses_per_minute: int = Field(
        30, ge=1, description="requests without a valid key an address may make per minute"
    )
    cors_origins: tuple[str, ...] = Field((), description="pages of these origins may call the API")
    query_timeout_s: float = Field(10.0, gt=0, le=300, description="longest analyst's query")
    query_rows: int = Field(10_000, ge=1, description="most rows of an analyst's query")
    erasure: Literal["mark", "downdate"] = Field(
        "mark",
        description="mark: the model forgets an erased user at the next build; downdate: at once, "
        "where that can be done, at the cost of a private copy of the model in each worker",
    )
    surfaces: Path | None = Field(
        None, description="TOML file: places in the shop and their defaults (api/surfaces.py)"
    )
    experiments: Path | None = Field(
        None, description="TOML file: experiments and their arms (api/experiments.py)"
    )
    attribution_days: float = Field(
        30.0, gt=0, le=3650, description="how long after a list was shown an event is due to it"
    )
    retention_days: float | None = Field(
        None,
        gt=0,
        description="events and exposures older than this are removed hourly; None: none are",
    )
    otlp_endpoint: str | None = Field(
        None,
        pattern="^https?://",
        description="OpenTelemetry collector that traces are sent to, e.g. http://localhost:4318; "
        "None: nothing is traced; needs clew[otel]",
    )
    shutdown_s: float = Field(10.0, gt=0, description="how long requests under way may still take")
    log_format: Literal["json", "text"] = Field("json", description="of the lines on stderr")

    @property
    def keys_required(self) -> bool:
        """Whether a request must bear an API key.

        Raises:
            StoreError: keys are off though other machines can connect.
        """
        open_to_others = not is_loopback(self.host)
        if self.keys == "off" and open_to_others:
            raise StoreError(
                f"keys are off (CLEW_KEYS=off) but {self.host} can be reached by other machines; "
                "listen on 127.0.0.1, or leave CLEW_KEYS at auto and make keys: clew keys create"
            )
        return self.keys == "required" or (self.keys == "auto" and open_to_others)


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def export(settings: Settings, **more: str) -> None:
    """Put settings, and ``more``, into the environment of the worker processes this one starts."""
    os.environ.update(more)
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if isinstance(value, tuple):
            value = "[" + ",".join(f'"{item}"' for item in value) + "]"
        if value is not None:
            os.environ[f"CLEW_{name.upper()}"] = str(value)
