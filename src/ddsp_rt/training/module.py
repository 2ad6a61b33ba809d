"""The Lightning module: what happens in a step, how it is validated, what a checkpoint holds."""

from __future__ import annotations

import time
from typing import Any

import lightning
import torch
from torch import Tensor

from ddsp_rt.errors import DataError
from ddsp_rt.training.asked_notes import AskedNotes, WithAskedNotes, level_off
from ddsp_rt.training.crops import Crops, TrainingBatches, ValidationBatches
from ddsp_rt.training.loss import mss, training_loss
from ddsp_rt.training.model import TrainingModel
from ddsp_rt.training.running_average import move_average
from ddsp_rt.training.settings import Settings

VALIDATION_NOISE = 0x5EED  # seed of the noise with which the held-out part is rendered
FEWER = 2  # validation batches are smaller than a training step's by this
LOG_EVERY = 10  # steps
MOMENTUM = 0.9  # of Muon
NARROWEST = 16  # side of a matrix that Muon turns
WORKERS = 2  # processes that make batches for a GPU


class TrainingModule(lightning.LightningModule):
    """Trains a `TrainingModel` on `Crops`.

    The state after step n depends on the settings, the data and n alone: crops and noise are drawn from the seed and
    the step, the learning rate follows from the step (and from the clock when minutes are given). What is
    validated and exported is a running average of the weights. With a `room`, notes are asked for in it as well; see
    `AskedNotes`.
    """

    def __init__(self, model: TrainingModel, crops: Crops, settings: Settings, room: str | None = None):
        super().__init__()
        self.automatic_optimization = False
        self.model, self.crops, self.settings, self.room = model, crops, settings, room
        self.average = {name: value.detach().clone() for name, value in model.named_parameters()}
        self.step = 0  # optimiser steps done
        self.seconds = 0.0  # of training, over all sessions; validation and export do not count
        self._clock: float | None = None  # when counting began; None while it stands still
        self.best_loss, self.best_step = float("inf"), -1
        self.best: dict[str, Tensor] = {}  # the averaged weights with the lowest held-out loss
        self.shared_room: Tensor | None = None  # [samples], for all recordings: see `learn_shared_room`
        self.validation_loss: float | None = None  # the last validation of the held-out part
        self.example: tuple[Tensor, Tensor] | None = None  # a held-out window as rendered last, and as recorded
        self.stalled = 0  # validations since the last progress
        self.halvings = 0
        self._sums = [0.0, 0]
        self._finite = torch.ones((), dtype=torch.bool)  # all losses so far
        self._resumed_optimizers: list[dict[str, Any]] = []

    # ---- data

    def train_dataloader(self):
        """The steps up to the next validation; made for every Lightning epoch, so resuming needs no bookkeeping."""
        settings = self.settings
        last = (self.step // settings.interval + 1) * settings.interval
        if settings.steps is not None:
            last = min(last, settings.steps)
        steps = TrainingBatches(self.crops, settings, self.step, last, self._rank, self._processes)
        notes = AskedNotes(self.crops.data.table)
        # Which timbre a note asked for should have, an encoder could not hear.
        asks = self.room is not None and settings.asked and self.model.network.encoder is None and notes.known
        if not asks or (settings.open_ended and not self.halvings):
            return self._loader(steps)
        room = self.crops.rooms.index(self.room)
        return self._loader(WithAskedNotes(steps, notes, room, self._shared(self.seconds)))

    def val_dataloader(self):
        held_out = ValidationBatches(self.crops, max(1, self.settings.batch // FEWER))
        return self._loader(held_out)

    def _loader(self, batches: torch.utils.data.Dataset) -> torch.utils.data.DataLoader:
        """A GPU gets its batches from other processes; beside a CPU that computes they would only be in the way."""
        gpu = self.device.type == "cuda"
        workers = WORKERS if gpu else 0
        return torch.utils.data.DataLoader(batches, batch_size=None, num_workers=workers, pin_memory=gpu)

    @property
    def _rank(self) -> int:
        return self.trainer.global_rank if self._trainer is not None else 0

    @property
    def _processes(self) -> int:
        return self.trainer.world_size if self._trainer is not None else 1

    # ---- learning

    def configure_optimizers(self):
        """Muon for the inner matrices, Adam for the rest (Jordan et al. 2024, kellerjordan.github.io/posts/muon)."""
        rate, rooms = self.settings.learning_rate, self.model.rooms
        special = set(rooms.parameters()) if rooms is not None else set()
        inner = self._inner_matrices() if self.settings.inner_rate else []
        others = special.union(inner)
        groups = [{"params": [p for p in self.model.parameters() if p not in others], "share": 1.0}]
        if special:
            groups.append({"params": list(special), "share": self.settings.room_rate})
        optimizers: list[torch.optim.Optimizer] = [torch.optim.Adam(groups, lr=rate, betas=(0.9, 0.99))]
        if inner:
            groups = [{"params": inner, "share": self.settings.inner_rate}]
            optimizers.append(torch.optim.Muon(groups, lr=rate, momentum=MOMENTUM, weight_decay=0.0))
        for optimizer, state in zip(optimizers, self._resumed_optimizers):
            optimizer.load_state_dict(state)
        self._resumed_optimizers = []
        return optimizers

    def _inner_matrices(self) -> list[torch.nn.Parameter]:
        """Those between layers: not the first, which read few numbers, nor the last, whose outputs stand alone."""
        head = self.model.network.decoder.head.weight
        matrices = (p for p in self.model.network.parameters() if p.ndim == 2 and p is not head)
        return [p for p in matrices if min(p.shape) >= NARROWEST]

    @property
    def _optimizers(self) -> list[torch.optim.Optimizer]:
        found = self.optimizers(use_pl_optimizer=False)
        return found if isinstance(found, list) else [found]

    def on_fit_start(self) -> None:
        self.average = {name: value.to(self.device) for name, value in self.average.items()}
        self._finite = self._finite.to(self.device)

    def on_train_epoch_start(self) -> None:
        self._clock = time.monotonic()
        self._epoch_seconds = self._shared(self._elapsed())

    def _elapsed(self) -> float:
        if self._clock is not None:
            now = time.monotonic()
            self.seconds += now - self._clock
            self._clock = now
        return self.seconds

    def _shared(self, value: Any) -> Any:
        """The value of the first process, in all of them."""
        return value if self._processes == 1 else self.trainer.strategy.broadcast(value)

    def spent(self) -> float:
        """Share of the budget used up. Several processes look at the clock together, once per validation."""
        seconds = self._elapsed() if self._processes == 1 else self._epoch_seconds
        return self.settings.spent(self.step, seconds)

    def draw(self, rows: int, frames: int, seed: int) -> Tensor:
        """White noise for a batch of crops, from the seed alone."""
        generator = torch.Generator(self.device).manual_seed(seed)
        return self.model.synthesizer.filtered_noise.draw(rows, frames, generator=generator)

    def training_step(self, batch: dict[str, Tensor], index: int) -> None:
        settings = self.settings
        loss, norm = self.learn(batch, self._optimizers, self.spent())
        self.last_loss = loss
        if self.step % LOG_EVERY == 0:
            rate = self._optimizers[0].param_groups[0]["lr"]
            self._log({"loss/training": float(loss), "gradient norm": float(norm), "learning rate": rate})
        if settings.spent(self.step, self._epoch_seconds if self._processes > 1 else self.seconds) >= 1.0:
            self.trainer.should_stop = True

    def learn(
        self, batch: dict[str, Tensor], optimizers: list[torch.optim.Optimizer], spent: float
    ) -> tuple[Tensor, Tensor]:
        """One step on a batch, a share `spent` of the budget being used up: the spectral loss and the gradient's norm.

        It needs no trainer.
        """
        settings = self.settings
        # Several processes draw the noise of the whole batch and take their crops' part: the result is that of one.
        noise = self.draw(settings.batch, batch["f0"].shape[1], (settings.seed << 32) + self.step)
        noise = noise[self._rank :: self._processes]
        rate = self.crops.data.model_rate
        output = self(batch, noise)
        loss = training_loss(output, batch["audio"], rate, settings.overlap, batch["usable"], *settings.levels)
        total = loss
        if "held" in batch:
            rows = slice(-len(batch["held"]), None)
            asked = level_off(output[rows], batch["loudness"][rows, settings.preroll :], batch["held"], rate)
            total = total + settings.asked * asked
        if self.model.rooms is not None and settings.room_prior:
            total = total + settings.room_prior * self.model.rooms.penalty()
        return loss.detach(), self.descend(total, optimizers, spent)

    def descend(self, total: Tensor, optimizers: list[torch.optim.Optimizer], spent: float) -> Tensor:
        """Move the weights and their average down the gradient of `total`; returns its norm."""
        learning_rate = self.settings.rate(self.step, spent, self.halvings)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * group["share"]
            optimizer.zero_grad()
        self.manual_backward(total) if self._trainer is not None else total.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self._finite = torch.isfinite(total.detach() + norm) & self._finite
        if self.device.type == "cpu":
            self._check_finite()
        for optimizer in optimizers:
            optimizer.step()
        self.step += 1
        self._update_average()
        return norm

    def _check_finite(self) -> None:
        """Raise when a loss was no number. A GPU is asked before a validation only: asking waits."""
        if not bool(self._finite):
            raise DataError(
                f"the loss is not a number at step {self.step}; what was learnt before is kept: "
                "go on with --resume, or start anew with a smaller learning rate"
            )

    def forward(self, batch: dict[str, Tensor], noise: Tensor) -> Tensor:
        return self.model(batch, noise, self.settings.preroll)

    def _update_average(self) -> None:
        names, weights = zip(*self.model.named_parameters())
        move_average([self.average[name] for name in names], weights, self.step, self.settings.average)

    # ---- validation

    def swap_average(self) -> None:
        """Swap the weights with their average; calling it again swaps them back."""
        for name, weight in self.model.named_parameters():
            weight.data, self.average[name] = self.average[name], weight.data

    def on_validation_epoch_start(self) -> None:
        self._elapsed()
        self._clock = None  # until training goes on
        self._check_finite()
        self.swap_average()
        self._sums = [0.0, 0]

    def validation_step(self, batch: dict[str, Tensor], index: int) -> None:
        noise = self.draw(*batch["f0"].shape, VALIDATION_NOISE + index)
        output = self(batch, noise)
        loss = mss(output, batch["audio"], usable=batch["usable"], rate=self.crops.data.model_rate, highs=False)
        if index == 0:
            self.example = (output[0].cpu(), batch["audio"][0].cpu())
        count = len(batch["f0"])
        self._sums[0] += float(loss) * count
        self._sums[1] += count

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """What a validation of the weights as they are would find, outside of training."""
        self._sums = [0.0, 0]
        for index, batch in enumerate(self.val_dataloader()):
            self.validation_step({name: value.to(self.device) for name, value in batch.items()}, index)
        return self._sums[0] / max(self._sums[1], 1)

    def on_validation_epoch_end(self) -> None:
        self.swap_average()
        self.validation_loss = self._shared(self._sums[0] / max(self._sums[1], 1))
        self._log({"loss/validation": self.validation_loss})
        if self.validation_loss < self.best_loss:
            self.best_loss, self.best_step, self.stalled = self.validation_loss, self.step, 0
            self.best = {name: value.detach().cpu().clone() for name, value in self.average.items()}
        else:
            self.stalled += 1
        if self.stalled >= self.settings.give_up:
            self.trainer.should_stop = True
        if self.settings.open_ended and self.stalled >= self.settings.patience:
            self.stalled = 0
            self.halvings += 1
            if self.halvings > self.settings.halvings:
                self.trainer.should_stop = True

    def _log(self, values: dict[str, float]) -> None:
        if self._trainer is not None and self.logger is not None:
            self.logger.log_metrics(values, step=self.step)

    # ---- resuming

    def checkpoint(self) -> dict[str, Any]:
        """All that the run's future depends on, as tensors and plain values."""
        return {
            "settings": self.settings.table(),
            "weights": self.model.state_dict(),
            "average": self.average,
            "best": self.best,
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "step": self.step,
            "seconds": self._elapsed(),
            "best_loss": self.best_loss,
            "best_step": self.best_step,
            "stalled": self.stalled,
            "halvings": self.halvings,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Take over a checkpoint; call before training. Raises DataError when it belongs to another architecture."""
        try:
            self.model.load_state_dict(state["weights"])
        except RuntimeError:
            raise DataError(
                "the checkpoint is of another architecture or of data with other rooms; train without --resume"
            ) from None
        self.average, self.best = dict(state["average"]), dict(state["best"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.best_loss, self.best_step = state["best_loss"], state["best_step"]
        self.stalled, self.halvings = state["stalled"], state["halvings"]
        self._resumed_optimizers = list(state["optimizers"])
