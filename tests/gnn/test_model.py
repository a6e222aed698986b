"""The network is linear, sees every relation, and does not care how nodes are numbered."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from gnn.gnn_config import GnnConfig
from gnn.model import LinearHeteroGNN, RelationConv, Silence
from gnn.propagation import propagation
from kg.errors import ModelError

WIDTH = 5
EDGES = {
    ("Product", "HAS_BRAND", "Brand"): [(0, 0), (1, 0), (2, 1), (3, 1)],
    ("User", "BOUGHT", "Product"): [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)],
    ("Product", "ALSO_BOUGHT", "Product"): [(0, 3), (2, 0)],
    ("Product", "ALSO_BOUGHT", "ProductReference"): [(1, 0), (3, 0), (3, 1)],
    ("Brand", "BROADER", "Brand"): [(0, 1)],
}
SIZES = {"Brand": 2, "Product": 5, "ProductReference": 2, "User": 3}


def world(sizes: dict[str, int] | None = None) -> HeteroData:
    generator = torch.Generator().manual_seed(1)
    data = HeteroData()
    for label, size in (sizes or SIZES).items():
        data[label].num_nodes = size
    for label in ("Product", "Brand"):
        data[label].x = torch.randn(data[label].num_nodes, WIDTH, generator=generator)
    for key, pairs in EDGES.items():
        data[key].edge_index = torch.tensor(pairs).T.contiguous()
        data[key].edge_weight = torch.linspace(0.5, 1, len(pairs))
    return data


def network(data: HeteroData, **settings: object) -> LinearHeteroGNN:
    config = GnnConfig.model_validate({"dim": 4, **settings})
    graph = propagation(data, through_references=True)
    return LinearHeteroGNN(data, graph, config, torch.Generator().manual_seed(0))


def randomised(model: LinearHeteroGNN) -> LinearHeteroGNN:
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def dense(data: HeteroData, key: tuple[str, str, str]) -> Tensor:
    """Symmetrically normalised adjacency, worked out the slow way: subjects × objects."""
    matrix = torch.zeros(data[key[0]].num_nodes, data[key[2]].num_nodes)
    for (row, column), weight in zip(EDGES[key], data[key].edge_weight, strict=True):
        if key[2] == "ProductReference" and column == 1:
            continue  # named by one product only
        matrix[row, column] = weight
    rows, columns = matrix.sum(1, keepdim=True).sqrt(), matrix.sum(0, keepdim=True).sqrt()
    return torch.nan_to_num(matrix / (rows * columns))


def test_one_relation_by_hand() -> None:
    data = world()
    graph = propagation(data)
    key = ("Product", "HAS_BRAND", "Brand")
    conv = RelationConv()
    with torch.no_grad():
        conv.weight.fill_(2.0)
    x = torch.arange(10.0).reshape(5, 2)
    expected = 2 * dense(data, key).T @ x
    torch.testing.assert_close(conv(x, graph.adj_t[key], graph.edge_weight[key]), expected)
    back = ("Brand", "rev_HAS_BRAND", "Product")
    y = torch.arange(4.0).reshape(2, 2)
    torch.testing.assert_close(
        conv((y, None), graph.adj_t[back], graph.edge_weight[back]), 2 * dense(data, key) @ y
    )


def test_both_layers_by_hand() -> None:
    data = world()
    model = randomised(network(data))
    first, second = model.relation_weights()
    hidden = {label: tensor.detach() for label, tensor in model.inputs().items()}
    expected = model.readout[0].detach() * hidden["Product"]
    for weights, share in ((first, model.readout[1]), (second, model.readout[2])):
        reached: dict[str, Tensor] = {}
        for head, name, tail in EDGES:
            matrix = dense(data, (head, name, tail))
            ways = ((head, name, tail, matrix.T), (tail, f"rev_{name}", head, matrix))
            for source, way, target, along in ways:
                weight = weights.get(f"{source} {way} {target}")
                if weight is not None and source in hidden:
                    message = weight * along @ hidden[source]
                    reached[target] = reached.get(target, torch.zeros(())) + message
        hidden = reached
        expected = expected + share.detach() * hidden["Product"]
    torch.testing.assert_close(model().detach(), expected)


def test_only_what_reaches_a_product_is_walked() -> None:
    first, second = network(world()).relation_weights()
    assert {key.split()[2] for key in second} == {"Product"}
    assert "User BOUGHT Product" in second
    assert "User BOUGHT Product" not in first  # a user has said nothing yet
    assert "Product rev_BOUGHT User" in first
    assert "Product rev_BOUGHT User" not in second


def test_products_outside_the_catalogue_are_walked_through_if_asked() -> None:
    key = ("Product", "ALSO_BOUGHT", "ProductReference")
    assert key not in propagation(world()).adj_t
    adj_t = propagation(world(), through_references=True).adj_t[key]
    assert adj_t.tolist() == [[0, 0], [1, 3]]  # only product 3 names reference 1


def test_input_of_the_products_is_text_and_what_is_free() -> None:
    model = randomised(network(world()))
    hidden = model.inputs()
    projected = world()["Product"].x @ model.projection
    free = model.free * torch.tensor([[1.0], [1], [1], [0], [0]])  # 3 and 4 nobody met
    torch.testing.assert_close(hidden["Product"], projected + free)
    assert hidden.keys() == {"Product", "Brand"}


def test_propagation_is_additive_over_its_sources() -> None:
    model = randomised(network(world()))
    hidden = model.inputs()
    parts = torch.zeros(5, 4)
    for label, vectors in hidden.items():
        for node in range(len(vectors)):
            alone = {other: torch.zeros_like(tensor) for other, tensor in hidden.items()}
            alone[label][node] = vectors[node]
            parts = parts + model.propagate(alone)
    torch.testing.assert_close(parts, model())


def test_gradient_reaches_every_parameter() -> None:
    model = network(world(), layers=3)
    (model() ** 2).sum().backward()
    names = dict(model.named_parameters())
    assert sum("rev_BOUGHT" in name for name in names) == 2
    for name, parameter in names.items():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_gradients_are_those_of_finite_differences() -> None:
    model = randomised(network(world())).double()
    data = world()
    model.features = {label: data[label].x.double() for label in ("Product", "Brand")}
    weights = {key: value.double() for key, value in model.graph.edge_weight.items()}
    object.__setattr__(model.graph, "edge_weight", weights)
    hidden = {label: tensor.detach() for label, tensor in model.inputs().items()}
    for label, tensor in hidden.items():
        assert torch.autograd.gradcheck(
            lambda x, label=label: model.propagate({**hidden, label: x}),
            tensor.clone().requires_grad_(),
        )


@pytest.mark.parametrize("label", ["Product", "Brand", "User", "ProductReference"])
def test_renumbering_nodes_renumbers_products_and_no_more(label: str) -> None:
    data = world()
    order = torch.randperm(SIZES[label], generator=torch.Generator().manual_seed(3))
    place = torch.argsort(order)  # new number of each old node
    moved = world()
    for head, name, tail in EDGES:
        edges = moved[head, name, tail].edge_index
        for end, end_label in enumerate((head, tail)):
            if end_label == label:
                edges[end] = place[edges[end]]
    if "x" in data[label]:
        moved[label].x = data[label].x[order]
    one, other = randomised(network(data)), randomised(network(moved))
    if label == "Product":
        with torch.no_grad():
            other.free.copy_(one.free[order])
    expected = one()[order] if label == "Product" else one()
    torch.testing.assert_close(other(), expected)


def test_order_of_edges_changes_nothing() -> None:
    mixed = world()
    for key, pairs in EDGES.items():
        order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(3))
        mixed[key].edge_index = mixed[key].edge_index[:, order]
        mixed[key].edge_weight = mixed[key].edge_weight[order]
    torch.testing.assert_close(network(mixed)(), network(world())(), rtol=0, atol=1e-6)


def test_a_user_left_out_links_nothing() -> None:
    model = randomised(network(world()))
    without = world()
    kept = without["User", "BOUGHT", "Product"].edge_index[0] != 1
    # The same normalisation as with the user there, so edges are taken out after it.
    graph = propagation(world(), through_references=True)
    for key in (("User", "BOUGHT", "Product"), ("Product", "rev_BOUGHT", "User")):
        user = graph.adj_t[key].as_tensor()[1 if key[0] == "User" else 0]
        graph.edge_weight[key][user == 1] = 0
    assert kept.sum() == 3
    other = randomised(network(world()))
    other.graph = graph
    torch.testing.assert_close(
        model(silence=Silence(torch.tensor([1.0, 0, 1]), torch.ones(5))), other()
    )


def test_no_edges_leave_the_text() -> None:
    data = HeteroData()
    data["Product"].num_nodes, data["User"].num_nodes = 2, 0
    data["Product"].x = torch.eye(2)
    model = randomised(network(data))
    torch.testing.assert_close(model(), model.readout[0] * model.projection)


def test_no_free_vectors_and_no_text() -> None:
    data = HeteroData()
    data["Product"].num_nodes = 2
    with pytest.raises(ModelError, match="neither text vectors nor free vectors"):
        network(data, free_std=0)
    assert network(data)().shape == (2, 4)


def test_text_vectors_of_two_encoders_are_refused() -> None:
    data = world()
    data["Brand"].x = torch.ones(2, 3)
    with pytest.raises(ModelError, match=r"several widths \[3, 5\]"):
        network(data)


def test_same_seed_same_start() -> None:
    one, other = network(world()), network(world())
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    np.testing.assert_array_equal(one().detach().numpy(), other().detach().numpy())
