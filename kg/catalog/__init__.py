"""Datasets in: one reader per format, every bad row set aside with a reason.

``read_dataset(path)`` gives a `Dataset`: products as records, interactions and triples as Arrow
tables, rejects, and a fingerprint of the files. ``profile(dataset)`` tells it in figures.
"""

from kg.catalog.base import Dataset, Reader
from kg.catalog.meta import DatasetMeta
from kg.catalog.profile import DatasetProfile, profile
from kg.catalog.quarantine import write_rejects
from kg.catalog.read import READERS, read_dataset, sample_path

__all__ = [
    "READERS",
    "Dataset",
    "DatasetMeta",
    "DatasetProfile",
    "Reader",
    "profile",
    "read_dataset",
    "sample_path",
    "write_rejects",
]
