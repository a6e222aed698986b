"""Sampled walks: all neighbours give the whole graph's vectors, some give them in the mean."""

import numpy as np
import pytest
import torch
from torch_geometric.data import HeteroData

from gnn.gnn_config import GnnConfig
from gnn.model import LinearHeteroGNN, Silence
from gnn.propagation import propagation
from gnn.sampling import NeighbourSampler

PRODUCTS, USERS, BRANDS = 60, 90, 5


def shop() -> HeteroData:
    """Products with a handful of brands, hubs all of them, and users of very different zeal."""
    rng = np.random.default_rng(0)
    data = HeteroData()
    for label, size in (("Product", PRODUCTS), ("Brand", BRANDS), ("User", USERS)):
        data[label].num_nodes = size
    for label in ("Product", "Brand"):
        x = rng.normal(size=(data[label].num_nodes, 7)).astype(np.float32)
        data[label].x = torch.from_numpy(x)
    bought = rng.random((USERS, PRODUCTS)) < rng.random(USERS)[:, None] ** 3
    branded = np.eye(BRANDS, dtype=bool)[rng.integers(0, BRANDS, PRODUCTS - 1)]
    also = rng.random((PRODUCTS, PRODUCTS)) < 0.1
    for key, matrix in (
        (("User", "BOUGHT", "Product"), bought),
        (("Product", "HAS_BRAND", "Brand"), branded),
        (("Product", "ALSO_BOUGHT", "Product"), also),
    ):
        edges = np.stack(matrix.nonzero())
        data[key].edge_index = torch.from_numpy(edges)
        data[key].edge_weight = torch.from_numpy(rng.uniform(0.5, 1, edges.shape[1])).float()
    return data


def network(layers: int) -> LinearHeteroGNN:
    data = shop()
    config = GnnConfig(dim=6, layers=layers)
    model = LinearHeteroGNN(
        data, propagation(data, cached=False), config, torch.Generator().manual_seed(2)
    )
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def silence() -> Silence:
    """Every third user and every fourth product."""
    return Silence((torch.arange(USERS) % 3 > 0).float(), (torch.arange(PRODUCTS) % 4 > 0).float())


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("fanout", [None, 1000])
def test_all_neighbours_give_the_whole_graphs_vectors(layers: int, fanout: int | None) -> None:
    model = network(layers)
    products = np.array([0, 3, 17, 58, 59])
    sampler = NeighbourSampler(model.graph, model.relations, fanout)
    walk = sampler.walk(products, np.random.default_rng(0))
    torch.testing.assert_close(model(walk), model()[products])
    torch.testing.assert_close(model(walk, silence()), model(silence=silence())[products])
    np.testing.assert_allclose(
        model.vectors()[products],
        torch.nn.functional.normalize(model(walk), dim=1).detach().numpy(),
        atol=1e-6,
    )


def test_gradients_are_those_of_the_whole_graph() -> None:
    model = network(2)
    products = np.arange(0, PRODUCTS, 2)
    walk = NeighbourSampler(model.graph, model.relations, None).walk(
        products, np.random.default_rng(0)
    )
    (model(walk) ** 2).sum().backward()
    sampled = {name: value.grad.clone() for name, value in model.named_parameters()}
    model.zero_grad()
    model.graph = propagation(shop())
    (model()[products] ** 2).sum().backward()
    for name, value in model.named_parameters():
        torch.testing.assert_close(sampled[name], value.grad, rtol=1e-4, atol=1e-3, msg=name)


def test_some_neighbours_give_them_in_the_mean() -> None:
    model = network(2)
    sampler = NeighbourSampler(model.graph, model.relations, 4)
    products = np.arange(PRODUCTS)
    rng = np.random.default_rng(1)
    with torch.no_grad():
        whole = model()
        draws = torch.stack([model(sampler.walk(products, rng)) for _ in range(600)])
    error = (draws.mean(0) - whole) / (draws.std(0) / len(draws) ** 0.5 + 1e-9)
    assert draws.std(0).mean() > 0.1  # a draw alone is another matter
    assert error.abs().mean() < 1.2  # 0.8 expected of a normal deviate
    assert error.abs().max() < 6


def test_no_node_hears_more_than_the_fanout() -> None:
    model = network(2)
    walk = NeighbourSampler(model.graph, model.relations, 3).walk(
        np.arange(PRODUCTS), np.random.default_rng(0)
    )
    heard = 0
    for step in walk.steps:
        for key, index in step.adj_t.items():
            rows, columns = index.as_tensor().numpy()
            assert np.bincount(rows).max() <= 3, key
            assert len({*zip(rows.tolist(), columns.tolist(), strict=True)}) == len(rows)
            heard += len(rows)
    assert heard > PRODUCTS


def test_same_seed_same_walk() -> None:
    model = network(2)
    sampler = NeighbourSampler(model.graph, model.relations, 2)
    products = np.array([1, 5, 9])
    one, same, other = (sampler.walk(products, np.random.default_rng(seed)) for seed in (3, 3, 4))
    torch.testing.assert_close(model(one), model(same), rtol=0, atol=0)
    assert not torch.equal(model(one), model(other))


def test_products_of_no_relation_keep_their_input() -> None:
    data = shop()
    for _, store in data.edge_items():
        store.edge_index, store.edge_weight = store.edge_index[:, :0], store.edge_weight[:0]
    model = LinearHeteroGNN(
        data, propagation(data), GnnConfig(dim=6), torch.Generator().manual_seed(0)
    )
    walk = NeighbourSampler(model.graph, model.relations, 2).walk(
        np.array([2, 4]), np.random.default_rng(0)
    )
    torch.testing.assert_close(model(walk), model()[[2, 4]])
