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
from ddsp_rt.training.crops import SILENCE, TrainingBatches
from ddsp_rt.training.loss import a_weighted_level

SEED = 0xA5C  # apart from that of crops
SHARE = 1 / 8  # of all crops
NOTE = FRAME_RATE  # frames of a note, about
SETTLED = 0.44  # share of a note after which the room has forgotten the one before
MARGIN = 8  # frames at the end of a note that a window of loudness may share with the next
GLIDE = 10  # frames
SOFTEST = 40.0  # dB under loud
VIBRATO, VIBRATO_RATE = 25.0, 5.5  # cents to either side at most, Hz


@dataclass(frozen=True)
class AskedNotes:
    """Crops of held notes over an instrument's range, each louder than the one before it.

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
        random = np.random.Generator(np.random.Philox(key=[SEED + seed, step]))
        notes = max(1, frames // NOTE)
        time = np.arange(frames)
        own = np.minimum(time // (frames // notes), notes - 1)
        quantiles = self.table["quantiles"]
        low, high = quantiles["pitch_midi"][0], quantiles["pitch_midi"][-1]
        softest, loudest = quantiles["loudness_db"][-2] - SOFTEST, quantiles["loudness_db"][-1]
        spread = (random.permutation(count * notes) + random.random(count * notes)) / (count * notes)
        pitch = (low + (high - low) * spread).reshape(count, notes)
        level = np.sort(random.uniform(softest, loudest, (count, notes)), axis=1)
        depth, phase = random.random((2, count, 1))
        vibrato = VIBRATO / 100.0 * depth * np.sin(2.0 * np.pi * (VIBRATO_RATE * time / FRAME_RATE + phase))
        loudness = _gliding(level[:, own])
        features = {
            "f0": 440.0 * 2.0 ** ((_gliding(pitch[:, own]) + vibrato - 69.0) / 12.0),
            "periodicity": np.full((count, frames), quantiles["periodicity_median"]),
            "loudness": loudness,
        }
        for name, line in self.table["usual"].items():
            features[name] = line["offset"] + line["slope"] * loudness
        since, length = time - own * (frames // notes), np.bincount(own)[own]
        held = (since >= SETTLED * length) & (since < length - MARGIN)
        told = {name: torch.from_numpy(value.astype(np.float32)) for name, value in features.items()}
        return told, torch.from_numpy(np.tile(held, (count, 1)))


class WithAskedNotes(Dataset):
    """Training batches whose last crops, an eighth of all, are notes asked for: nothing in these is usable, and
    `held` [such crops, scored] says where they are held."""

    def __init__(self, batches: TrainingBatches, notes: AskedNotes, room: int):
        self.batches, self.notes, self.room = batches, notes, room

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        batch, settings = self.batches[index], self.batches.settings
        step, size = self.batches.first + index, settings.batch
        count = int((step + 1) * size * SHARE) - int(step * size * SHARE)
        told, held = self.notes.crops(settings.seed, step, count, batch["f0"].shape[1])
        own = [row for row in range(self.batches.rank, size, self.batches.processes) if row >= size - count]
        if not own:
            return batch
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
    """[rows, frames], on straight lines from one value to the next."""
    before = np.pad(steps, ((0, 0), (GLIDE - 1, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(before, GLIDE, axis=1).mean(axis=-1)


def level_off(output: Tensor, loudness: Tensor, held: Tensor, rate: int) -> Tensor:
    """Mean difference in dB (A) between audio [batch, samples] and the loudness asked for, where `held`; both
    [batch, frames]."""
    off = (a_weighted_level(output, rate) - loudness).abs()
    return (off * held).sum() / held.sum().clamp(min=1)
