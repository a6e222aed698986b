"""Learning: text vectors, the graph neural network, the fusion head, scores, explanations."""
