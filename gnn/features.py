"""All channels side by side: the feature matrix whose Gram matrix the head is made of.

In: `Channel` coordinates and their weights. Out: one sparse matrix, products × entities, in which
column ``e`` of channel ``r`` is ``sqrt(w_r) * value * degree(e) ** -exponent``, so that
``F @ F.T = Σ_r w_r F_r F_rᵀ``. Alongside each stored number stands what the explanation needs:
how the product came to carry the entity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.channels import Channel

__all__ = ["Features", "fuse"]


@dataclass(frozen=True, slots=True)
class Features:
    """The fused feature matrix, compressed by rows, and what stands behind each number."""

    shape: tuple[int, int]  # products × columns
    indptr: NDArray[np.int64]  # (n + 1,)
    indices: NDArray[np.int64]  # (nnz,) column
    data: NDArray[np.float32]  # (nnz,)
    depth: NDArray[np.int8]  # (nnz,) see gnn.channels.Channel.depth
    confidence: NDArray[np.float32]  # (nnz,) of the fact behind it
    source: NDArray[np.int8]  # (nnz,) index in sources
    via: NDArray[np.int32]  # (nnz,) index in values: the product's own value; -1: itself
    values: Sequence[str]  # compact ids
    sources: tuple[str, ...]
    relations: tuple[str, ...]  # channel names
    channel: NDArray[np.int16]  # (columns,) index in relations
    entities: Sequence[str]  # (columns,) compact ids

    def matrix(self) -> csr_matrix:
        """The numbers alone, (n, columns) float32."""
        return csr_matrix((self.data, self.indices, self.indptr), shape=self.shape)


def fuse(
    channels: Sequence[Channel],
    num_products: int,
    *,
    weights: Mapping[str, float],
    degree_exponent: float,
    min_degree: int,
) -> Features:
    """Scale the channels and lay them side by side.

    Args:
        channels: sorted by relation.
        num_products: rows of the matrix.
        weights: relation -> ``w_r``; a channel with weight 0 is left out.
        degree_exponent: how much common entities are damped, [0, 1].
        min_degree: entities carried by fewer products are left out: what one product alone
            carries relates it to none.
    """
    used = [channel for channel in channels if weights[channel.relation] > 0]
    sources = tuple(sorted({name for channel in used for name in channel.source}))
    parts = [
        _columns(channel, weights[channel.relation], degree_exponent, min_degree, sources)
        for channel in used
    ]
    widths = [len(part.entities) for part in parts]
    offsets = np.cumsum([0, *widths])
    product = _joined([part.product for part in parts], np.int64)
    column = _joined(
        [part.column + offset for part, offset in zip(parts, offsets[:-1], strict=True)], np.int64
    )
    order = np.lexsort((column, product))
    values = sorted({name for channel in used for name in channel.entities})
    code = {name: at for at, name in enumerate(values)}
    via = [
        np.where(part.via >= 0, np.array([code[name] for name in channel.entities])[part.via], -1)
        for part, channel in zip(parts, used, strict=True)
    ]
    return Features(
        shape=(num_products, int(offsets[-1])),
        indptr=np.searchsorted(product[order], np.arange(num_products + 1)).astype(np.int64),
        indices=column[order],
        data=_joined([part.data for part in parts], np.float32)[order],
        depth=_joined([part.depth for part in parts], np.int8)[order],
        confidence=_joined([part.confidence for part in parts], np.float32)[order],
        source=_joined([part.source for part in parts], np.int8)[order],
        via=_joined(via, np.int32)[order],
        values=values,
        sources=sources,
        relations=tuple(channel.relation for channel in used),
        channel=np.repeat(np.arange(len(used)), widths).astype(np.int16),
        entities=tuple(name for part in parts for name in part.entities),
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    """One channel's scaled coordinates."""

    product: NDArray[np.int64]
    column: NDArray[np.int64]
    data: NDArray[np.float32]
    depth: NDArray[np.int8]
    confidence: NDArray[np.float32]
    source: NDArray[np.int8]
    via: NDArray[np.int64]
    entities: list[str]


def _columns(
    channel: Channel, weight: float, exponent: float, min_degree: int, sources: Sequence[str]
) -> _Columns:
    degree = np.bincount(channel.entity, minlength=len(channel.entities))
    kept = np.flatnonzero(degree >= min_degree)
    column = np.full(len(degree), -1, dtype=np.int64)
    column[kept] = np.arange(len(kept))
    here = column[channel.entity] >= 0
    scale = np.sqrt(weight) * np.maximum(degree, 1).astype(np.float64) ** -exponent
    code = np.array([sources.index(name) for name in channel.source], dtype=np.int8)
    return _Columns(
        product=channel.product[here],
        column=column[channel.entity[here]],
        data=(channel.value * scale[channel.entity])[here].astype(np.float32),
        depth=channel.depth[here],
        confidence=channel.confidence[here],
        source=code[channel.source_code[here]],
        via=channel.via[here],
        entities=[channel.entities[at] for at in kept],
    )


def _joined(parts: Sequence[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([*parts, np.zeros(0, dtype=dtype)]).astype(dtype)
