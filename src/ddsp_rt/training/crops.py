"""Random crops of a prepared data set, such that the batch of step n depends on the seed and n alone."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.errors import DataError
from ddsp_rt.training.data_file import PreparedData
from ddsp_rt.training.held_out import MOSTLY, HeldOut, Window
from ddsp_rt.training.settings import Settings

SCORED = 4 * FRAME_RATE  # frames of a crop that are compared with the recording
PREROLL = 1 * FRAME_RATE  # frames before them that fill the network's state and the room
VALIDATION_WINDOWS = 48  # at most, spread evenly, so that validating costs the same for any amount of data
SILENCE = -100.0  # dB
FILL = {"periodicity": 0.0, "loudness": SILENCE, "fast_loudness": SILENCE, "balance": -30.0, "mfcc": 0.0}  # of silence
TRACKS = ("f0", "periodicity", "loudness", "fast_loudness", "balance")
MFCC_PER_DB = 8.0 * math.log(10.0) / 10.0  # of the first coefficient: the sum over 64 logarithms of power, over 8
TRIES = 4
LAPSE, LAPSED = 4, (0.3, 1.0)  # frames of a lapse of the periodicity, and times what it is told


class Crops:
    """Reads crops of a data set and knows which part of it is held out; see `HeldOut`.

    `windows` are the held-out ones, recording and first scored frame; `validates_on_training` says that there was too
    little to hold anything out. Raises DataError when there is nothing to learn from or to score.
    """

    def __init__(self, data: PreparedData, scored: int = SCORED, preroll: int = PREROLL, mfcc: bool = False):
        self.data, self.scored, self.preroll, self.mfcc = data, scored, preroll, mfcc
        self.length = data.model_rate // FRAME_RATE  # samples per frame
        self.rooms = sorted({str(recording["room"]) for recording in data.recordings})
        self._room = [self.rooms.index(str(recording["room"])) for recording in data.recordings]
        usable = [data.read(index, "usable") for index in range(len(data))]
        marks = [recording.get("held_out") for recording in data.recordings]
        held_out = HeldOut([len(u) for u in usable], scored, usable.__getitem__, marks)
        if not any(u.any() for u in usable):
            raise DataError(f"{data.path}: nothing to learn from (no usable frame)")
        if not held_out.windows:
            raise DataError(
                f"{data.path}: nothing to score: no {scored / FRAME_RATE:g} s of which half can be used; "
                "ddsp-rt inspect says why frames are left out"
            )
        self.validates_on_training = held_out.also_trained_on
        self.windows = _spread(held_out.windows, VALIDATION_WINDOWS)
        self._index_usable(usable, held_out.parts)

    def _index_usable(self, usable: list[np.ndarray], parts: list[list[tuple[int, int]]]) -> None:
        """Runs of usable frames of the parts trained on: recording, start, part; and their lengths' running sum."""
        runs, lengths = [], []
        for index, own in enumerate(parts):
            for begin, end in own:
                edges = np.flatnonzero(
                    np.diff(np.concatenate([[0], usable[index][begin:end] > 0, [0]]).astype(np.int8))
                )
                runs += [(index, begin + int(start), begin, end) for start in edges[::2]]
                lengths += (edges[1::2] - edges[::2]).tolist()
        self._runs = np.array(runs, np.int64).reshape(-1, 4)
        joined = np.array([self.data.is_joined(index) for index, _, _, _ in runs], bool)
        self.joined_seconds = float(np.sum(np.array(lengths, np.int64)[joined])) / FRAME_RATE
        self._total = np.concatenate([[0], np.cumsum(np.array(lengths, np.int64))])
        if self._total[-1] == 0:
            raise DataError(f"{self.data.path}: too little to learn from: all that can be used is held out")

    def _usable_share(self, index: int, start: int) -> float:
        stop = min(start + self.scored, self.data.frames(index))
        return float(np.mean(self.data.read(index, "usable", start, stop)))

    @property
    def seconds(self) -> float:
        """Usable seconds of recordings that are trained on; `joined_seconds` of phrases made of them come on top."""
        return float(self._total[-1]) / FRAME_RATE - self.joined_seconds

    def positions(self, seed: int, step: int, count: int) -> list[tuple[int, int]]:
        """Recording and first scored frame of each crop of a step: every usable frame is as likely as any other."""
        random = np.random.Generator(np.random.Philox(key=[seed, step]))
        chosen = []
        for _ in range(count):
            for _ in range(TRIES):
                place = int(random.integers(self._total[-1]))
                within = int(random.integers(self.scored))
                run = int(np.searchsorted(self._total, place, side="right")) - 1
                index, start, begin, end = (int(value) for value in self._runs[run])
                frame = start + place - int(self._total[run]) - within
                frame = max(begin, min(frame, end - self.scored))
                if self._usable_share(index, frame) >= MOSTLY:
                    break
            chosen.append((index, frame))
        return chosen

    def batch(self, positions: list[tuple[int, int]]) -> dict[str, Tensor]:
        """The crops at `positions`.

        Shape:
            - TRACKS: [batch, preroll + scored] each; mfcc: [batch, preroll + scored, 30], if asked for
            - audio: [batch, scored * samples per frame]; usable: bool [batch, scored]; room: [batch]
            What lies outside the recording is silence, and not usable.
        """
        crops = [self._crop(index, start) for index, start in positions]
        batch = {name: torch.from_numpy(np.stack([crop[name] for crop in crops])) for name in crops[0]}
        batch["room"] = torch.tensor([self._room[index] for index, _ in positions])
        return batch

    def _crop(self, index: int, start: int) -> dict[str, np.ndarray]:
        first, last = max(start - self.preroll, 0), min(start + self.scored, self.data.frames(index))
        before, after = first - (start - self.preroll), start + self.scored - last
        names = [*TRACKS, "mfcc"] if self.mfcc else TRACKS
        crop = {name: self.data.read(index, name, first, last).astype(np.float32) for name in names}
        fill = FILL | {"f0": float(crop["f0"][0])}
        for name, value in crop.items():
            widths = [(before, after)] + [(0, 0)] * (value.ndim - 1)
            crop[name] = np.pad(value, widths, constant_values=fill[name])
        audio = self.data.read(index, "audio", start * self.length, last * self.length)
        crop["audio"] = np.pad(audio, (0, after * self.length))
        crop["usable"] = np.pad(self.data.read(index, "usable", start, last) > 0, (0, after))
        return crop


