"""Learning: text vectors, the graph neural network, the fusion head, scores, explanations."""

__all__: list[str] = []
