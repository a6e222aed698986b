"""Writers of tiny datasets."""

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """write('shop/products.csv', 'id,title\\n…') or a list of objects for JSON lines."""

    def _write(name: str, content: str | bytes | Iterable[Mapping[str, Any] | str]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            data = content.encode()
        elif isinstance(content, bytes):
            data = content
        else:
            rows = (row if isinstance(row, str) else json.dumps(row) for row in content)
            data = "".join(f"{row}\n" for row in rows).encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return _write
