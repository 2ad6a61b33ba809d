"""A bank of harmonic sine oscillators driven by 4 ms controls, and a training path that never holds all its sines."""

import math
from typing import Any, Optional, Tuple

import torch
from torch import Tensor, nn

from .frame_clock import frame_starts, join_frames, max_frame_length

CHUNK = 1 << 18  # samples worked on at once on a CPU; smaller ones lose more to calls than they gain in the cache


def nyquist_fade(frequency: Tensor, nyquist: float) -> Tensor:
    """Gain 1 up to 0.9 Nyquist, falling linearly to 0 at Nyquist and above."""
    return ((nyquist - frequency) / (0.1 * nyquist)).clamp(0.0, 1.0)


def smooth_step(t: Tensor) -> Tensor:
    """From 0 to 1 as t does, level at both ends: where straight ramps meet, their corners click."""
    return t * t * (3.0 - 2.0 * t)


class HarmonicOscillators(nn.Module):
    """Sum of sines at whole multiples of f0.

    Amplitudes move along a smooth step over the frame, f0 ramps in phase increment; the phase is kept in cycles, in
    double.
    Harmonics are normalised to sum 1 over those below the model's Nyquist, then faded at the host's.

    Args:
        sample_rate: of the audio, Hz.
        model_rate: the rate the model was trained at, Hz.
        harmonics: how many.
    """

    def __init__(self, sample_rate: int, model_rate: int, harmonics: int):
        super().__init__()
        self.sample_rate = int(sample_rate)
        self.model_rate = int(model_rate)
        self.harmonics = int(harmonics)

    def forward(self, f0: Tensor, amplitude: Tensor, harmonics: Tensor) -> Tensor:
        """Render whole frames from silence. No gradient flows to f0.

        Shape:
            - f0: [batch, frames], Hz; amplitude: [batch, frames], linear;
              harmonics: [batch, frames, harmonics], positive, any scale.
            - output: [batch, samples], samples = frame_start(frames).
        """
        f0 = f0.detach()
        phase, ramp = self.phase(f0)
        ramp = smooth_step(ramp)
        amplitudes = self.amplitudes(f0, amplitude, harmonics)
        if torch.jit.is_scripting():
            padded = harmonic_sum(amplitudes, phase, ramp.to(amplitudes.dtype))
        else:
            active = torch.ceil(0.5 * min(self.sample_rate, self.model_rate) / f0.clamp(min=1.0)) - 1.0
            padded = HarmonicSum.apply(amplitudes, phase, ramp.to(amplitudes.dtype), active.clamp(0, self.harmonics))
        return join_frames(padded, self.sample_rate)

    def amplitudes(self, f0: Tensor, amplitude: Tensor, harmonics: Tensor) -> Tensor:
        """What each oscillator plays at the end of each frame: [batch, frames, harmonics], linear."""
        number = torch.arange(1, self.harmonics + 1, device=f0.device)
        frequency = f0.unsqueeze(-1) * number
        kept = harmonics * nyquist_fade(frequency, 0.5 * self.model_rate)
        scale = amplitude.unsqueeze(-1) / kept.sum(-1, keepdim=True).clamp(min=1e-7)
        if self.sample_rate < self.model_rate:
            return kept * scale * nyquist_fade(frequency, 0.5 * self.sample_rate)
        if self.sample_rate == self.model_rate:
            kept = kept * nyquist_fade(frequency, 0.5 * self.sample_rate)
        return kept * scale

    def phase(self, f0: Tensor) -> Tuple[Tensor, Tensor]:
        """Fundamental phase in cycles, double [batch, frames, longest frame], and how much of the frame has passed
        after each sample, [frames, longest frame].

        Over a frame of N samples the increment goes from `a` to `b` linearly and reaches `b` at the last sample, so
        after sample i the phase has grown by (i + 1) a + (b - a) (i + 1) (i + 2) / 2N.
        """
        increment = f0.to(torch.float64) / self.sample_rate
        before = torch.cat([increment[:, :1], increment[:, :-1]], dim=1)
        starts = frame_starts(f0.shape[1], self.sample_rate, f0.device)
        length = (starts[1:] - starts[:-1]).to(torch.float64)
        total = length * before + (increment - before) * (length + 1.0) / 2.0
        begin = running_phase(total) - total
        step = torch.arange(1, max_frame_length(self.sample_rate) + 1, device=f0.device, dtype=torch.float64)
        ramp = step / length.unsqueeze(1)
        growth = step * before.unsqueeze(-1) + (increment - before).unsqueeze(-1) * (ramp * (step + 1.0) / 2.0)
        phase = begin.unsqueeze(-1) + growth
        return phase - torch.round(phase), ramp


