"""The OpenAPI document as this service is set: its own limits, its own need of keys.

In: the application and its settings. Out: the document a client may rely on: what it allows is
accepted, what the service refuses it does not allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from api.settings import Settings
from kg.extract.languages import languages

__all__ = ["describe"]


def describe(app: FastAPI, settings: Settings, surfaces: Sequence[str]) -> None:
    """Write the settings' limits into the document the application hands out."""
    document = app.openapi()  # made once and kept by the application
    schemas = document["components"]["schemas"]
    for request in ("RecommendRequest", "SearchRequest"):
        schemas[request]["properties"]["k"]["maximum"] = settings.max_k
        schemas[request]["properties"]["history"]["maxItems"] = settings.max_history
    places = {"type": "string", "enum": list(surfaces)}
    schemas["RecommendRequest"]["properties"]["surface"]["anyOf"][0] = places
    schemas["EventsIn"]["properties"]["events"]["maxItems"] = settings.max_events
    asked = schemas["QueryIn"]["properties"]
    asked["limit"]["anyOf"][0]["maximum"] = settings.query_rows
    asked["timeout_s"]["anyOf"][0]["maximum"] = settings.query_timeout_s
    for product in ("ProductIn", "ProductPart"):
        properties = schemas[product]["properties"]
        properties["language"]["enum"] = [*languages(), None]
        properties["translations"]["propertyNames"] = {"enum": list(languages())}
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "k":
                parameter["schema"]["maximum"] = settings.max_k
            if parameter["name"] == "surface":
                parameter["schema"] = places
        if not settings.keys_required:
            operation.pop("security", None)
    if not settings.keys_required:
        document["components"].pop("securitySchemes", None)


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]