def _spread(windows: list[Window], most: int) -> list[Window]:
    """As many as allowed, evenly out of all."""
    chosen = np.unique(np.linspace(0, len(windows) - 1, min(len(windows), most)).round().astype(int))
    return [windows[index] for index in chosen]


class TrainingBatches(Dataset):
    """The training batches of steps `first` to `last`, this process's rows of them."""

    def __init__(self, crops: Crops, settings: Settings, first: int, last: int, rank: int = 0, processes: int = 1):
        self.crops, self.settings, self.first, self.last = crops, settings, first, last
        self.rank, self.processes = rank, processes

    def __len__(self) -> int:
        return max(0, self.last - self.first)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        if not 0 <= index < len(self):
            raise IndexError
        settings, step, own = self.settings, self.first + index, slice(self.rank, None, self.processes)
        batch = self.crops.batch(self.crops.positions(settings.seed, step, settings.batch)[own])
        random = np.random.Generator(np.random.Philox(key=[settings.seed, step], counter=[0, 0, 0, 1]))
        level, detune = torch.from_numpy(random.uniform(-1.0, 1.0, (2, settings.batch)).astype(np.float32))[:, own]
        batch = augment(batch, settings.level * level, settings.detune / 1200.0 * detune)
        if self.crops.joined_seconds and settings.lapses:
            factors = lapses(random, settings.batch, batch["f0"].shape[1], settings.lapses / FRAME_RATE)[own]
            batch["told_periodicity"] = batch["periodicity"] * torch.from_numpy(factors)
        return batch


def augment(batch: dict[str, Tensor], level: Tensor, detune: Tensor) -> dict[str, Tensor]:
    """The crops made `level` dB louder, [batch]; `detune` octaves, [batch], are left for `TrainingModel`."""
    batch["audio"] = batch["audio"] * (10.0 ** (level / 20.0))[:, None]
    for name in ("loudness", "fast_loudness"):
        loudness = batch[name]
        batch[name] = torch.where(loudness > SILENCE, (loudness + level[:, None]).clamp(min=SILENCE), loudness)
    if "mfcc" in batch:
        batch["mfcc"][..., 0] += level[:, None] * MFCC_PER_DB
    batch["detune"] = detune
    return batch


def lapses(random: np.random.Generator, rows: int, frames: int, rate: float) -> np.ndarray:
    """Factors of the periodicity, float32 [rows, frames]: below 1 for up to four frames from a share `rate` of them on.

    While notes change, the analyser's window holds both and hears little period. Joined notes mostly do so at an
    attack, and a network that takes the one for the other lets slurs dip. A lapse that changes nothing of the sound
    leaves it loudness alone to tell.
    """
    begun = np.pad(random.random((rows, frames)) < rate, ((0, 0), (LAPSE - 1, 0)))
    lapsed = np.lib.stride_tricks.sliding_window_view(begun, LAPSE, axis=1).any(axis=-1)
    return np.where(lapsed, random.uniform(*LAPSED, (rows, frames)), 1.0).astype(np.float32)


class ValidationBatches(Dataset):
    """The held-out windows, `batch` at a time; the same ones every time."""

    def __init__(self, crops: Crops, batch: int):
        self.crops, self.size = crops, batch

    def __len__(self) -> int:
        return math.ceil(len(self.crops.windows) / self.size)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        if not 0 <= index < len(self):
            raise IndexError
        return self.crops.batch(self.crops.windows[index * self.size : (index + 1) * self.size])
