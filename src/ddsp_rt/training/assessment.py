"""What a trained model can do, measured on the recordings' own features: loudness, pauses, and note by note."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ddsp_rt.analysis import FRAME_RATE, VOICED
from ddsp_rt.network import Usual
from ddsp_rt.note_names import hz_from_midi, midi_from_hz
from ddsp_rt.training.loss import a_weighted_level
from ddsp_rt.training.module import TrainingModule

SEED = 0x5EED
BATCH = 4  # windows rendered at once
FURTHER = 24  # windows of the part trained on, for notes that are not held out
STEPS = 6  # levels of loudness asked for
SOUNDS_ABOVE = -60.0  # dB
GAP_BELOW_LOUD = 25.0  # dB
GAP = 0.06  # seconds that a pause lasts at the least; as much is left out at its start, for the note's tail
SPECTRUM = 1024  # samples
LEAST_FRAMES = 25  # of a note that is judged


@dataclass
class Assessment:
    """Levels are dB (A). `follows`: slope of the level played against that asked for; `asked` and `played`: the ends.

    `gap_recorded` and `gap_played`: pauses against the loud level, None without pauses. `seconds`: learnt from, by MIDI
    note; `error`: mean |Δ ln| of the spectrum, by note. `rendered` and `recorded`: a held-out window, [samples].
    """

    loudness_l1: float
    follows: float
    asked: tuple[float, float]
    played: tuple[float, float]
    gap_recorded: float | None
    gap_played: float | None
    rendered: Tensor
    recorded: Tensor
    seconds: dict[int, float] = field(default_factory=dict)
    error: dict[int, float] = field(default_factory=dict)


@torch.no_grad()
def assess(module: TrainingModule) -> Assessment:
    """Measure the weights that are exported; the module is left as it was."""
    crops, rate = module.crops, module.crops.data.model_rate
    held_out = list(crops.windows)
    places = held_out + crops.positions(SEED, 0, FURTHER)
    differences, gaps, errors = [], [], {}
    example: tuple[Tensor, Tensor] | None = None
    with best_weights(module):
        for start in range(0, len(places), BATCH):
            part = places[start : start + BATCH]
            batch = {name: value.to(module.device) for name, value in crops.batch(part).items()}
            output = module(batch, module.draw(len(part), batch["f0"].shape[1], SEED + start))
            if example is None:
                example = output[0].cpu(), batch["audio"][0].cpu()
            levels = [a_weighted_level(audio, rate).cpu().numpy() for audio in (batch["audio"], output)]
            frames = {name: batch[name][:, crops.preroll :].cpu().numpy() for name in ("f0", "periodicity")}
            usable, spectral = batch["usable"].cpu().numpy(), _spectral_error(output, batch["audio"])
            for row in range(len(part)):
                recorded, played = (level[row] for level in levels)
                if start + row < len(held_out):
                    differences.append(np.abs(recorded - played)[recorded > SOUNDS_ABOVE])
                    gaps += _gaps(recorded, played, module)
                notes = _notes(frames["f0"][row], frames["periodicity"][row], usable[row])
                _gather(errors, notes, spectral[row])
        asked, played, slope = _sweep(module)
    assert example is not None
    off = np.concatenate(differences)
    gap = np.median(np.array(gaps), axis=0) if gaps else (None, None)
    l1 = float(off.mean()) if len(off) else math.nan
    pauses = (None if level is None else float(level) for level in gap)
    error = {note: total / count for note, (total, count) in sorted(errors.items()) if count >= LEAST_FRAMES}
    return Assessment(l1, slope, asked, played, *pauses, *example, _seconds(module), error)


@contextmanager
def best_weights(module: TrainingModule) -> Iterator[None]:
    """The weights that are exported, in place of those that training goes on with."""
    best = module.best or module.average
    kept = {name: weight.data for name, weight in module.model.named_parameters()}
    try:
        for name, weight in module.model.named_parameters():
            weight.data = best[name].to(weight.device)
        yield
    finally:
        for name, weight in module.model.named_parameters():
            weight.data = kept[name]


def _sweep(module: TrainingModule) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Steady notes, dry, from the softest to the loudest of the data: levels asked for and played, and their slope."""
    table = module.crops.data.table["quantiles"]
    probabilities = np.array(table["probabilities"])
    pitch = np.interp([0.25, 0.5, 0.75], probabilities, table["pitch_midi"])
    ends = np.interp([0.02, 0.98], probabilities, table["loudness_db"])
    levels = np.linspace(ends[0], max(ends[1], ends[0] + 1.0), STEPS)
    f0 = torch.tensor(np.repeat(hz_from_midi(pitch), STEPS), dtype=torch.float32, device=module.device)
    loudness = torch.tensor(np.tile(levels, len(pitch)), dtype=torch.float32, device=module.device)
    frames, rows = FRAME_RATE, len(f0)
    track = lambda value: value[:, None].expand(rows, frames)  # noqa: E731
    z = None
    if module.model.network.encoder is not None:
        mfcc = torch.zeros(rows, frames, 30, device=module.device)
        z, _ = module.model.network.encoder.step(mfcc)
    periodicity = torch.full_like(f0, table["periodicity_median"])
    fast_loudness, balance = Usual(module.crops.data.table)(track(loudness))
    controls = module.model.network.decoder(
        track(f0), track(periodicity), track(loudness), z, fast_loudness=fast_loudness, balance=balance
    )[:3]
    audio, _ = module.model.synthesizer(track(f0), *controls)
    level = a_weighted_level(audio[:, audio.shape[1] // 2 :], module.crops.data.model_rate).mean(1).cpu().numpy()
    heard = np.median(level.reshape(len(pitch), STEPS), axis=0)
    slope = float(np.polyfit(levels, heard, 1)[0])
    return (float(levels[0]), float(levels[-1])), (float(heard[0]), float(heard[-1])), slope


def _gaps(recorded: np.ndarray, played: np.ndarray, module: TrainingModule) -> list[tuple[float, float]]:
    """Of each pause of a window, the level recorded and played, against loud; what the gate silences is at -100 dB."""
    loud = np.percentile(recorded, 95)
    quiet = np.concatenate([[0], (recorded < loud - GAP_BELOW_LOUD).astype(np.int8), [0]])
    edges, least, found = np.flatnonzero(np.diff(quiet)), round(GAP * FRAME_RATE), []
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if start and stop - start >= 2 * least:
            inside = slice(start + least, stop)
            level = float(np.median(recorded[inside]))
            silent = level < module.crops.data.table["gate_db"]
            found.append((level - loud, -100.0 if silent else float(np.median(played[inside])) - loud))
    return found


def _spectral_error(output: Tensor, target: Tensor) -> np.ndarray:
    """Mean |Δ ln| of the spectrum about each frame: [batch, frames]."""
    hop = SPECTRUM // 4
    window = torch.hann_window(SPECTRUM, device=output.device)

    def log_spectrum(x: torch.Tensor) -> torch.Tensor:
        return torch.stft(x, SPECTRUM, hop, window=window, return_complex=True).abs().add(1e-4).log()

    return (log_spectrum(output) - log_spectrum(target)).abs().mean(1).cpu().numpy()


def _notes(f0: np.ndarray, periodicity: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """The MIDI note of each frame, -1 where none sounds."""
    midi = np.round(midi_from_hz(np.maximum(f0, 1.0))).astype(int)
    return np.where((periodicity >= VOICED) & (usable > 0), midi, -1)


def _gather(errors: dict[int, tuple[float, int]], notes: np.ndarray, spectral: np.ndarray) -> None:
    at = (np.arange(len(notes)) * (len(spectral) - 1) // max(len(notes) - 1, 1)).astype(int)
    for note in np.unique(notes[notes >= 0]):
        own = spectral[at[notes == note]]
        total, count = errors.get(int(note), (0.0, 0))
        errors[int(note)] = (total + float(own.sum()), count + len(own))


def _seconds(module: TrainingModule) -> dict[int, float]:
    """Seconds of each note in the data."""
    data, counts = module.crops.data, np.zeros(140, np.int64)
    for index in (index for index in range(len(data)) if not data.is_joined(index)):
        notes = _notes(*(data.read(index, name) for name in ("f0", "periodicity", "usable")))
        counts += np.bincount(np.clip(notes[notes >= 0], 0, 139), minlength=140)
    return {int(note): counts[note] / FRAME_RATE for note in np.flatnonzero(counts)}
