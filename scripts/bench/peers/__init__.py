"""Clew beside its peers: same data, same split, same evaluator. See docs/benchmarks.md."""

__all__: list[str] = []
