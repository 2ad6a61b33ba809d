"""One session of Lightning: where it computes, with how many processes, and how it ends."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightning
import torch
from lightning.pytorch.loggers import TensorBoardLogger

from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.training.checkpoint_callback import CheckpointCallback
from ddsp_rt.training.module import TrainingModule
from ddsp_rt.training.run_folder import RunFolder
from ddsp_rt.training.tensorboard_callback import TensorBoardCallback


def choose_accelerator(device: str) -> str:
    """ "cpu" or "cuda" for one of `TrainOptions.device`."""
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: no GPU that this PyTorch can use; give cpu")
    return "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"


def run_lightning(
    module: TrainingModule, callback: CheckpointCallback, run: RunFolder, accelerator: str, devices: int, nodes: int
) -> None:
    """Run Lightning, without the words it says of itself."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if module.settings.spent(module.step, module.seconds) >= 1.0:
        return
    with warnings.catch_warnings(), _quiet_threads():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            accelerator=accelerator,
            devices=devices,
            num_nodes=nodes,
            max_epochs=-1,
            logger=_logger(run),
            callbacks=[callback, TensorBoardCallback()],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
            use_distributed_sampler=False,
            log_every_n_steps=10,
        )
        try:
            trainer.fit(module)
        except OSError as error:  # of the log; checkpoints and instruments speak for themselves
            raise _stopped(module, run, error.strerror or str(error)) from None
        except torch.OutOfMemoryError:
            raise _stopped(module, run, "the GPU's memory is too small for this batch") from None
        except RuntimeError as error:
            if module.trainer.world_size == 1:
                raise
            raise _stopped(module, run, f"another process ended ({str(error).splitlines()[0]})") from None


@contextmanager
def _quiet_threads() -> Iterator[None]:
    """Keeps the log's writing thread from printing a traceback when the disk is full; the next entry says it again."""
    usual = threading.excepthook
    threading.excepthook = lambda failure: None if issubclass(failure.exc_type, OSError) else usual(failure)
    try:
        yield
    finally:
        threading.excepthook = usual


def _stopped(module: TrainingModule, run: RunFolder, reason: str) -> DataError:
    kept = f"; go on with --resume from {run.checkpoint}" if run.checkpoint.exists() else ""
    return DataError(f"training stopped at step {module.step}: {' '.join(reason.split())}{kept}")


def _logger(run: RunFolder) -> Any:
    try:
        return TensorBoardLogger(run.path, name="", version=run.log.name)
    except ModuleNotFoundError:
        return False
