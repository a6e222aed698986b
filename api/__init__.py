"""HTTP API, pages and the ``clew`` command."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    """``create_app`` when it is asked for: the command line does without a web framework."""
    if name != "create_app":
        raise AttributeError(f"module 'api' has no attribute {name!r}")
    from api.app import create_app  # noqa: PLC0415

    return create_app
