"""ml-100k with its knowledge graph, out of hopwise's wheel, in hopwise's own random split.

usage: python split_movielens.py DIRECTORY        (in the peers' environment)

Writes RecBole's atomic files: ``ml-100k.{train,valid,test}.inter`` as hopwise's default settings
(80/10/10 of each user at random, seed 2024) split them, and ``.item``, ``.kg``, ``.link`` as they
are in the wheel.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import hopwise
from hopwise.config import Config
from hopwise.data import create_dataset
from hopwise.utils import init_seed

NAME = "ml-100k"
FIELDS = {"user_id": "token", "item_id": "token", "rating": "float", "timestamp": "float"}


def main(directory: Path) -> None:
    """Write the dataset."""
    directory.mkdir(parents=True, exist_ok=True)
    shipped = Path(hopwise.__file__).parent / "dataset_example" / NAME
    config = Config(model="EASE", dataset=NAME, config_dict={"normalize_all": False})
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    for part, split in zip(("train", "valid", "test"), dataset.build(), strict=True):
        rows = {name: split.inter_feat[name].numpy() for name in FIELDS}
        columns = [
            split.id2token(name, rows[name]) if kind == "token" else rows[name].astype(int)
            for name, kind in FIELDS.items()
        ]
        lines = ["\t".join(f"{name}:{kind}" for name, kind in FIELDS.items())]
        lines += ["\t".join(map(str, row)) for row in zip(*columns, strict=True)]
        (directory / f"{NAME}.{part}.inter").write_text("\n".join(lines) + "\n")
    for ending in ("item", "kg", "link"):
        shutil.copyfile(shipped / f"{NAME}.{ending}", directory / f"{NAME}.{ending}")


if __name__ == "__main__":
    target = Path(sys.argv.pop(1))  # hopwise reads sys.argv itself
    main(target)
