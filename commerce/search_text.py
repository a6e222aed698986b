"""What the words of a search say of products: BM25 over their texts, and what they mean.

In: a product table, how texts are cut into norms, the text vectors of a fitted head. Out: scores of
all products. BM25 is Lucene's (Robertson and Zaragoza 2009; library ``bm25s``), of titles and of
titles with brand, categories and attributes. What words mean is learned from the catalogue itself:
a word's vector is the mean of the vectors (`gnn.lexical`: language model beside LSA) of the
products whose titles have it, less the mean of all; a search's is the sum of its words', rare ones
more, and a product is near by its cosine. So no language model runs while somebody waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import bm25s
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gnn.vectors import unit_rows

__all__ = ["Texts", "WordIndex"]

Norms = Callable[[str, str], list[str]]
"""Cuts a text of a language into norms."""


class WordIndex:
    """BM25 of one text a product."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        """Index documents, each a list of norms."""
        words = sorted({word for document in documents for word in document})
        self.words = {word: row for row, word in enumerate(words)}
        self.num_products = len(documents)
        tokens = [[self.words[word] for word in document] for document in documents]
        self._bm25 = bm25s.BM25(csc_backend="scipy") if words else None
        if self._bm25 is not None:
            corpus = bm25s.tokenization.Tokenized(ids=tokens, vocab=self.words)
            self._bm25.index(corpus, create_empty_token=False, show_progress=False)

    def scores(self, words: Sequence[str]) -> NDArray[np.float32]:
        """BM25 of every product, (n,)."""
        ids = [self.words[word] for word in words if word in self.words]
        if self._bm25 is None or not ids:
            return np.zeros(self.num_products, dtype=np.float32)
        scores: NDArray[np.float32] = self._bm25.get_scores_from_ids(ids)
        return scores

    def rows(self, word: str) -> NDArray[np.int64]:
        """Products whose text has a word, ascending."""
        at = self.words.get(word)
        if at is None or self._bm25 is None:
            return np.zeros(0, dtype=np.int64)
        matrix = self._bm25.scores
        start, end = matrix["indptr"][at], matrix["indptr"][at + 1]
        return np.sort(matrix["indices"][start:end]).astype(np.int64)

    def holds(self, words: Sequence[str]) -> NDArray[np.bool_]:
        """Whether a product's text has all words, (n,); nowhere where there are none."""
        mask = np.zeros(self.num_products, dtype=bool)
        found = [self.rows(word) for word in words]
        if found:
            mask[found[0]] = True
        for rows in found[1:]:
            other = np.zeros_like(mask)
            other[rows] = True
            mask &= other
        return mask


class Texts:
    """The texts of a catalogue. May be shared between threads.

    Args:
        products: `kg.facts.PRODUCT_SCHEMA`.
        norms: cuts a text of a language into norms.
        vectors: (n, d) what the products' texts mean; d may be 0.
    """

    def __init__(self, products: pa.Table, norms: Norms, vectors: NDArray[np.float32]) -> None:
        columns = ["title", "language", "titles", "brand", "categories", "attributes"]
        titles, others = [], []
        for row in products.select(columns).to_pylist():
            said = dict(row["titles"] or ()) or {row["language"]: row["title"]}
            title = [word for language, text in said.items() for word in norms(text, language)]
            more = [row["brand"] or "", *(row["categories"] or ())]
            more += [value for _, values in row["attributes"] or () for value in values or ()]
            titles.append(title)
            others.append(title + [w for text in more for w in norms(text, row["language"])])
        self.titles, self.all = WordIndex(titles), WordIndex(others)
        self.vectors = unit_rows(np.asarray(vectors, dtype=np.float32))
        self._meaning = self._word_vectors(titles)
        self.near = lru_cache(maxsize=512)(self._near)

    def _word_vectors(self, titles: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """(words, d): the mean of products that have a word less the mean of all, times idf."""
        n, words = len(titles), self.titles.words
        if not self.vectors.shape[1] or not words:
            return np.zeros((len(words), 0), dtype=np.float32)
        columns = [sorted({words[word] for word in title}) for title in titles]
        indptr = np.cumsum([0, *map(len, columns)])
        indices = np.array([word for column in columns for word in column], dtype=np.int64)
        has = csr_matrix((np.ones(len(indices), np.float32), indices, indptr), (n, len(words)))
        count = np.asarray(has.sum(axis=0)).ravel()
        mean = self.vectors.mean(axis=0)
        idf = np.log1p(n / count).astype(np.float32)
        summed: NDArray[np.float32] = has.T @ self.vectors
        return unit_rows(summed / count[:, None] - mean) * idf[:, None]

    def _near(self, words: tuple[str, ...]) -> NDArray[np.float32]:
        """Cosine of every product with what words mean, (n,); 0 where none is known."""
        ids = [self.titles.words[word] for word in words if word in self.titles.words]
        if not ids or not self._meaning.shape[1]:
            return np.zeros(len(self.vectors), dtype=np.float32)
        query = self._meaning[ids].sum(axis=0)
        length = float(np.linalg.norm(query))
        scores: NDArray[np.float32] = self.vectors @ (query / max(length, 1e-12))
        return scores
