"""One of hopwise's models, trained by hopwise, and the lists it gives the test users.

usage: python hopwise_run.py REQUEST.json        (in the peers' environment, in a scratch directory)

In: a request (see `theirs.handover.Request`). Out: the lists and what it took. hopwise builds the
data, the model, the loss and every epoch; what is ours is when to stop: at the best NDCG@10 on
validation, after ``patience`` validations without a better one, or when the budget is spent.
Without validation (the final fit) a fixed number of epochs is trained. A model that stands on the
embeddings of another (PGPR and CAFE on TransE's) has that one trained first, on the same part.
"""

from __future__ import annotations

import copy
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from handover import Answer, Request
from hopwise import __version__
from hopwise.config import Config
from hopwise.data import create_dataset, data_preparation
from hopwise.data.interaction import Interaction
from hopwise.trainer import ExplainableTrainer, KGTrainer
from hopwise.utils import get_model, get_trainer, init_logger, init_seed
from hopwise.utils.enum_type import KnowledgeEvaluationType

REC = KnowledgeEvaluationType.REC
LATENCY_SAMPLE = 50  # users asked for one at a time


def main(request: Request) -> None:
    """Train, recommend, hand over."""
    spent_s = 0.0
    if request.pretrain:
        first = replace(
            request, model=request.pretrain, pretrain="", settings=request.pretrain_settings,
            epochs=request.pretrain_epochs, budget_s=request.budget_s / 2, validate=False,
        )  # fmt: skip
        dataset, _, trainer, took = _fit(first)
        spent_s = took["fit_s"]
        _write_embeddings(dataset, trainer.model, Path(f"{request.data.name}-embeddings"))
        request = replace(request, budget_s=request.budget_s - spent_s)
    dataset, test, trainer, took = _fit(request)
    took["fit_s"] += spent_s
    trainer.model.eval()
    with torch.no_grad():
        users, items = _lists(trainer, test, request.k)
        own = _plain(trainer.evaluate(test, load_best_model=False))
        latency = _latency(trainer, test)
    Answer(
        users=dataset.id2token("user_id", users),
        items=np.where(items > 0, dataset.id2token("item_id", items), ""),
        latency_ms=latency,
        own_metrics=own,
        library=f"hopwise {__version__}",
        **took,
    ).write(request.out)


def _fit(request: Request) -> tuple[Any, Any, Any, dict[str, Any]]:
    """The dataset, the loader of the test users, the trainer with its model, what it took."""
    config = _config(request)
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    train, valid, test = data_preparation(config, dataset)
    init_seed(config["seed"], config["reproducibility"])
    began = time.process_time()
    model = get_model(config["model"])(config, train.dataset).to(config["device"])
    trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
    trainer.eval_collector.train_data_collect(train)
    took = _train(trainer, train, valid if request.validate else None, request)
    seconds = time.process_time() - began
    return dataset, test, trainer, {**took, "prepare_s": began, "fit_s": seconds}


def _write_embeddings(dataset: Any, model: Any, directory: Path) -> None:
    """A translation model's embeddings as the files that PGPR and CAFE load."""
    directory.mkdir(exist_ok=True)
    for name, field in (("user", "user_id"), ("entity", "entity_id"), ("relation", "relation_id")):
        vectors = getattr(model, f"{name}_embedding").weight.detach().numpy()
        tokens = dataset.field2id_token[field]
        lines = [f"{name}_embedding_id:token\t{name}_embedding:float_seq"]
        lines += [
            f"{token}\t{' '.join(f'{value:.6g}' for value in vector)}"
            for token, vector in zip(tokens, vectors, strict=True)
            if token != "[PAD]"
        ]
        (directory / f"{dataset.dataset_name}.{name}emb").write_text("\n".join(lines) + "\n")


