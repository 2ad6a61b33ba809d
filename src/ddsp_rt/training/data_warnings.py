"""What a musician should know of the data before training begins: too little of it, no pitch, a pitch out of range."""

from __future__ import annotations

import numpy as np

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.gates import VOICED
from ddsp_rt.training.data_file import PreparedData

LEAST = 60.0  # usable seconds
SOUNDING_BELOW_LOUD = 40.0  # dB
MOSTLY_PITCHED = 0.5  # share of sounding frames
SHORT_EVENT = 0.35  # seconds: mostly shorter sounds without pitch are hits
EDGE = 1.03  # this near to the end of the analyser's range, the pitch is likely to lie beyond
MANY = 0.1  # share of voiced frames
TRIED = 200  # frames looked at for an octave that was misread
SPECTRUM = 0.25  # seconds
REPEATS = 0.85  # correlation with itself a period later
MISSING = 0.02  # of the energy: harmonics weaker than that are not there


def data_warnings(data: PreparedData, usable_seconds: float) -> list[str]:
    """Lines for the user, none when all is well."""
    lines = []
    if usable_seconds < LEAST:
        lines.append(
            f"Only {usable_seconds:.0f} s can be learnt from: an instrument needs a minute at the least, and is good "
            "with five to fifteen."
        )
    sounding, voiced, edge, events = 0, 0, 0, []
    low, high = (float(data.table["analyser"][key]) for key in ("f0_low", "f0_high"))
    for index in range(len(data)):
        f0, periodicity, loudness = (data.read(index, name) for name in ("f0", "periodicity", "loudness"))
        heard = loudness > max(float(np.percentile(loudness, 95)) - SOUNDING_BELOW_LOUD, -75.0)
        pitched = heard & (periodicity >= VOICED)
        sounding, voiced = sounding + int(heard.sum()), voiced + int(pitched.sum())
        edge += int((pitched & ((f0 < low * EDGE) | (f0 > high / EDGE))).sum())
        edges = np.flatnonzero(np.diff(np.concatenate([[0], heard.astype(np.int8), [0]])))
        events += ((edges[1::2] - edges[::2]) / FRAME_RATE).tolist()
    beneath = _beneath(data, low) if voiced < MOSTLY_PITCHED * sounding else 0.0
    if sounding and voiced < MOSTLY_PITCHED * sounding and beneath < MOSTLY_PITCHED:
        what = "percussion" if events and np.median(events) < SHORT_EVENT else "noise or speech"
        lines.append(
            f"Only {100 * voiced / sounding:.0f} % of the sound has a pitch: this seems to be {what}, of which no "
            "instrument can be made that follows a melody."
        )
    if voiced or beneath:
        beyond = max(edge / max(voiced, 1), _octave_misread(data, low, high), beneath)
        if beyond > MANY:
            lines.append(
                f"About {100 * beyond:.0f} % of the notes lie outside the range of pitch that is heard, {low:.0f} to "
                f"{high:.0f} Hz, or at its edge: they are read an octave off or not at all, and will be learnt as such."
            )
    return lines


def _octave_misread(data: PreparedData, low: float, high: float) -> float:
    """Share of voiced frames whose pitch was read an octave off because the true one lies outside `low` to `high` Hz.

    Of a note read an octave too low the odd harmonics are missing; one read an octave too high has partials between
    its harmonics. Looked for only where the true pitch would be out of range.
    """
    size = round(SPECTRUM * data.model_rate)
    window = np.hanning(size)
    wrong = tried = 0
    for index in range(len(data)):
        f0, periodicity, usable = (data.read(index, name) for name in ("f0", "periodicity", "usable"))
        frames = np.flatnonzero((periodicity >= 0.8) & (usable > 0))
        for frame in frames[:: max(1, len(frames) * len(data) // TRIED)]:
            tried += 1
            pitch = float(f0[frame])
            if low <= pitch / 2 and pitch * 2 <= high:
                continue
            half = size * FRAME_RATE // data.model_rate // 2
            first = min(max(int(frame) - half, 0), data.frames(index) - 2 * half - 1)
            if first < 0:
                continue
            length = data.model_rate // FRAME_RATE
            audio = data.read(index, "audio", first * length, first * length + size)
            power = np.abs(np.fft.rfft(audio * window)) ** 2
            step = data.model_rate / size
            odd, even = (_energy(power, pitch * np.arange(lowest, 9, 2), step) for lowest in (1, 2))
            if pitch * 2 > high:
                wrong += odd < MISSING * even
            else:
                wrong += _energy(power, pitch * np.arange(0.5, 6, 1.0), step) > MISSING * (odd + even)
    return wrong / tried if tried else 0.0


def _beneath(data: PreparedData, low: float) -> float:
    """Share of the unpitched sound that repeats itself less than `low` times a second."""
    size = round(SPECTRUM * data.model_rate)
    lags = slice(round(data.model_rate / low), round(data.model_rate / low * 1.7))
    length, found, tried = data.model_rate // FRAME_RATE, 0, 0
    for index in range(len(data)):
        periodicity, loudness = data.read(index, "periodicity"), data.read(index, "loudness")
        heard = loudness > max(float(np.percentile(loudness, 95)) - SOUNDING_BELOW_LOUD, -75.0)
        frames = np.flatnonzero(heard & (periodicity < VOICED))
        for frame in frames[:: max(1, len(frames) * len(data) // TRIED)]:
            audio = data.read(
                index, "audio", int(frame) * length, min(int(frame) * length + size, data.frames(index) * length)
            )
            if len(audio) < size:
                continue
            ahead = size - lags.stop
            match = np.correlate(audio[lags.start :], audio[:ahead], "valid")[: lags.stop - lags.start]
            energy = np.cumsum(np.concatenate([[0.0], audio.astype(np.float64) ** 2]))
            later = (energy[ahead:] - energy[: len(energy) - ahead])[lags]
            tried += 1
            found += bool(np.max(match / np.sqrt(later * energy[ahead] + 1e-12)) > REPEATS)
    return found / tried if tried else 0.0


def _energy(power: np.ndarray, frequencies: np.ndarray, bin_width: float) -> float:
    """Energy within a bin or two, or 1.5 %, of each frequency."""
    total = 0.0
    for frequency in frequencies:
        reach = max(2.0 * bin_width, 0.015 * frequency)
        low, high = int((frequency - reach) / bin_width), int((frequency + reach) / bin_width) + 2
        total += float(power[max(low, 0) : high].sum())
    return total
