"""How well the signal repeats at each lag; the engine's `Correlation`."""

import math

import numpy as np
import torch
from torch import Tensor, nn

PERIODS = 2.5  # span of the window
SHORTEST_PRODUCTS = 4.5e-3  # s
APART = 2.0e-3  # s; shorter periods are refined at the multiple of them below this
BRIEF = 7.65e-3  # s; products of longer periods when refined, but at least one period
FLOOR = 1e-12  # mean square taken as silence
REACH = 7  # taps on each side of the sinc
PHASES = 32  # fractions of a sample tabulated
LAGS = 16  # on each side of a lag that is refined


def sinc_taps() -> np.ndarray:
    """Interpolation at each phase from the samples -6 to 7 around: double [PHASES + 1, 14]."""
    taps = np.arange(2 * REACH)
    x = taps - (REACH - 1) - np.arange(PHASES + 1)[:, None] / PHASES
    exact = np.sinc(x) * np.cos(0.5 * np.pi * x / (REACH + 0.5)) ** 2
    return exact / exact.sum(1, keepdims=True)


def interpolation(positions: range, before: int, width: int) -> Tensor:
    """Weights [positions, width] that read a window of samples, `before` of them before the middle one, at fractions
    of a sample, in phases from the middle one."""
    taps, weights = sinc_taps(), np.zeros((len(positions), width))
    for row, position in enumerate(positions):
        start = before + position // PHASES - (REACH - 1)
        weights[row, start : start + 2 * REACH] = taps[position % PHASES]
    return torch.from_numpy(weights.astype(np.float32))


