"""What all text encoders share: rows of unit length, hashes of settings."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["digest", "unit_rows"]


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to length one, float32 of the same shape; zero rows stay zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), dtype=np.float32)


def digest(*parts: str) -> str:
    """Hash of some strings in their order (hex, 32 characters)."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
