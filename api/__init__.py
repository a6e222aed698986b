"""HTTP API, pages and the ``clew`` command."""

from api.app import create_app

__all__ = ["create_app"]
