"""What goes over the wire about feedback."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from api.schemas import ProductId, Term
from api.schemas_events import ShopId

__all__ = ["FeedbackIn", "FeedbackOut"]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _one_of(*names: str) -> JsonDict:
    return {"oneOf": [{"required": [n], "properties": {n: {"type": "string"}}} for n in names]}


class FeedbackIn(_Wire):
    """What a shopper says of a reason."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"user_id": "u0184", "not_term": "colour:red"},
                {"user_id": "u0184", "not_because": "KD-0101"},
            ],
            "allOf": [_one_of("user_id", "session_id"), _one_of("not_term", "not_because")],
        }
    )

    user_id: ShopId | None = Field(None, description="the shop's own id; this or session_id")
    session_id: ShopId | None = Field(None, description="of someone who is not logged in")
    not_term: Term | None = Field(
        None, description="recommend nothing that carries this: a brand, a concept, a category"
    )
    not_because: ProductId | None = Field(
        None, description="recommend nothing because of this product"
    )
    undo: bool = Field(False, description="take back what was said of it")

    @model_validator(mode="after")
    def _consistent(self) -> FeedbackIn:
        if (self.user_id is None) == (self.session_id is None):
            raise ValueError("give either user_id or session_id")
        if (self.not_term is None) == (self.not_because is None):
            raise ValueError("give either not_term or not_because")
        return self


class FeedbackOut(_Wire):
    """What holds from the next recommendation on."""

    heeded: bool
