"""Fundamental frequency of one voice or instrument, from the past only; the engine's `PitchTracker`."""

import math

import torch
from torch import Tensor, nn

from ddsp_rt.export.analysis.correlation import Correlation
from ddsp_rt.export.analysis.octave_memory import OctaveMemory, interval, is_multiple
from ddsp_rt.export.analysis.spectrum import Spectrum

HARMONICS = 10
SPLIT = 125.0  # Hz; below, candidates come from the low band
LOWEST_OF_ALL, HIGHEST_OF_ALL = 16.0, 6500.0  # Hz
LOW_RATE = 4000.0  # Hz, about; of the low band
LOW_SPECTRUM_SECONDS = 0.07
LOW_HIGHEST = 600.0  # Hz, of the pitches scanned in the low band


class PitchTracker(nn.Module):
    """Candidates are the peaks of two correlations; a harmonic sum and a short memory choose among them; the lag chosen
    is refined; height and comb decide on voicing. Docstrings of the engine's class say why.

    Args:
        rate: of the samples, Hz; low, high: Hz, of the pitches told.
    """

    f0: float  # Hz, the last voiced
    leap: float  # Hz, another pitch that was read
    leaps: int  # frames in a row that read it
    unvoiced: int  # frames since the last voiced one
    age: int  # of the note, voiced frames
    began: float  # height at which it did
    read: float  # Hz, the candidate chosen in the last frame
    still: int  # frames in a row that chose the same
    voiced: bool

    def __init__(self, rate: float, low: float, high: float) -> None:
        super().__init__()
        lowest = max(LOWEST_OF_ALL, 0.6 * low)
        self.rate, self.low, self.high = float(rate), float(low), float(high)
        self.split = max(SPLIT, lowest)
        self.correlation = Correlation(rate, min(low, self.split), self.split, min(HIGHEST_OF_ALL, 0.4 * rate))
        self.has_low = lowest < SPLIT
        self.low_factor = max(1, math.floor(rate / LOW_RATE + 0.5))
        self.low_rate = rate / self.low_factor
        lowest = min(lowest, SPLIT)  # where there is no low band its parts are made, and left alone
        self.low_correlation = Correlation(self.low_rate, lowest, lowest, LOW_HIGHEST)
        self.spectrum = Spectrum(rate)
        self.low_spectrum = Spectrum(self.low_rate, LOW_SPECTRUM_SECONDS)
        self.memory = OctaveMemory()
        h = torch.arange(1, HARMONICS + 1, dtype=torch.float32)
        self.register_buffer("weight", 0.75 ** (h - 1.0))
        thirds = torch.tensor([1.0, 2.0, 4.0, 5.0]) / 3.0
        self.register_buffer("multiples", torch.cat([h, h - 0.5, thirds]))
        is_third = torch.arange(2 * HARMONICS + 4) >= 2 * HARMONICS
        # Up to here the long spectrum of the low band tells harmonics apart better.
        self.register_buffer("long_below", torch.where(is_third, 400.0, 150.0) if self.has_low else torch.zeros(1))
        self.f0, self.leap, self.leaps, self.unvoiced, self.voiced = 220.0, 0.0, 0, 9, False
        self.age, self.began, self.read, self.still = 0, 0.0, 1.0, 0

    @torch.jit.export
    def start(self) -> None:
        self.memory.start()
        self.f0, self.leap, self.leaps, self.unvoiced, self.voiced = 220.0, 0.0, 0, 9, False
        self.age, self.began, self.read, self.still = 0, 0.0, 1.0, 0

    def at(self, both: Tensor, frequency: Tensor, long: Tensor) -> Tensor:
        """Magnitudes at frequencies, Hz, linear between bins, of the spectrum or, where `long`, of the low band's."""
        position = frequency / torch.where(long, self.low_spectrum.bin_hz, self.spectrum.bin_hz)
        below = position.floor()
        within = below + 1.0 < torch.where(long, float(self.low_spectrum.bins), float(self.spectrum.bins))
        below = torch.where(within, below, 0.0)
        index = below.to(torch.int64) + torch.where(long, self.spectrum.bins, 0)
        here, after = both[index], both[index + 1]
        return torch.where(within, here + (position - below) * (after - here), 0.0)

    def harmonic_sums(self, both: Tensor, f0: Tensor) -> Tensor:
        """How much of the spectrum each of `f0` [candidates] explains, less what it leaves over."""
        pitch = f0.unsqueeze(1)
        level = self.at(both, pitch * self.multiples, pitch < self.long_below).sqrt()
        on, between = level[:, :10] * self.weight, level[:, 10:20] * self.weight
        odd, even = on[:, 0::2].sum(1), on[:, 1::2].sum(1)
        most_odd, most_even = on[:, 0::2].amax(1), on[:, 1::2].amax(1)
        # A lone odd harmonic, weaker than the even ones, is an undertone and no sign of a pitch an octave lower.
        companions = (odd - most_odd) / (0.2 * most_odd + 1e-20)
        alone = most_odd < most_even
        if self.has_low:
            alone = alone & (f0 >= self.split)
        odd = torch.where(alone, odd - most_odd * (2.0 - companions).clamp(0.0, 1.0), odd)
        # Strong third harmonics pass for the pitch, but then the others of the true one are all there.
        thirds = torch.where(f0 > 66.0, level[:, 20:].sort(dim=1)[0][:, 1], 0.0)
        return odd + even - 0.6 * between.sum(1) - 0.4 * thirds

    def contrast(self, both: Tensor, f0: float, long: bool) -> float:
        """How far the spectrum stands out at the harmonics against half-way between: 0.5 for noise, up to 1."""
        chosen = torch.full_like(self.multiples, 1.0 if long else 0.0) > 0.5
        level = self.at(both, f0 * self.multiples, chosen)
        on, between = float((level[:10] * self.weight).sum()), float((level[10:20] * self.weight).sum())
        return on / (on + between + 1e-20)

    def gather(self, both: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Candidates: f0 in Hz, height in its own band, height that counts, harmonic sum."""
        pitches: list[Tensor] = []
        heights: list[Tensor] = []
        room = 24
        if self.has_low:
            lag, height = self.low_correlation.peaks(0.15)
            kept = self.low_rate <= 1.03 * self.split * lag
            lag, height = best(lag[kept], height[kept], 8)
            pitches.append(self.low_rate / lag)
            heights.append(height)
            room -= lag.shape[0]
        lag, height = self.correlation.peaks(0.15)
        lag, height = best(lag, height, room)
        pitches.append(self.rate / lag)
        heights.append(height)
        f0, own = torch.cat(pitches), torch.cat(heights)
        counted = own
        if f0.shape[0] == 0:
            return f0, own, own, own
        if self.has_low:
            # Noise above the low band must not speak against a pitch and for its fractions.
            low = (f0 >= self.split) & (f0 < 550.0)
            heard = self.low_correlation.at(self.low_rate / f0.clamp(self.split, 550.0))
            counted = torch.where(low, torch.maximum(own, heard), own)
        sums = self.harmonic_sums(both, f0).clamp(min=0.0)
        return f0, own, counted, sums / sums.amax().clamp(min=1e-20)

    def complete(self, f0s: Tensor, sums: Tensor) -> bool:
        """Whether the last pitch, a low one, is among the candidates with its odd harmonics."""
        if self.f0 > 150.0:
            return False
        near = torch.log2(f0s / self.f0).abs() < 0.06
        return bool((near & (sums >= 0.85)).any())

    def doubtful(self, f0: float, height: float, voiced: bool, f0s: Tensor, sums: Tensor) -> bool:
        """Whether a leap must be read again before it is believed."""
        octaves = interval(f0, self.f0)
        if octaves < 0.06:
            self.leaps = 0
            return False
        self.leaps = self.leaps + 1 if self.leaps > 0 and interval(f0, self.leap) < 0.06 else 1
        self.leap = f0
        needed = 1
        if height < 0.85:
            needed += 1
        if height < 0.65:
            needed += 1
        if is_multiple(octaves):
            needed += 1
            if f0 < self.f0 and height < 0.95:
                needed += 3
            if f0 > self.f0 and self.complete(f0s, sums):
                needed += 12
            if f0 > self.f0 and self.age <= 8 and self.began < 0.9:
                needed = 1
            if not voiced:
                self.leaps = 0
        elif f0 < self.f0 and octaves > 0.6:
            needed += 1
        return self.leaps < needed

    def stands_still(self, pitch: float) -> bool:
        """Whether the last few frames chose the same pitch."""
        self.still = self.still + 1 if interval(pitch, self.read) < 0.02 else 0
        self.read = pitch
        return self.still >= 2

    def silent(self, height: float, needed: float) -> tuple[float, float]:
        """An unvoiced frame: noise reads near 0 and what nearly has a pitch nearly 0.5."""
        self.unvoiced += 1
        share = min(max(height / needed, 0.0), 1.0)
        return self.f0, 0.49 * share * share

    def forward(self, samples: Tensor, low_samples: Tensor, magnitudes: Tensor) -> tuple[float, float]:
        """One frame: f0 in Hz, the last voiced one while unvoiced, and periodicity. Samples are float, the newest last;
        magnitudes those of `spectrum`."""
        self.correlation.scan(samples)
        both = magnitudes
        if self.has_low:
            self.low_correlation.scan(low_samples)
            both = torch.cat([magnitudes, self.low_spectrum(low_samples)])
        f0s, own, counted, sums = self.gather(both)
        if f0s.shape[0] == 0:
            self.memory.start()
            self.voiced, self.leaps, self.read = False, 0, 1.0
            return self.silent(0.0, 1.0)
        chosen = self.memory(1.0 / f0s, counted, sums)
        coarse, height = float(f0s[chosen]), float(own[chosen])
        if coarse * 1.02 < self.low or coarse > self.high * 1.02:
            self.voiced, self.leaps, self.read = False, 0, 1.0
            return self.silent(height, 0.9)
        low = self.has_low and coarse < self.split
        lag, refined = self.correlation.refine(self.rate / coarse, low)
        f0 = min(max(self.rate / lag, self.low), self.high)
        comb = self.contrast(both, coarse, False)
        if low:
            height = max(height, refined)
            comb = max(comb, self.contrast(both, coarse, True))
        window = self.correlation.power(2.5 * lag)
        remaining = self.correlation.power(self.rate / self.f0) / window if self.voiced and window > 0.0 else 1.0
        needed = 0.975 - 0.525 * min(max((comb - 0.66) / 0.14, 0.0), 1.0)
        if self.voiced:
            needed -= 0.11
        eased = 0.3 if self.stands_still(coarse) and self.unvoiced > 0 and self.unvoiced <= 8 else 0.0
        self.voiced = height + eased >= needed and not (self.voiced and remaining < 0.03)
        doubted = self.doubtful(f0, height, self.voiced, f0s, sums)
        if not self.voiced:
            return self.silent(height, needed)
        ending = self.correlation.power(lag) < 0.8 * window
        if self.unvoiced >= 4 or self.leaps == 0 or not (ending or doubted):
            if self.unvoiced >= 4 or interval(f0, self.f0) > 0.06:
                self.age, self.began = 0, height
            self.f0 = f0
        self.age += 1
        self.unvoiced = 0
        return self.f0, min(max(height, 0.5), 1.0)


def best(lags: Tensor, heights: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Every multiple of a short period repeats as well: of too many peaks the short lags."""
    if lags.shape[0] <= most:
        return lags, heights
    promise = torch.log((1.0 - heights).clamp(min=0.0) + 0.06) + 0.6 * torch.log2(lags)
    kept = promise.topk(most, largest=False)[1]
    return lags[kept], heights[kept]
