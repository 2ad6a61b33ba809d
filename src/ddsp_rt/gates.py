"""Which frames of a recording can be learnt from, and why the others cannot: shared by `inspect` and `train`.

Only numpy is needed, so the gates run wherever training runs. All arrays named *frames* follow the 4 ms clock:
frame k is the analysis at sample round(k * rate / 250).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ddsp_rt.analysis import FRAME_RATE, VOICED
from ddsp_rt.octave_double_stops import octave_votes
from ddsp_rt.sound_files.clipping import flat_tops

SILENCE_BELOW_LOUD = 50.0  # dB under the recording's loud level (95th percentile)
SILENCE_ABSOLUTE = -75.0  # dB: below this a frame is silent whatever the recording's level
HEARD_BELOW_LOUD = 40.0  # dB under the loud level down to which a frame is heard beside the loud ones
MOSTLY_PITCHED = 0.5  # share of the heard frames that have a pitch where a melody is played
KEPT_AFTER_SOUND = 1.0  # seconds of a pause that stay usable: releases and reverberation are worth learning
KEPT_BEFORE_SOUND = 0.1  # seconds of silence kept before an onset
CLIP_MARGIN = 0.010  # seconds around a clipped sample
WINDOW = 0.064  # seconds, of the spectra judged for polyphony
HOP = 0.016  # seconds
FAINT = 30.0  # dB under the loud level from which spectra and jumps are not judged: reverberation, pauses
WEAKEST = 0.02  # of the strongest peak: weaker ones are not judged
PROMINENT = 8.0  # times the median around it that make a peak stand out; in noise the highest reach 5
UNEXPLAINED = 0.12  # share of peak energy off the harmonic series from which a spectrum counts as two notes
HIGHEST = 16  # harmonic looked at
PAIRS = np.array([(p, q) for p in range(2, 9) for q in range(p + 1, 10) if np.gcd(p, q) == 1])  # of two notes' numbers
DIVIDED = [np.arange(HIGHEST + 1) % PAIRS[:, [side]] == 0 for side in (0, 1)]  # [pairs, numbers], by p and by q
HARMONICS = 2  # that each of two notes must show
LOW = 100.0  # Hz: a note heard below may have a weak fundamental and few strong harmonics
LEFT_OVER = 0.02  # share of energy off two notes' own series that still makes a series their common period
FEWEST = 3  # spectra judged, for a verdict
BATCH = 64  # spectra taken at once
SUSTAINED = 0.2  # seconds over which most spectra must agree
JUMP = 100.0  # cents between neighbouring frames that count as a jump of the pitch track
JUMPS = 4  # jumps within SUSTAINED seconds that make a passage unsteady: faster than any trill


@dataclass(frozen=True)
class Gates:
    """The verdict on one recording: `usable` is bool [frames], `reasons` tells why not, by name, each bool [frames]."""

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
        "unsteady": unsteady_frames(f0, periodicity, loudness),
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


def heard_frames(loudness: np.ndarray) -> np.ndarray:
    """Frames that are heard beside the loud ones, of which most have a pitch where a melody is played. bool [frames]"""
    if len(loudness) == 0:
        return np.zeros(0, bool)
    return loudness > max(float(np.percentile(loudness, 95)) - HEARD_BELOW_LOUD, SILENCE_ABSOLUTE)


def long_silence(loudness: np.ndarray) -> np.ndarray:
    """Silent frames more than a second after sound and more than a tenth before it. bool [frames]."""
    sounding = ~silent_frames(loudness)
    after, before = (round(s * FRAME_RATE) for s in (KEPT_AFTER_SOUND, KEPT_BEFORE_SOUND))
    return ~_spread(sounding, before, after)


def clipped_samples(audio: np.ndarray) -> np.ndarray:
    """Samples on a flat top: at least 3 equal ones at full scale, or 4 near the peak, with steep flanks.

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
    clipped |= flat_tops(audio)
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