def running_phase(cycles: Tensor) -> Tensor:
    """Running sum along the last axis of double `cycles`, modulo one cycle, without the drift of a long sum.

    Fractions of a cycle are counted in units of 2^-63, whose sum in 64-bit integers wraps at two cycles exactly.
    """
    unit = 9223372036854775808.0
    fraction = cycles - torch.round(cycles)
    return torch.cumsum((fraction * unit).to(torch.int64), dim=-1).to(torch.float64) / unit


def shift_frames(amplitudes: Tensor) -> Tensor:
    """The amplitudes each frame starts from: those of the frame before, zero before the first."""
    return torch.cat([torch.zeros_like(amplitudes[:, :1]), amplitudes[:, :-1]], dim=1)


def harmonic_sum(amplitudes: Tensor, phase: Tensor, ramp: Tensor) -> Tensor:
    """The sum over harmonics in plain tensor operations, for export; same arguments as `HarmonicSum`."""
    angle = 2.0 * math.pi * phase
    sine = torch.sin(angle).to(amplitudes.dtype)
    twice_cosine = (2.0 * torch.cos(angle)).to(amplitudes.dtype)
    start = shift_frames(amplitudes)
    slope = amplitudes - start
    previous = torch.zeros_like(sine)
    out = torch.zeros_like(sine)
    for h in range(amplitudes.shape[2]):
        out = out + (start[:, :, h].unsqueeze(-1) + slope[:, :, h].unsqueeze(-1) * ramp) * sine
        following = twice_cosine * sine - previous
        previous = sine
        sine = following
    return out


