"""Audio in, one set of features every 4 ms out; the engine's `Analyser`."""

import math

import torch
from torch import Tensor, nn

from ddsp_rt import _engine
from ddsp_rt.export.analysis.filters import FilterBank
from ddsp_rt.export.analysis.mfcc import Mfcc
from ddsp_rt.export.analysis.pitch_tracker import PitchTracker
from ddsp_rt.synthesis.breath import a_curve
from ddsp_rt.synthesis.frame_clock import max_frame_length


class Analyser(nn.Module):
    """One frame at a time; frame k has heard what lies before sample round(k rate / 250).

    Args:
        rate: of the audio, Hz; low, high: Hz, of the pitches followed; mfcc: whether the MFCCs are wanted.
    """

    f0: float  # Hz, the last voiced
    phase: int  # host samples since the last internal one
    low_phase: int  # internal samples since the last one of the low band

    def __init__(self, rate: int, low: float, high: float, mfcc: bool) -> None:
        super().__init__()
        self.factor = 1 if rate < 32_000 else rate // 16_000
        self.rate = rate / self.factor  # of what is heard, Hz
        filters = _engine.analysis_filters(rate, low, high)
        shortest, longest = rate // 250, max_frame_length(rate)
        self.decimator = FilterBank([(filters["decimator"], -1)], shortest, longest) if self.factor > 1 else None
        sources = {"band": -1, "weighting": 0, "high_pass": 0, "low_band": 2}
        branches = [(filters[name], source) for name, source in sources.items()]
        self.bank = FilterBank(branches, shortest // self.factor, -(-longest // self.factor))
        self.pitch_tracker = PitchTracker(self.rate, low, high)
        spectrum, correlation = self.pitch_tracker.spectrum, self.pitch_tracker.correlation
        self.reach = max(spectrum.length, correlation.history)
        self.low_reach = max(self.pitch_tracker.low_spectrum.length, self.pitch_tracker.low_correlation.history)
        self.longest_window = int(self.rate * max(0.016, 1.0 / low)) + 2
        tone, unit = a_curve(torch.tensor([997.0, 1000.0], dtype=torch.float64)).tolist()
        self.reference = 10.0 * math.log10(0.5 * tone / unit)  # dB, of a sine of amplitude 1 at 997 Hz
        edges = [min(spectrum.bins, math.floor(hz / spectrum.bin_hz + 0.5)) for hz in (60.0, 3500.0, 7000.0)]
        self.balance_low, self.balance_edge, self.balance_high = edges
        self.mfcc = Mfcc(spectrum) if mfcc else None
        self.heard = torch.zeros(self.reach)
        self.low_heard = torch.zeros(self.low_reach)
        self.weighted = torch.zeros(self.longest_window)
        self.f0, self.phase, self.low_phase = 220.0, 0, 0

    @torch.jit.export
    def start(self) -> None:
        """Forget the past."""
        if self.decimator is not None:
            self.decimator.start()
        self.bank.start()
        self.pitch_tracker.start()
        self.heard = torch.zeros(self.reach)
        self.low_heard = torch.zeros(self.low_reach)
        self.weighted = torch.zeros(self.longest_window)
        self.f0, self.phase, self.low_phase = 220.0, 0, 0

    def listen(self, samples: Tensor) -> None:
        """Filter float [samples] into the histories."""
        wide = torch.where(samples.isfinite(), samples, 0.0).double()
        if self.decimator is not None:
            first = self.factor - 1 - self.phase
            self.phase = (self.phase + wide.shape[0]) % self.factor
            wide = self.decimator(wide, first, self.factor)[:, 0]
        # Clipped, so that squares and their sums stay finite.
        heard = self.bank(wide.clamp(-1e6, 1e6), 0, 1).to(torch.float32).t()
        count = wide.shape[0]
        self.weighted = torch.cat([self.weighted[count:], heard[1]])
        self.heard = torch.cat([self.heard[count:], heard[2]])
        step = self.pitch_tracker.low_factor
        low = heard[3, step - 1 - self.low_phase :: step]
        self.low_phase = (self.low_phase + count) % step
        self.low_heard = torch.cat([self.low_heard[low.shape[0] :], low])

    def level(self, f0: float, least: float, unvoiced: float) -> float:
        """A-weighted loudness, dB, over the fewest whole periods of `f0` that last `least` seconds."""
        window = unvoiced * self.rate
        if f0 > 0.0:
            window = self.rate / f0 * max(1.0, float(math.ceil(least * f0 - 1e-6)))
        window = min(window, float(self.longest_window - 1))
        whole = int(window)
        squares = self.weighted[self.longest_window - whole - 1 :].double().square()
        energy = float(squares.sum()) - (1.0 - (window - whole)) * float(squares[0])
        decibels = 10.0 * math.log10(energy / window + 1e-30) - self.reference
        return min(max(decibels, -100.0), 20.0)

    def forward(self, samples: Tensor) -> tuple[list[float], Tensor | None]:
        """Take the samples since the last frame, float [any]; give f0 (Hz), periodicity, loudness, fast loudness,
        balance (dB) of this one, and the MFCCs [30]."""
        self.listen(samples)
        magnitudes = self.pitch_tracker.spectrum(self.heard)
        f0, periodicity = self.pitch_tracker(self.heard, self.low_heard, magnitudes)
        pitch = f0 if periodicity >= 0.5 else 0.0
        loudness = self.level(pitch, 0.008, 0.016)
        if pitch > 0.0 and loudness > -100.0:
            self.f0 = f0
        fast = self.level(pitch, 0.004, 0.005)
        above = float(magnitudes[self.balance_edge : self.balance_high].square().sum()) + 1e-16
        below = float(magnitudes[self.balance_low : self.balance_edge].square().sum()) + 1e-13
        balance = min(max(10.0 * math.log10(above / below), -60.0), 20.0)
        mfcc: Tensor | None = None
        if self.mfcc is not None:
            mfcc = self.mfcc(magnitudes)
        return [self.f0, periodicity, loudness, fast, balance], mfcc