def unsteady_frames(f0: np.ndarray, periodicity: np.ndarray, loudness: np.ndarray) -> np.ndarray:
    """Passages where the pitch track jumps about faster than a trill, as it does in chords and noise. bool [frames].

    Jumps of faint frames do not count: between tongued notes a track wanders in what is left of the sound, and the
    attacks beside it are worth learning.
    """
    if len(f0) < 2:
        return np.zeros(len(f0), bool)
    cents = 1200 * np.abs(np.diff(np.log2(np.maximum(f0, 1.0)), prepend=np.log2(max(float(f0[0]), 1.0))))
    voiced = (periodicity >= VOICED) & (loudness >= np.percentile(loudness, 95) - FAINT)
    jump = (cents > JUMP) & voiced & np.roll(voiced, 1)
    width = int(SUSTAINED * FRAME_RATE)
    return _moving_sum(jump, width) >= JUMPS


def polyphonic_frames(audio, rate: int, f0, periodicity, loudness) -> np.ndarray:
    """Passages where a second note sounds. bool [frames].

    In spectra of 64 ms every 16 ms, the strong peaks up to 5 kHz are laid against harmonic series: that of f0 where the
    tracker is sure of a steady pitch, else those of every note the peaks suggest, for two notes leave a tracker unsure.
    When no single series explains the peaks, two notes sound. Noise has no peaks that stand out, and is not judged. A
    frame is polyphonic when most of the judged spectra within a tenth of a second of it are. The peaks of an octave are
    those of one note: it is found by its tuning, in spectra of its own, and passes when it is in tune.
    """
    frames = len(f0)
    size, hop = round(WINDOW * rate), round(HOP * rate)
    if frames == 0 or len(audio) < size:
        return np.zeros(frames, bool)
    fft_size = 1 << int(np.ceil(np.log2(2 * size)))
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    faint = loudness < np.percentile(loudness, 95) - FAINT
    half = int(WINDOW / 2 * FRAME_RATE)
    votes, judged = np.zeros(frames), np.zeros(frames)
    spectra = []  # to look at: first sample, frame amid it, f0 or None
    for start in range(0, len(audio) - size + 1, hop):
        centre = int((start + size // 2) * FRAME_RATE / rate)
        part = slice(max(centre - half, 0), min(centre + half + 1, frames))
        if centre >= frames or faint[centre]:
            continue
        voiced = periodicity[part] >= VOICED
        known = None
        if np.count_nonzero(voiced) >= 0.7 * len(voiced):
            low, known, high = _quantiles(f0[part][voiced], (0.1, 0.5, 0.9))
            if 1200 * np.log2(high / low) > 120:
                continue
        spectra.append((start, centre, known))
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(audio, np.float32), size)
    for first in range(0, len(spectra), BATCH):
        some = spectra[first : first + BATCH]
        magnitudes = np.abs(np.fft.rfft(windows[[start for start, _, _ in some]] * window, fft_size))
        for (_, centre, known), (frequency, energy) in zip(some, _peaks(magnitudes, rate / fft_size)):
            if known is None and len(frequency) < 3:
                continue
            judged[centre] = 1
            candidates = _candidates(frequency, energy) if known is None else [known]
            votes[centre] = not any(_is_one_note(frequency, energy, note, known is not None) for note in candidates)
    octaves = octave_votes(np.asarray(audio, np.float32), rate, f0, periodicity, ~faint)
    return _most(judged, votes) | _most(*octaves)


def _most(judged: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """Frames around which spectra enough were judged and most of them voted for two notes. bool [frames]."""
    width = int(SUSTAINED * FRAME_RATE)
    judged, votes = _moving_sum(judged, width), _moving_sum(votes, width)
    return (judged >= FEWEST) & (votes > 0.6 * judged)


def _quantiles(values: np.ndarray, shares) -> np.ndarray:
    """np.quantile of a few values, without its overhead, which would be most of the time spent here."""
    return np.interp(np.multiply(shares, len(values) - 1), np.arange(len(values)), np.sort(values))


def _medians(rows: np.ndarray) -> np.ndarray:
    """np.median of each of some rows of an even length, without its overhead."""
    half = rows.shape[1] // 2
    return np.partition(rows, (half - 1, half), axis=1)[:, half - 1 : half + 1].mean(axis=1)


def _peaks(spectra: np.ndarray, bin_width: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each spectrum, the frequency (Hz) and energy of the peaks from 50 Hz to 5 kHz that stand out from the 600 Hz
    around them."""
    bottom, top = max(int(50.0 / bin_width), 1), min(int(5000.0 / bin_width), spectra.shape[1] - 2)
    if top - bottom < 4:
        return [(np.zeros(0), np.zeros(0))] * len(spectra)
    inner = spectra[:, bottom:top]
    is_peak = (inner > spectra[:, bottom - 1 : top - 1]) & (inner >= spectra[:, bottom + 1 : top + 1])
    row, where = np.nonzero(is_peak & (inner > WEAKEST * inner.max(axis=1, keepdims=True)))
    where += bottom
    around = int(300 / bin_width)
    first = np.clip(where - around, bottom, max(spectra.shape[1] - 2 * around, 0))
    surroundings = spectra[row[:, None], first[:, None] + np.arange(2 * around)]
    stands_out = spectra[row, where] > PROMINENT * _medians(surroundings)
    row, where = row[stands_out], where[stands_out]
    left, mid, right = (np.log(spectra[row, where + d] + 1e-12) for d in (-1, 0, 1))
    frequency = (where + 0.5 * (left - right) / np.minimum(left - 2 * mid + right, -1e-9)) * bin_width
    energy = spectra[row, where].astype(np.float64) ** 2
    ends = np.searchsorted(row, np.arange(len(spectra)), side="right")
    return [(frequency[start:end], energy[start:end]) for start, end in zip([0, *ends], ends)]


def _candidates(frequency: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Fundamentals that the strongest peaks suggest, as their first to sixth harmonics: Hz."""
    strongest = frequency[np.argsort(energy)[::-1][:5]]
    notes = (strongest[:, None] / np.arange(1, 7)).ravel()
    return notes[notes > 55.0]


def _is_one_note(frequency: np.ndarray, energy: np.ndarray, f0: float, heard: bool) -> bool:
    """Whether one harmonic series on f0 Hz explains the peaks. heard: f0 is what the tracker is sure of."""
    low = frequency < min(5000.0, HIGHEST * f0) + 0.5 * f0
    frequency, energy = frequency[low], energy[low]
    if len(frequency) == 0:
        return True
    number = np.round(frequency / f0)
    tolerance = np.minimum(0.25 * f0, np.maximum(0.8 / WINDOW, 0.012 * frequency))
    on_series = (number >= 1) & (np.abs(frequency - number * f0) <= tolerance)
    if energy[~on_series].sum() > UNEXPLAINED * energy.sum():
        return False
    return not _is_common_period(number[on_series].astype(int), energy[on_series], heard and f0 < LOW)


def _is_common_period(number: np.ndarray, energy: np.ndarray, low: bool) -> bool:
    """Whether only multiples of two numbers sound in a harmonic series: two notes heard as their common period.

    Each must show several harmonics: of a low single note with a weak fundamental often two or three neighbouring ones
    are all that stands out. Where the note heard is low, they must not be the other's as well.
    """
    total = energy.sum()
    of_p, of_q = (divided[:, number] for divided in DIVIDED)  # [pairs, peaks]
    left_over = ~(of_p | of_q) @ energy
    p_alone, q_alone = of_p & ~of_q, of_q & ~of_p
    weaker = np.minimum(p_alone @ energy, q_alone @ energy)
    fewer = np.minimum(*(side.sum(axis=1) for side in ((p_alone, q_alone) if low else (of_p, of_q))))
    return bool(np.any((left_over <= LEFT_OVER * total) & (weaker > UNEXPLAINED * total) & (fewer >= HARMONICS)))


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
