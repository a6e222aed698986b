"""The analyst's notebook runs as it stands, on the sample shop."""

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "notebooks" / "analyst.ipynb"

nbformat = pytest.importorskip("nbformat", reason="pip install 'clew[dev]'")


@pytest.fixture
def notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def test_it_holds_no_outputs(notebook: Any) -> None:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) > 5
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


def test_it_runs(notebook: Any, sample_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbclient import NotebookClient

    monkeypatch.setenv("CLEW_STORE", str(sample_store))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    told = [
        "".join(str(out.get("data")) for out in cell.get("outputs", [])) for cell in notebook.cells
    ]
    assert "lift" in told[3]
    assert "instead_name" in told[5]
    assert "Christmas" in told[7]
    assert "difference" in told[9]
    assert "metal" in told[13]
    assert "image/png" in told[15] or "share nothing" in told[15]
    assert "hare" in told[16]
