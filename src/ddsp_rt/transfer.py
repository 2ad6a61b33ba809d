"""A file in, a file out: the live path run fast over blocks, so that an hour needs no more memory than a minute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddsp_rt import _engine
from ddsp_rt.analysis import HIGHEST_F0, LOWEST_F0, Features
from ddsp_rt.audio import AudioReader
from ddsp_rt.audio_writer import write_played
from ddsp_rt.checks import as_rate, nearest_rate
from ddsp_rt.gates import silent_frames, usable_frames
from ddsp_rt.instrument import Instrument

POLYPHONIC_SHARE = 0.2  # of the opening, from which the performer should hear of it
OUTSIDE_SHARE = 0.02  # of what sounds, from which the performer should hear of it
NEARLY_SILENT = 1e-3  # -60 dBFS
BEYOND_SHARE = 0.02  # of what sounds, beyond the instrument's range, from which the performer should hear of it
CLIPPED_SHARE = 1e-3  # of the samples at full scale, from which the performer should hear of it


@dataclass(frozen=True)
class Made:
    """What a transfer made, and what its maker should know."""

    path: Path
    rate: int  # Hz
    seconds: float  # of the performance
    tail: float  # seconds after it
    octave: int
    gain_db: float  # 0, or how far the result was turned down to fit an integer format
    notes: tuple[str, ...]


def transfer_file(
    instrument: Instrument,
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    octave: int | str = "auto",
    loudness: float | str = "auto",
    reverb: float = 1.0,
    sample_rate: int | None = None,
    bit_depth: str = "16",
    z: str = "source",
    advance: Callable[[float], None] = lambda amount: None,
    channel: int | None = None,
    loudness_range: float = 1.0,
) -> Made:
    """Play `instrument` as the file `source` is performed, and write it to `target` (WAV, FLAC or AIFF).

    The file is read twice: once to fit octave and loudness, once to play. Integer formats cannot hold samples beyond
    full scale; when the result has some it is played again, turned down as a whole.

    Args:
        octave, loudness, reverb, z, loudness_range: as in `Instrument.transfer`.
        sample_rate: Hz of the result; None keeps the source's (brought into the engine's range if need be).
        bit_depth: "16", "24" or "float".
        advance: told the share of the work done since it was last called; the shares sum to about 1.
        channel: which channel of the source is played, counted from 1; None mixes them down as `AudioReader` does.

    Raises:
        DataError, UsageError: one clear line each; nothing is written then, and an old `target` stays.
    """
    with AudioReader(source, channel) as reader:
        rate = as_rate(sample_rate if sample_rate is not None else nearest_rate(reader.rate))

        def report(block: np.ndarray, share: float) -> None:
            advance(share * len(block) / max(reader.frames, 1))

        opening = Opening(rate)
        features = _analyse(reader, rate, report, opening)
        fitting = instrument.fit(features, octave, loudness, loudness_range)
        tail = 0

        def play() -> Iterator[np.ndarray]:
            nonlocal tail
            stream = instrument.stream(rate, fitting, reverb, z)
            for block in _resampled(reader, rate):
                yield stream.process(block)
                report(block, 0.7 * reader.rate / rate)
            rest = stream.tail()
            tail = len(rest)
            yield rest

        written = write_played(target, rate, bit_depth, play, int(reader.frames * rate / reader.rate))
        notes = _notes(reader, features, opening, written.peak)
        notes += _beyond(instrument, features, fitting.octave, reader.name)
    seconds, gain_db = (written.frames - tail) / rate, 20 * float(np.log10(written.gain))
    return Made(Path(target), rate, seconds, tail / rate, fitting.octave, gain_db, notes)


def analyse_file(
    reader: AudioReader, rate: int, advance: Callable[[float], None] = lambda amount: None
) -> tuple[Features, tuple[str, ...]]:
    """What is heard in a file, and what its maker should know of it; `rate` is the engine's, in Hz."""
    opening = Opening(rate)
    features = _analyse(
        reader, rate, lambda block, share: advance(len(block) / max(reader.frames * rate / reader.rate, 1)), opening
    )
    return features, _notes(reader, features, opening)


class Opening:
    """The first seconds of a performance, kept to judge whether one line sounds or several."""

    SECONDS = 30.0

    def __init__(self, rate: int):
        self.rate = rate
        self._blocks: list[np.ndarray] = []
        self._room = int(self.SECONDS * rate)

    def hear(self, block: np.ndarray) -> None:
        if self._room > 0:
            self._blocks.append(block[: self._room].copy())
            self._room -= len(self._blocks[-1])

    def several_notes(self, features: Features) -> float:
        """The share of it in which more than one note sounds, 0..1."""
        audio = np.concatenate([np.zeros(0, np.float32), *self._blocks])
        if not len(audio):
            return 0.0
        frames = min(len(features), _engine.frame_count(len(audio), self.rate))
        heard = (features.f0[:frames], features.periodicity[:frames], features.loudness[:frames])
        return usable_frames(audio, self.rate, *heard).left_out_seconds()["polyphony"] * self.rate / len(audio)


def _analyse(reader: AudioReader, rate: int, report: Callable[[np.ndarray, float], None], opening: Opening) -> Features:
    analyser = _engine.Analyser(rate)
    parts = []
    for block in _resampled(reader, rate):
        opening.hear(block)
        parts.append(analyser.process(block))
        report(block, 0.3 * reader.rate / rate)
    return Features.from_parts(parts)


def _resampled(reader: AudioReader, rate: int) -> Iterator[np.ndarray]:
    if reader.rate == rate:
        yield from reader.blocks()
        return
    import soxr

    resampler = soxr.ResampleStream(reader.rate, rate, 1, dtype="float32", quality="HQ")
    for block in reader.blocks():
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _notes(reader: AudioReader, features: Features, opening: Opening, peak: float | None = None) -> tuple[str, ...]:
    """What in the source will be heard in the result, if there is one, whose largest magnitude is `peak`."""
    notes = [reader.note] if reader.note else []
    if reader.clipped_samples > CLIPPED_SHARE * reader.frames_read:
        share = 100 * reader.clipped_samples / reader.frames_read
        notes.append(f"{reader.name}: clipped ({share:.1f} % of its samples at full scale); record it softer")
    several = opening.several_notes(features)
    if several > POLYPHONIC_SHARE:
        notes.append(f"{reader.name}: several notes at once in {100 * several:.0f} % of it; only one line is followed")
    for share, where in zip(features.outside_share(~silent_frames(features.loudness)), ("below", "above")):
        if share > OUTSIDE_SHARE:
            notes.append(
                f"{reader.name}: {100 * share:.0f} % of it lies {where} the pitches that are followed "
                f"({LOWEST_F0:g} to {HIGHEST_F0:g} Hz){' and plays as noise' if peak is not None else ''}"
            )
    if not features.voiced.any():
        sounds = "" if peak is None else "silent or nearly so" if peak < NEARLY_SILENT else "noise without a note"
        notes.append(f"{reader.name}: no pitch found in it{'; the result is ' + sounds if sounds else ''}")
    return tuple(notes)


def _beyond(instrument: Instrument, features: Features, octave: int, name: str) -> tuple[str, ...]:
    """How much of the source the instrument has no notes for."""
    shares = zip(("below", "above"), instrument.beyond(features, octave))
    return tuple(
        f"{name}: {100 * share:.0f} % of this lies {where} the {instrument.name}'s range"
        for where, share in shares
        if share >= BEYOND_SHARE
    )
