"""Figures of a dataset small enough to count by hand."""

import json
from dataclasses import FrozenInstanceError

import pytest

from kg.catalog import profile, read_dataset
from kg.catalog.profile import Quantiles


@pytest.fixture
def dataset(write, tmp_path):
    products = [
        {"id": "1", "title": "Mug", "price": 2, "brand": "Hare", "categories": ["A", "B"]},
        {"id": "2", "title": "MUG", "price": 4, "brand": "Hare", "description": "x", "stock": 1},
        {"id": "3", "title": "杯", "language": "zh", "translations": {"en": {"title": "Cup"}}},
        {"id": "4", "brand": "Fox", "image": "i", "attributes": {"colour": "red"}, "ean": 9},
        {"id": "5"},
    ]
    write("products.jsonl", products)
    write(
        "interactions.csv",
        "user_id,product_id,event,timestamp,split\n"
        "a,1,view,2011-12-01,train\na,1,purchase,2011-12-02,train\na,2,view,2011-12-03,train\n"
        "b,1,view,2011-12-04,test\nb,9,view,2011-12-05,test\n",
    )
    write("triples.csv", "subject,predicate,object\n1,also_bought,2\n1,also_bought,9\n9,sequel,1\n")
    write("dataset.toml", 'name = "tiny"\nlicence = "CC0-1.0"\ncurrency = "GBP"\n')
    return read_dataset(tmp_path, max_reject_share=0.5)


def test_products(dataset):
    found = profile(dataset).products
    assert (found.count, found.untitled, found.duplicate_titles) == (4, 1, 2)
    assert (found.described, found.branded, found.priced, found.categorised) == (1, 3, 2, 1)
    assert (found.with_attributes, found.with_stock, found.with_image) == (1, 1, 1)
    assert found.languages == {"en": 3, "zh": 1}
    assert found.translations == {"en": 1}
    assert found.currencies == {"GBP": 2}
    assert (found.brands, found.categories) == (2, 2)
    assert (found.price.least, found.price.median, found.price.most) == (2, 3, 4)


def test_interactions(dataset):
    found = profile(dataset).interactions
    assert (found.count, found.users, found.products, found.pairs) == (4, 2, 2, 3)
    assert found.events == {"view": 3, "purchase": 1}
    assert found.splits == {"train": 3, "test": 1}
    assert (found.first, found.last) == ("2011-12-01T00:00:00", "2011-12-04T00:00:00")
    assert found.density == 3 / 8
    assert found.sparsity == 5 / 8
    assert (found.per_user.least, found.per_user.mean, found.per_user.most) == (1, 2, 3)
    assert (found.per_product.least, found.per_product.most) == (1, 3)


def test_triples_rejects_and_the_rest(dataset):
    found = profile(dataset)
    assert found.triples.predicates == {"also_bought": 2, "sequel": 1}
    assert (found.triples.subjects_outside, found.triples.objects_outside) == (1, 1)
    assert found.rejects.unexpected == {"missing title": 1, "unknown product": 1}
    assert (found.rejects.expected, found.rejects.count) == ({}, 2)
    assert found.ignored == {"products.jsonl": ("ean",)}
    assert (found.name, found.format, found.licence) == ("tiny", "clew", "CC0-1.0")
    assert found.fingerprint == dataset.fingerprint


def test_as_json(dataset):
    plain = json.loads(json.dumps(profile(dataset).to_dict()))
    assert plain["interactions"]["sparsity"] == 5 / 8
    assert plain["products"]["price"]["median"] == 3
    assert plain["rows"] == {"products.jsonl": 5, "interactions.csv": 5, "triples.csv": 3}


def test_of_a_catalogue_alone(write, tmp_path):
    write("products.jsonl", [{"id": 1, "title": "Mug"}])
    found = profile(read_dataset(tmp_path)).interactions
    assert (found.count, found.density, found.first) == (0, 0.0, None)
    assert found.per_user == Quantiles()


def test_quantiles():
    assert Quantiles.of(range(101)) == Quantiles(50, 0, 25, 50, 75, 90, 99, 100)
    assert Quantiles.of([]) == Quantiles(0, 0, 0, 0, 0, 0, 0, 0)


def test_frozen(dataset):
    with pytest.raises(FrozenInstanceError):
        profile(dataset).name = "other"
