"""Notes that nobody recorded, asked for by pitch and loudness alone: an instrument shall be as loud as it is told.

Recordings hold few of an instrument's pitches at few of its loudnesses. Where they are silent a network plays too
softly, or as the room resounds. What is asked of a note's loudness needs no recording: the note has it, or has not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.training.crops import FILL, SILENCE, TrainingBatches
from ddsp_rt.training.loss import a_weighted_level

SEED = 0xA5C  # apart from that of crops
BEGIN = 0.5  # share of the budget before which none are asked for: a network that knows no note yet is disturbed
SHARE = 1 / 8  # of all crops, from there on
NOTE = FRAME_RATE  # frames of a note, about
SETTLED = 0.6  # share of a note after which the room has filled, and forgotten the one before
REST = 0.2  # share of a detached note before it begins
MARGIN = 8  # frames at the end of a note that a window of loudness may share with the next
GLIDE = 10  # frames
SOFTEST = 40.0  # dB under loud
VIBRATO, VIBRATO_RATE = 25.0, 5.5  # cents to either side at most, Hz


@dataclass(frozen=True)
class AskedNotes:
    """Crops of held notes over an instrument's range, each louder than the one before it, in half of them after a rest.

    `table` is that of a data set: its quantiles, and what is usual at a loudness. Notes lie between the pitches that
    hold 98 % of its frames, and from 40 dB under what is loud in it to its loudest hundredth.
    """

    table: dict[str, Any]

    @property
    def known(self) -> bool:
        """Whether there was a pitched sound to take the range from."""
        return self.table["quantiles"]["loudness_db"][-1] > SILENCE

    def crops(self, seed: int, step: int, count: int, frames: int) -> tuple[dict[str, Tensor], Tensor]:
        """What the network is told, [count, frames] by the names of features, and where a note is held, bool."""
        rows = [
            self._row(np.random.Generator(np.random.Philox(key=[SEED + seed, step], counter=[0, 0, 0, row])), frames)
            for row in range(count)
        ]
        told = {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}
        return told, told.pop("held")

    def _row(self, random: np.random.Generator, frames: int) -> dict[str, np.ndarray]:
        notes = max(1, frames // NOTE)
        time = np.arange(frames)
        own = np.minimum(time // (frames // notes), notes - 1)
        length = np.bincount(own)[own]
        since = time - own * (frames // notes)
        rests = (since < REST * length) & (random.random() < 0.5)
        quantiles = self.table["quantiles"]
        low, high = quantiles["pitch_midi"][0], quantiles["pitch_midi"][-1]
        softest, loudest = quantiles["loudness_db"][-2] - SOFTEST, quantiles["loudness_db"][-1]
        pitch = low + (high - low) * (random.permutation(notes) + random.random(notes)) / notes
        depth, phase = random.random(2)
        vibrato = VIBRATO / 100.0 * depth * np.sin(2.0 * np.pi * (VIBRATO_RATE * time / FRAME_RATE + phase))
        loudness = _gliding(np.sort(random.uniform(softest, loudest, notes))[own])
        told = {"periodicity": np.full(frames, quantiles["periodicity_median"]), "loudness": loudness}
        for name, line in self.table["usual"].items():
            told[name] = line["offset"] + line["slope"] * loudness
        told = {name: np.where(rests, FILL[name], value) for name, value in told.items()}
        told["f0"] = 440.0 * 2.0 ** ((_gliding(pitch[own]) + vibrato - 69.0) / 12.0)
        told = {name: value.astype(np.float32) for name, value in told.items()}
        return told | {"held": (since >= SETTLED * length) & (since < length - MARGIN)}


class WithAskedNotes(Dataset):
    """Training batches whose last crops, an eighth of all, are notes asked for: nothing in these is usable, and
    `held` [such crops, scored] says where they are held. Before half of the budget is spent, steps counted one by one
    and `seconds` as they are now, batches are as they were."""

    def __init__(self, batches: TrainingBatches, notes: AskedNotes, room: int, seconds: float = 0.0):
        self.batches, self.notes, self.room, self.seconds = batches, notes, room, seconds

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        batch, settings = self.batches[index], self.batches.settings
        step, size = self.batches.first + index, settings.batch
        if not settings.open_ended and settings.spent(step, self.seconds) < BEGIN:
            return batch
        count = int((step + 1) * size * SHARE) - int(step * size * SHARE)
        own = [row for row in range(self.batches.rank, size, self.batches.processes) if row >= size - count]
        if not own:
            return batch
        told, held = self.notes.crops(settings.seed, step, count, batch["f0"].shape[1])
        rows, chosen = slice(-len(own), None), torch.tensor(own) - (size - count)
        for name, value in told.items():
            batch[name][rows] = value[chosen]
        if "told_periodicity" in batch:
            batch["told_periodicity"][rows] = batch["periodicity"][rows]
        batch["detune"][rows] = 0.0
        batch["usable"][rows] = False
        batch["room"][rows] = self.room
        batch["held"] = held[chosen, settings.preroll :]
        return batch


def _gliding(steps: np.ndarray) -> np.ndarray:
    """[frames], on straight lines from one value to the next."""
    before = np.pad(steps, (GLIDE - 1, 0), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(before, GLIDE).mean(axis=-1)


def level_off(output: Tensor, loudness: Tensor, held: Tensor, rate: int) -> Tensor:
    """Mean difference in dB (A) between audio [batch, samples] and the loudness asked for, where `held`; both
    [batch, frames]."""
    off = (a_weighted_level(output, rate) - loudness).abs()
    return (off * held).sum() / held.sum().clamp(min=1)
