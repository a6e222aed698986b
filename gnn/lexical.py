"""The words products use, as vectors: what an encoder of meaning passes over.

In: a product table. Out: one vector a product, whose dot products say how many rare words two texts
share. TF-IDF, then latent semantic analysis (Deerwester et al. 1990) as a truncated SVD with a
fixed seed. Unlike an encoder's, these vectors mean something only within one catalogue.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from gnn.text import TextConfig, TextEncoder, product_texts
from gnn.vectors import unit_rows

__all__ = ["beside", "text_channel", "word_vectors"]

_WORD = r"(?u)\b\w+\b"
_COLUMNS = ["title", "brand", "categories", "description"]


def text_channel(
    products: pa.Table, encoder: TextEncoder, config: TextConfig
) -> NDArray[np.float32]:
    """What the head knows of the products' texts: what they mean, beside the words they use.

    Args:
        products: `kg.facts.PRODUCT_SCHEMA`.
        encoder: reads the meaning.
        config: how many dimensions words have, and how much they count.

    Returns:
        (n, d) float32.
    """
    vectors = encoder.encode(product_texts(products))
    return beside(vectors, word_vectors(products, config.words_dim), config.words_share)


def word_vectors(products: pa.Table, dim: int) -> NDArray[np.float32]:
    """LSA of title, brand, categories and the whole description.

    Words of one product alone, or of more than a twentieth of them (where that is two or more),
    are passed over; a count c weighs ``1 + log c`` (sublinear TF-IDF).

    Args:
        products: `kg.facts.PRODUCT_SCHEMA`.
        dim: width at most; less where there are fewer words or products.

    Returns:
        (n, d) float32 unit rows, zero where a product has no such word; d is 0 where none has.
    """
    texts = [
        " ".join([row["title"], row["brand"] or "", *(row["categories"] or ()), row["description"]])
        for row in products.select(_COLUMNS).to_pylist()
    ]
    nothing = np.zeros((len(texts), 0), dtype=np.float32)
    vectorizer = TfidfVectorizer(
        min_df=2, max_df=max(2, len(texts) // 20), sublinear_tf=True, token_pattern=_WORD
    )
    try:
        counts = vectorizer.fit_transform(texts)
    except ValueError:  # no word is left
        return nothing
    width = min(dim, min(counts.shape) - 1)
    if width < 1:
        return nothing
    svd = TruncatedSVD(width, n_iter=3, random_state=0)
    return unit_rows(svd.fit_transform(counts).astype(np.float32))


def beside(
    vectors: NDArray[np.float32], words: NDArray[np.float32], share: float
) -> NDArray[np.float32]:
    """Two representations as one whose cosine is ``(1 − share)`` of the first plus ``share``.

    Args:
        vectors: (n, d) unit rows.
        words: (n, e) unit rows; e = 0: the first is left as it is.
        share: of the second, [0, 1].

    Returns:
        (n, d + e) float32; unit rows where both have something to say.
    """
    if not words.shape[1] or not share:
        return vectors
    parts = (np.sqrt(1 - share) * vectors, np.sqrt(share) * words)
    return np.ascontiguousarray(np.hstack(parts), dtype=np.float32)
