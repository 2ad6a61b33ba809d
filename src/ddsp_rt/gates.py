"""Which frames of a recording can be learnt from, and why the others cannot: shared by `inspect` and `train`.

Only numpy is needed, so the gates run wherever training runs. All arrays named *frames* follow the 4 ms clock:
frame k is the analysis at sample round(k * rate / 250).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FRAME_RATE = 250  # frames per second
REASONS = ("silence", "clipping", "polyphony", "unsteady")

VOICED = 0.5  # periodicity from which a frame counts as pitched
SILENCE_BELOW_LOUD = 50.0  # dB under the recording's loud level (95th percentile)
SILENCE_ABSOLUTE = -75.0  # dB: below this a frame is silent whatever the recording's level
KEPT_AFTER_SOUND = 1.0  # seconds of a pause that stay usable: releases and reverberation are worth learning
KEPT_BEFORE_SOUND = 0.1  # seconds of silence kept before an onset
CLIP_MARGIN = 0.010  # seconds around a clipped sample
WINDOW = 0.064  # seconds, of the spectra judged for polyphony
HOP = 0.016  # seconds
UNEXPLAINED = 0.12  # share of peak energy off the harmonic series from which a spectrum counts as two notes
SUSTAINED = 0.2  # seconds over which most spectra must agree
JUMP = 100.0  # cents between neighbouring frames that count as a jump of the pitch track
JUMPS = 4  # jumps within SUSTAINED seconds that make a passage unsteady: faster than any trill


@dataclass(frozen=True)
class Gates:
    """The verdict on one recording: `usable` is bool [frames], `reasons` maps each of REASONS to bool [frames]."""

    usable: np.ndarray
    reasons: dict[str, np.ndarray]

    @property
    def usable_seconds(self) -> float:
        return float(np.sum(self.usable)) / FRAME_RATE

    def left_out_seconds(self) -> dict[str, float]:
        """Seconds each reason applies to; reasons may overlap."""
        return {name: float(np.sum(mask)) / FRAME_RATE for name, mask in self.reasons.items()}


def usable_frames(audio, rate: int, f0, periodicity, loudness) -> Gates:
    """Judges one recording.

    Args:
        audio: float [samples], full scale 1.
        rate: samples per second.
        f0: float [frames], Hz, held where unvoiced.
        periodicity: float [frames], 0-1; voiced from 0.5.
        loudness: float [frames], A-weighted dB.
    """
    audio = np.nan_to_num(np.asarray(audio, np.float32), posinf=0.0, neginf=0.0)
    f0, periodicity, loudness = (np.asarray(x, np.float32) for x in (f0, periodicity, loudness))
    frames = len(f0)
    if not len(periodicity) == len(loudness) == frames:
        raise ValueError(f"f0, periodicity and loudness have {frames}, {len(periodicity)} and {len(loudness)} frames")
    reasons = {
        "silence": long_silence(loudness),
        "clipping": clipped_frames(audio, rate, frames),
        "polyphony": polyphonic_frames(audio, rate, f0, periodicity, loudness),
        "unsteady": unsteady_frames(f0, periodicity),
    }
    left_out = np.zeros(frames, bool)
    for mask in reasons.values():
        left_out |= mask
    return Gates(~left_out, reasons)


def silent_frames(loudness: np.ndarray) -> np.ndarray:
    """Frames without sound: 50 dB under the recording's loud level, or under -75 dB. bool [frames]."""
    if len(loudness) == 0:
        return np.zeros(0, bool)
    loud = np.percentile(loudness, 95)
    return loudness < max(loud - SILENCE_BELOW_LOUD, SILENCE_ABSOLUTE)


def long_silence(loudness: np.ndarray) -> np.ndarray:
    """Silent frames more than a second after sound and more than a tenth before it. bool [frames]."""
    sounding = ~silent_frames(loudness)
    after, before = (int(round(s * FRAME_RATE)) for s in (KEPT_AFTER_SOUND, KEPT_BEFORE_SOUND))
    return ~_spread(sounding, before, after)


def clipped_samples(audio: np.ndarray) -> np.ndarray:
    """Samples on a flat top: at least 3 in a row at full scale, or 4 equal ones near the peak with steep flanks.

    The flanks tell a clipped wave from the smooth top of a slow one. Returns bool [samples].
    """
    audio = np.asarray(audio, np.float32)
    clipped = np.zeros(len(audio), bool)
    if len(audio) < 6:
        return clipped
    size = np.abs(audio)
    peak = float(size.max())
    if peak < 0.05:
        return clipped
    step = 2.0**-15  # one step of 16 bits
    for start, stop in _runs(size >= 0.9998):
        if stop - start >= 3:
            clipped[start:stop] = True
    same = (np.abs(np.diff(audio)) <= step) & (np.minimum(size[1:], size[:-1]) >= 0.9 * peak)
    for start, stop in _runs(same):
        if stop - start < 3 or start == 0 or stop + 1 >= len(audio):
            continue
        flanks = abs(audio[start] - audio[start - 1]), abs(audio[stop + 1] - audio[stop])
        if min(flanks) >= 8 * step:
            clipped[start : stop + 1] = True
    return clipped


def clipped_frames(audio: np.ndarray, rate: int, frames: int) -> np.ndarray:
    """Frames within 10 ms of a clipped sample. bool [frames]."""
    mask = np.zeros(frames, bool)
    where = np.flatnonzero(clipped_samples(audio)) * FRAME_RATE // rate
    mask[where[where < frames]] = True
    margin = int(np.ceil(CLIP_MARGIN * FRAME_RATE))
    return _spread(mask, margin, margin)


