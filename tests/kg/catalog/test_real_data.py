"""The real datasets, counted: nothing is lost and nothing refused that should not be."""

import pytest

from kg.catalog import profile, read_dataset


@pytest.fixture(scope="module")
def read(real_data):
    def _read(name):
        if not (real_data / name).is_dir():
            pytest.skip(f"no {name} in {real_data}; its README says where the data come from")
        return read_dataset(real_data / name)

    return _read


def kept(dataset):
    return len(dataset.products) + dataset.interactions.num_rows + dataset.triples.num_rows


def test_amazon_scientific(read):
    dataset = read("amazon-scientific")
    found = profile(dataset)
    assert found.products.count == 4_385
    assert found.interactions.count == 59_384
    assert found.interactions.users == 8_442
    assert found.interactions.splits == {"train": 42_500, "test": 8_442, "valid": 8_442}
    assert found.interactions.products == 4_385
    assert not dataset.rejects
    assert not dataset.ignored


def test_amazon_beauty(read):
    dataset = read("amazon-beauty")
    found = profile(dataset)
    assert found.products.count == 12_101
    assert found.products.untitled == 7  # they have categories, and so are kept
    assert found.interactions.count == 198_502
    assert found.interactions.users == 22_363
    assert found.interactions.splits == {"train": 149_844, "test": 48_658}
    assert found.triples.predicates == {
        "also_bought": 891_182,
        "also_viewed": 155_350,
        "bought_together": 9_021,
    }
    assert found.triples.subjects_outside == 0
    assert not dataset.rejects
    assert dataset.ignored == {"interactions.parquet": ("seconds_since_first",)}


def test_online_retail(read):
    dataset = read("online-retail")
    found = profile(dataset)
    assert sum(dataset.rows.values()) == 541_909
    assert found.interactions.count + found.rejects.count == 541_909
    assert found.rejects.unexpected == {}
    assert found.rejects.expected == {
        "anonymous sale": 131_388,
        "cancelled order": 9_288,
        "stray code": 2_491,
        "stock adjustment": 1_324,
        "zero price": 1_160,
    }
    assert found.interactions.count == 396_258
    assert found.interactions.users == 4_334
    assert found.products.count == found.products.priced == 3_790
    assert (found.interactions.first, found.interactions.last) == (
        "2010-12-01T08:26:00",
        "2011-12-09T12:50:00",
    )


def test_online_retail_titles_are_of_products(read):
    by_id = {product.id: product for product in read("online-retail").products}
    assert by_id["85123A"].title == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert by_id["82001S"].title == "VINYL RECORD FRAME SILVER"  # its codes differ in case
    assert "85123a" not in by_id
    titles = {product.title.casefold() for product in by_id.values()}
    assert not titles & {"check", "damaged", "damages", "found", "?", "", "amazon", "adjustment"}