def _config(request: Request) -> Config:
    settings = {
        "data_path": str(request.data.parent),
        "benchmark_filename": list(request.parts),
        "load_col": {"inter": ["user_id", "item_id"]},
        "use_gpu": False,
        "show_progress": False,
        "state": "ERROR",
        "checkpoint_dir": "saved",
        "topk": [10],
        "eval_batch_size": request.eval_batch,
        "eval_lp_args": {"knowledge_split": None, "knowledge_group_by": None},
    }
    config = Config(
        model=request.model,
        dataset=request.data.name,
        config_dict={**settings, **request.settings},
    )
    init_logger(config)
    return config


def _train(trainer: Any, train: Any, valid: Any, request: Request) -> dict[str, Any]:
    """Epochs until it is time to stop; the best model is left in the trainer."""
    best, best_epoch, best_state, epoch = -1.0, 0, None, 0
    stopped = "all epochs"
    began = time.process_time()
    for epoch in range(1, request.epochs + 1):
        trainer.model.train()
        trainer._train_epoch(train, epoch - 1)
        late = time.process_time() - began > request.budget_s
        if valid is not None and (epoch % request.validate_every == 0 or late):
            trainer.model.eval()
            score = _score(trainer._valid_epoch(valid))
            if score > best:
                best, best_epoch = score, epoch
                best_state = copy.deepcopy(trainer.model.state_dict())
            if epoch - best_epoch >= request.patience * request.validate_every:
                stopped = "early stopping"
                break
        if late:
            stopped = "budget"
            break
    if best_state is not None:
        trainer.model.load_state_dict(best_state)
    return {
        "epochs": epoch,
        "best_epoch": best_epoch or epoch,
        "best_valid": best if valid is not None else None,
        "stopped": stopped,
    }


def _score(validated: Any) -> float:
    """hopwise's knowledge trainers tell by task, the others as a pair."""
    if isinstance(validated, dict):
        validated = validated[REC]
    return float(validated[0])


def _lists(trainer: Any, test: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Row of each test user and of their best items, (u,) and (u, k); 0 where none is left."""
    users, items = [], []
    for batch in test:
        interaction, scores = _scores(trainer, test, batch)
        best = torch.topk(scores, k, dim=1)
        users.append(interaction["user_id"].cpu().numpy())
        items.append(torch.where(torch.isfinite(best.values), best.indices, 0).cpu().numpy())
    return np.concatenate(users), np.concatenate(items)


def _scores(trainer: Any, data: Any, batch: Any) -> tuple[Interaction, torch.Tensor]:
    """Scores of all items for a batch of users, met ones at minus infinity, as hopwise ranks."""
    count = data._dataset.item_num
    items = data._dataset.get_item_feature()
    if isinstance(trainer, KGTrainer):
        found = trainer._batch_eval(batch, count, task=REC, target_tensor=items)
    else:
        found = trainer._batch_eval(batch, count, item_tensor=items)
    interaction, scores = found[:2]
    if isinstance(trainer, ExplainableTrainer):
        scores = scores[0]
    return interaction, scores


def _latency(trainer: Any, test: Any) -> float | None:
    """Median milliseconds to score and rank for one user; None where the model cannot."""
    users = test._dataset.inter_feat["user_id"].unique()[:LATENCY_SAMPLE]
    asked = trainer.model.full_sort_predict
    if isinstance(trainer, ExplainableTrainer):
        asked = trainer.model.explain
    spent = []
    for user in users:
        since = time.process_time()
        try:
            scores = asked(Interaction({"user_id": user.view(1)}))
        except NotImplementedError:
            return None
        scores = scores[0] if isinstance(scores, tuple) else scores
        torch.topk(scores.view(-1), 10)
        spent.append(time.process_time() - since)
    return float(np.median(spent) * 1000)


def _plain(metrics: Any) -> dict[str, float]:
    if REC in metrics:
        metrics = metrics[REC]
    return {name: float(value) for name, value in metrics.items()}


if __name__ == "__main__":
    main(Request.read(Path(sys.argv.pop(1))))  # hopwise reads sys.argv itself
