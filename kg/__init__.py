"""The knowledge graph: catalogue and events in, facts out, as RDF, property graph and tables."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("clew")
