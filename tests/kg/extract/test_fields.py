import pytest

from kg.extract.fields import FieldText, field_setting, field_text, field_texts
from kg.records import Text
from tests.worlds import product

SHOWN = product(
    "1",
    "Mug",
    description="A mug.",
    categories=("Kitchen", "Mugs"),
    attributes={"Base Colour": ("red", "pink"), "size": ("L",)},
    translations={"zh": Text("马克杯", "")},
)


def test_only_what_is_wanted_and_not_empty_is_given():
    wanted = {"title", "description", "categories", "attributes.base-colour"}
    assert list(field_texts(SHOWN, wanted)) == [
        FieldText("title", "title", "en", "Mug"),
        FieldText("description", "description", "en", "A mug."),
        FieldText("title@zh", "title", "zh", "马克杯"),
        FieldText("categories", "categories", "en", "Kitchen | Mugs"),
        FieldText("attributes.Base Colour", "attributes.base-colour", "en", "red | pink"),
    ]


def test_field_text_gives_each_of_them_back():
    for text in field_texts(SHOWN, {"title", "categories", "attributes.base-colour"}):
        assert field_text(SHOWN, text.field) == text.text


def test_settings_are_compared_by_slug():
    assert field_setting("attributes.base_colour") == field_setting("attributes.Base Colour")
    assert field_setting("title") == "title"


@pytest.mark.parametrize("field", ["price", "title@fr", "attributes.weight"])
def test_a_field_that_is_not_there_is_a_key_error(field):
    with pytest.raises(KeyError, match=field.split("@")[-1].split(".")[-1]):
        field_text(SHOWN, field)