class Correlation(nn.Module):
    """n(lag) = 2 sum x[i] x[i - lag] / sum (x[i]^2 + x[i - lag]^2) over the newest 1.5 lags, at least 4.5 ms.

    Args:
        rate: of the samples, Hz; f0_low: as deep as `refine` and `power` reach; scan_low, f0_high: the scan's ends.
    """

    values: Tensor  # n by lag from -REACH, with lags to spare at the end
    newest: Tensor  # the samples of the last scan, the newest first
    energy: Tensor  # double; energy[i]: of the newest i samples

    def __init__(self, rate: float, f0_low: float, scan_low: float, f0_high: float) -> None:
        super().__init__()
        self.lowest = max(2, int(rate / f0_high))
        self.highest = math.ceil(rate / scan_low)
        self.apart, self.brief = APART * rate, float(BRIEF * rate)
        self.fixed = math.floor(SHORTEST_PRODUCTS * rate + 0.5)
        self.history = history(rate, f0_low)
        self.begin = max(0, self.lowest - REACH - 1)
        lags = np.arange(self.begin, self.highest + REACH + 1)
        counts = np.maximum(self.fixed, (1.5 * lags).astype(int))
        self.lags, self.most = len(lags), int(counts.max())
        self.register_buffer("kept", torch.from_numpy((np.arange(self.most) < counts[:, None]).astype(np.float32)))
        self.register_buffer("counts", torch.from_numpy(counts))
        self.register_buffer("ends", torch.from_numpy(counts + lags))
        self.register_buffer("starts", torch.from_numpy(lags))
        # Peaks of short lags are looked for in half samples, then climbed in eighths; of longer ones in quarters.
        self.fine_end = max(self.lowest, min(int(self.fixed / 1.5), self.highest))
        half = PHASES // 2
        self.register_buffer("halfway", interpolation(range(half, half + 1), REACH, 2 * REACH + 2)[0])
        fine = [interpolation(range(c - half - 4, c + half + 5, 4), REACH, 2 * REACH + 2) for c in (0, half)]
        self.register_buffer("fine", torch.stack(fine))
        self.register_buffer("coarse", interpolation(range(-half - 8, half + 9, 8), REACH, 2 * REACH + 2))
        self.register_buffer("taps", torch.from_numpy(sinc_taps().astype(np.float32)))
        most = (LAGS - REACH - 2) * PHASES
        self.away = [min(most, int(spread * PHASES) // 4 * 4) for spread in (0.6, 2.5)]
        self.register_buffer("near", interpolation(range(-self.away[0] - 4, self.away[0] + 5, 4), LAGS, 2 * LAGS))
        self.register_buffer("far", interpolation(range(-self.away[1] - 4, self.away[1] + 5, 4), LAGS, 2 * LAGS))
        self.register_buffer("around", torch.arange(2 * LAGS))
        self.values, self.newest = torch.zeros(0), torch.zeros(0)
        self.energy = torch.zeros(0, dtype=torch.float64)

    @torch.jit.export
    def scan(self, samples: Tensor) -> None:
        """Take float [samples], the newest last: n at every whole lag in range."""
        newest = samples[samples.shape[0] - self.history :].flip(0)
        energy = torch.cat([torch.zeros(1, dtype=torch.float64), torch.cumsum(newest.double().square(), 0)])
        delayed = newest[self.begin : self.begin + self.lags + self.most - 1].unfold(0, self.most, 1)
        products = torch.mv(delayed * self.kept, newest[: self.most])
        both = energy[self.counts] + energy[self.ends] - energy[self.starts] + 2e-12 * self.counts
        n = torch.cat([torch.zeros(self.begin), 2.0 * products / both.to(torch.float32)])
        self.values = torch.cat([n[1:8].flip(0), n, torch.zeros(24)])
        self.newest, self.energy = newest, energy

    @torch.jit.export
    def peaks(self, least: float) -> tuple[Tensor, Tensor]:
        """Lags [peaks], in samples, and heights [peaks] of the local maxima of at least `least`, in order of lag."""
        windows = self.values.unfold(0, 16, 1)  # of lag l in row l: l - 7 to l + 8
        lags: list[Tensor] = []
        heights: list[Tensor] = []
        if self.fine_end > self.lowest:
            whole = windows[self.lowest - 1 : self.fine_end + 1]
            halves = torch.stack([whole[:, 7], torch.mv(whole, self.halfway)], dim=1).flatten()
            middle = halves[2:-2]  # the halves from 2 lowest to 2 fine_end - 1
            found = (middle > halves[1:-3]) & (middle >= halves[3:-1]) & (middle > 0.8 * least)
            which = found.nonzero().squeeze(1)
            if which.shape[0] > 0:
                odd = which % 2
                lag = which // 2 + self.lowest
                curves = torch.matmul(windows[lag].unsqueeze(1), self.fine[odd].transpose(1, 2)).squeeze(1)
                away, height = climb(curves)
                lags.append(lag + 0.5 * odd + (away - 5.0) / 8.0)
                heights.append(height)
        first = self.fine_end + 7
        last = self.highest + 8
        here = self.values[first:last]
        found = (here > self.values[first - 1 : last - 1]) & (here >= self.values[first + 1 : last + 1])
        lag = (found & (here >= 0.8 * least)).nonzero().squeeze(1) + self.fine_end
        if lag.shape[0] > 0:
            away, height = climb(torch.matmul(windows[lag], self.coarse.t()))
            lags.append(lag + (away - 3.0) / 4.0)
            heights.append(height)
        if len(lags) == 0:
            return torch.zeros(0), torch.zeros(0)
        height = torch.cat(heights)
        high = height >= least
        return torch.cat(lags)[high], height[high]

    @torch.jit.export
    def at(self, lags: Tensor) -> Tensor:
        """n at fractional lags [any] within the scan."""
        position = (lags * 32.0 + 0.5).floor().to(torch.int64)
        windows = self.values.unfold(0, 14, 1)[position // 32 + 1]
        return (windows * self.taps[position % 32]).sum(1)

    @torch.jit.export
    def refine(self, lag: float, wide: bool) -> tuple[float, float]:
        """The lag of the peak near `lag`, with the products held fixed, and its height. Long periods are compared over
        one period rather than 1.5, short ones several periods apart."""
        multiple = max(1.0, math.floor(self.apart / lag))
        distant = multiple * lag
        count = max(self.fixed, int(1.5 * int(lag)))
        if multiple > 1.0:
            count -= int(distant - lag)
        else:
            count = min(count, max(math.floor(lag + 0.5), int(self.brief)))
        start = math.floor(distant + 0.5) - 16
        if start >= 0:
            delayed = self.newest[start : start + 31 + count].unfold(0, count, 1)
            lags = self.around + start
        else:
            lags = (self.around + start).abs()
            delayed = self.newest.unfold(0, count, 1)[lags]
        products = torch.mv(delayed, self.newest[:count])
        both = self.energy[count] + self.energy[lags + count] - self.energy[lags] + 2e-12 * count
        local = 2.0 * products / both.to(torch.float32)
        curve = torch.mv(self.far if wide else self.near, local).unsqueeze(0)
        away, height = climb(curve)
        middle = (curve.shape[1] - 1) / 2.0
        return (float(start + 16) + (float(away) - middle) / 8.0) / multiple, float(height)

    @torch.jit.export
    def power(self, span: float) -> float:
        """Mean square of the newest `span` samples, at least 4.5 ms."""
        n = min(max(int(span), min(self.fixed, self.history)), self.history)
        return float(self.energy[n]) / n


def climb(curves: Tensor) -> tuple[Tensor, Tensor]:
    """The highest inner point of each curve [peaks, points] by a last parabola: its place, in points, and height."""
    inner = curves[:, 1:-1]
    height, best = inner.max(dim=1)
    left = curves.gather(1, best.unsqueeze(1)).squeeze(1)
    right = curves.gather(1, best.unsqueeze(1) + 2).squeeze(1)
    curve = left - 2.0 * height + right
    move = torch.where(curve < 0.0, (0.5 * (left - right) / curve).clamp(-1.0, 1.0), 0.0)
    return best + 1 + move, height - 0.25 * (left - right) * move


def history(rate: float, f0_low: float) -> int:
    """Samples that a scan reads."""
    longest = math.ceil(rate / f0_low) + 2 * REACH + 4
    return longest + math.ceil(max(SHORTEST_PRODUCTS * rate, (PERIODS - 1.0) * longest)) + 1