def unsteady_frames(f0: np.ndarray, periodicity: np.ndarray) -> np.ndarray:
    """Passages where the pitch track jumps about faster than a trill, as it does in chords and noise. bool [frames]."""
    if len(f0) < 2:
        return np.zeros(len(f0), bool)
    cents = 1200 * np.abs(np.diff(np.log2(np.maximum(f0, 1.0)), prepend=np.log2(max(float(f0[0]), 1.0))))
    voiced = periodicity >= VOICED
    jump = (cents > JUMP) & voiced & np.roll(voiced, 1)
    width = int(SUSTAINED * FRAME_RATE)
    return _moving_sum(jump, width) >= JUMPS


def polyphonic_frames(audio, rate: int, f0, periodicity, loudness) -> np.ndarray:
    """Passages where a second note sounds. bool [frames].

    In spectra of 64 ms every 16 ms, the strong peaks up to 5 kHz are laid against the harmonic series of f0. Two
    notes show as energy off that series or, when the tracker took their common period for the note, as a series of
    which only the multiples of two numbers sound. Spectra in which the pitch moves are not judged. A frame is
    polyphonic when most of the judged spectra within a tenth of a second of it are.
    """
    frames = len(f0)
    size, hop = int(round(WINDOW * rate)), int(round(HOP * rate))
    if frames == 0 or len(audio) < size:
        return np.zeros(frames, bool)
    fft_size = 1 << int(np.ceil(np.log2(2 * size)))
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    silent = silent_frames(loudness)
    half = int(WINDOW / 2 * FRAME_RATE)
    votes, judged = np.zeros(frames), np.zeros(frames)
    for start in range(0, len(audio) - size + 1, hop):
        centre = int((start + size // 2) * FRAME_RATE / rate)
        part = slice(max(centre - half, 0), min(centre + half + 1, frames))
        voiced = periodicity[part] >= VOICED
        if centre >= frames or silent[centre] or voiced.size == 0 or np.mean(voiced) < 0.7:
            continue
        track = f0[part][voiced]
        low, high = np.percentile(track, [10, 90])
        if 1200 * np.log2(high / low) > 120:
            continue
        spectrum = np.abs(np.fft.rfft(audio[start : start + size] * window, fft_size))
        judged[centre] = 1
        votes[centre] = _holds_two_notes(spectrum, rate / fft_size, float(np.median(track)))
    width = int(SUSTAINED * FRAME_RATE)
    votes, judged = _moving_sum(votes, width), _moving_sum(judged, width)
    return (judged >= 3) & (votes > 0.6 * judged)


def _holds_two_notes(spectrum: np.ndarray, bin_width: float, f0: float) -> bool:
    """Whether peaks of a magnitude spectrum (bins of `bin_width` Hz) speak against a single note at f0 Hz."""
    top = min(int(min(5000.0, 16 * f0) / bin_width), len(spectrum) - 2)
    bottom = max(int(50.0 / bin_width), 1)
    if top - bottom < 4:
        return False
    inner = spectrum[bottom:top]
    is_peak = (inner > spectrum[bottom - 1 : top - 1]) & (inner >= spectrum[bottom + 1 : top + 1])
    is_peak &= inner > 0.01 * inner.max()
    where = np.flatnonzero(is_peak) + bottom
    if len(where) == 0:
        return False
    left, mid, right = (np.log(spectrum[where + d] + 1e-12) for d in (-1, 0, 1))
    frequency = (where + 0.5 * (left - right) / np.minimum(left - 2 * mid + right, -1e-9)) * bin_width
    energy = spectrum[where].astype(np.float64) ** 2
    number = np.round(frequency / f0)
    off = np.abs(frequency - number * f0)
    tolerance = np.minimum(0.25 * f0, np.maximum(1.0 / WINDOW, 0.015 * frequency))
    on_series = (number >= 1) & (off <= tolerance)
    total = energy.sum()
    if energy[~on_series].sum() > UNEXPLAINED * total:
        return True
    return _is_common_period(number[on_series].astype(int), energy[on_series])


def _is_common_period(number: np.ndarray, energy: np.ndarray) -> bool:
    """Whether only multiples of two numbers sound in a harmonic series: two notes heard as their common period."""
    total = energy.sum()
    for p, q in ((2, 3), (3, 4), (4, 5), (5, 6), (3, 5), (5, 8)):
        of_p, of_q = number % p == 0, number % q == 0
        if energy[~(of_p | of_q)].sum() > 0.003 * total:
            continue
        if min(energy[of_p & ~of_q].sum(), energy[of_q & ~of_p].sum()) > UNEXPLAINED * total:
            return True
    return False


def _runs(mask: np.ndarray):
    """Start and stop of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return zip(edges[::2], edges[1::2])


def _spread(mask: np.ndarray, before: int, after: int) -> np.ndarray:
    """True from `before` frames before each True to `after` frames after it."""
    change = np.zeros(len(mask) + 1, np.int64)
    for start, stop in _runs(mask):
        change[max(start - before, 0)] += 1
        change[min(stop + after, len(mask))] -= 1
    return np.cumsum(change)[:-1] > 0


def _moving_sum(values: np.ndarray, width: int) -> np.ndarray:
    """Sum over a centred window of `width` entries, zeros beyond the ends."""
    total = np.concatenate([[0.0], np.cumsum(np.asarray(values, np.float64))])
    index = np.arange(len(values))
    high, low = np.minimum(index + width // 2 + 1, len(values)), np.maximum(index - width // 2, 0)
    return total[high] - total[low]
