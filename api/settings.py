"""How the service is run: from the environment (``CLEW_*``) or the command line."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """Settings of the HTTP service; a mistyped ``CLEW_`` variable is reported by ``clew serve``."""

    model_config = SettingsConfigDict(env_prefix="CLEW_", frozen=True, extra="forbid")

    store: Path = Field(description="directory of the snapshots")
    host: str = Field("127.0.0.1", description="address to listen on; only this machine by default")
    port: int = Field(8000, ge=0, le=65535)
    max_k: int = Field(100, ge=1, le=1000, description="most products one answer may hold")
    max_history: int = Field(
        1000, ge=1, le=100_000, description="most products one history may hold"
    )
    max_body_bytes: int = Field(1_000_000, ge=1_000, description="largest request body")
    min_buyers: int = Field(
        5, ge=2, description="a co-purchase is told only if at least so many others made it"
    )
    refresh_s: float = Field(2.0, gt=0, description="how often to look for a new snapshot")
