"""The Lightning callback that keeps what was learnt: checkpoints, the exported instrument, a word to the user."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning

from ddsp_rt.errors import UserError
from ddsp_rt.progress import Progress
from ddsp_rt.training.checkpoint import save_checkpoint
from ddsp_rt.training.module import TrainingModule


class CheckpointCallback(lightning.Callback):
    """After every validation: write the checkpoint, and export the instrument when it is the best so far.

    `path` is the checkpoint's; `about` what it holds beside the module's state. SIGINT and SIGTERM end the run after
    the step at hand, with a checkpoint and an instrument.
    """

    def __init__(self, path: Path, about: dict[str, Any], export: Callable[[TrainingModule], None], progress: Progress):
        self.path, self.about, self.export, self.progress = path, about, export, progress
        self.interrupted = False
        self._exported_step = -1
        self._handlers: dict[int, object] = {}

    def on_train_start(self, trainer, module) -> None:
        # After Lightning has put its own handlers in place, which end the run without keeping anything.
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            self._handlers[number] = signal.signal(number, self._interrupt)

    def teardown(self, trainer, module, stage) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _interrupt(self, *_) -> None:
        self.interrupted = True

    def on_train_batch_end(self, trainer, module: TrainingModule, *_) -> None:
        if trainer.world_size > 1:  # a signal may reach one process only, and all have to stop after the same step
            self.interrupted = trainer.strategy.reduce_boolean_decision(self.interrupted, all=False)
        if self.interrupted:
            trainer.should_stop = True
        # The loss is read only where a line is shown: on a GPU that waits for the step to end.
        self.progress.update(module.settings.spent(module.step, module.seconds), lambda: describe(module))

    def on_validation_end(self, trainer, module: TrainingModule) -> None:
        self.save(trainer, module)

    def save(self, trainer, module: TrainingModule) -> None:
        """Write what there is, in the first process."""
        if not trainer.is_global_zero:
            return
        save_checkpoint(self.path, {**self.about, **module.checkpoint()})
        if module.best_step > self._exported_step:
            self.export(module)
            self._exported_step = module.best_step

    def on_train_end(self, trainer, module: TrainingModule) -> None:
        if self.interrupted:
            self.save(trainer, module)

    def on_exception(self, trainer, module, exception) -> None:
        if isinstance(exception, UserError) and trainer.is_global_zero and module.best_step > self._exported_step:
            self.export(module)


def describe(module: TrainingModule) -> str:
    """One line on how far training has come."""
    held_out = (
        ""
        if module.validation_loss is None
        else f", held-out {module.validation_loss:.3f} (best {module.best_loss:.3f})"
    )
    return f"step {module.step}, {module.seconds / 60:.1f} min, loss {float(module.last_loss):.3f}{held_out}"