class HarmonicSum(torch.autograd.Function):
    """Harmonics summed chunk by chunk; the backward pass makes the sines again instead of keeping them.

    Sines come from the Chebyshev recurrence sin((h + 1) x) = 2 cos(x) sin(h x) - sin((h - 1) x). Frames are sorted by
    how many harmonics they hold, so a chunk of high notes stops early, and laid out with the frame as the fastest
    axis, so that a frame's amplitude is a contiguous operand. Gradients go to the amplitudes only.

    Shape:
        - amplitudes: [batch, frames, harmonics]; phase: [batch, frames, length], cycles, double;
          ramp: [frames, length], share of the frame's end; active: [batch, frames], harmonics below Nyquist.
        - output: [batch, frames, length].
    """

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx: Any, amplitudes: Tensor, phase: Tensor, ramp: Tensor, active: Tensor) -> Tensor:
        batch, frames, length = phase.shape
        bank = _SortedBank(amplitudes, phase, ramp, active)
        start = shift_frames(amplitudes).reshape(batch * frames, -1)[bank.order]
        slope = (amplitudes.reshape(batch * frames, -1)[bank.order] - start).T.contiguous()
        start = start.T.contiguous()
        result = amplitudes.new_empty(length, batch * frames)
        for columns, count in bank.chunks():
            at_start = torch.zeros_like(bank.sine[:, columns], memory_format=torch.contiguous_format)
            at_ramp = torch.zeros_like(at_start)
            for h, (sine, sign) in enumerate(bank.sines(columns, count)):
                at_start.addcmul_(sine, start[h, columns], value=sign)
                at_ramp.addcmul_(sine, slope[h, columns], value=sign)
            torch.addcmul(at_start, at_ramp, bank.ramp[:, columns], out=at_start)
            result[:, columns] = at_start
        ctx.bank = bank
        ctx.shape = amplitudes.shape
        out = torch.empty(batch * frames, length, dtype=amplitudes.dtype, device=amplitudes.device)
        out[bank.order] = result.T
        return out.reshape(batch, frames, length)

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx: Any, grad: Tensor) -> Tuple[Optional[Tensor], None, None, None]:
        batch, frames, harmonics = ctx.shape
        bank = ctx.bank
        grad = grad.to(bank.sine.dtype).reshape(batch * frames, -1)[bank.order].T.contiguous()
        total = torch.zeros(harmonics, batch * frames, dtype=grad.dtype, device=grad.device)  # sum_i g_i S_h(i)
        ramped = torch.zeros_like(total)  # sum_i g_i ramp_i S_h(i)
        grad_ramp = grad * bank.ramp
        for columns, count in bank.chunks():
            direct = grad[:, columns].contiguous()
            weighted = grad_ramp[:, columns].contiguous()
            product = torch.empty_like(direct)
            for h, (sine, sign) in enumerate(bank.sines(columns, count)):
                torch.mul(sine, direct, out=product)
                torch.sum(product, dim=0, out=total[h, columns])
                torch.mul(sine, weighted, out=product)
                torch.sum(product, dim=0, out=ramped[h, columns])
                if sign < 0:
                    total[h, columns].neg_()
                    ramped[h, columns].neg_()
        to_end = torch.empty_like(ramped.T, memory_format=torch.contiguous_format)
        to_end[bank.order] = ramped.T
        to_start = torch.empty_like(to_end)
        to_start[bank.order] = (total - ramped).T
        result = to_end.reshape(batch, frames, harmonics)
        result[:, :-1] += to_start.reshape(batch, frames, harmonics)[:, 1:]
        return result, None, None, None


class _SortedBank:
    """The frames of a batch in descending order of harmonics, as columns, cut into chunks."""

    def __init__(self, amplitudes: Tensor, phase: Tensor, ramp: Tensor, active: Tensor):
        batch, frames, length = phase.shape
        before = torch.cat([active[:, :1], active[:, :-1]], dim=1)
        counts, self.order = torch.maximum(active, before).reshape(-1).sort(descending=True, stable=True)
        width = max(1, CHUNK // length) if phase.device.type == "cpu" else max(1, (1 << 22) // length)
        self.starts = list(range(0, batch * frames, width))
        self.counts = [int(c) for c in counts[:: width].tolist()]
        self.columns = batch * frames
        self.width = width
        angle = (2.0 * math.pi) * phase.reshape(batch * frames, length)[self.order].T.contiguous()
        self.sine = torch.sin(angle).to(amplitudes.dtype)
        self.twice_cosine = torch.cos(angle).mul_(2.0).to(amplitudes.dtype)
        self.ramp = ramp.T[:, self.order % frames].contiguous()

    def chunks(self):
        """(columns, harmonics) of each chunk; chunks without any are given too."""
        for start, count in zip(self.starts, self.counts):
            yield slice(start, min(start + self.width, self.columns)), count

    def sines(self, columns: slice, count: int):
        """(sin(h x) or its negative, sign) for h = 1..count, in two buffers updated in place.

        With signs + + - - + + ... the recurrence turns into previous += +-2 cos(x) current, one operation.
        """
        if count == 0:
            return
        twice_cosine = self.twice_cosine[:, columns].contiguous()
        current = self.sine[:, columns].clone(memory_format=torch.contiguous_format)
        previous = torch.zeros_like(current)
        signs = (1.0, 1.0, -1.0, -1.0)
        for h in range(count):
            sign = signs[h % 4]
            yield current, sign
            if h + 1 < count:
                previous.addcmul_(twice_cosine, current, value=sign * signs[(h + 1) % 4])
                previous, current = current, previous
