"""A bank of harmonic sine oscillators driven by 4 ms controls, and a training path that never holds all its sines."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .frame_clock import frame_lengths, join_frames, max_frame_length

CHUNK = 1 << 18  # samples worked on at once on a CPU; smaller ones lose more to calls than they gain in the cache


def nyquist_fade(frequency: Tensor, nyquist: float) -> Tensor:
    """Gain 1 up to 0.9 Nyquist, falling linearly to 0 at Nyquist and above."""
    return ((nyquist - frequency) / (0.1 * nyquist)).clamp(0.0, 1.0)


def smooth_step(t: Tensor) -> Tensor:
    """From 0 to 1 as t does, level at both ends: where straight ramps meet, their corners click."""
    return t * t * (3.0 - 2.0 * t)


class OscillatorState(NamedTuple):
    """frame: the number of the next one; f0: [batch], Hz, where the last frame ended, negative before the first;
    phase: int64 [batch], of the fundamental, in units of 2^-63 cycles; amplitudes: [batch, harmonics], linear."""

    frame: int
    f0: Tensor
    phase: Tensor
    amplitudes: Tensor


class HarmonicOscillators(nn.Module):
    """Sum of sines at whole multiples of f0.

    Amplitudes move along a smooth step over the frame, f0 ramps in phase increment; the phase is kept in cycles, in
    double. When f0 leaps by more than a quarter of an octave the old tone fades out while the new one fades in, since a
    sweep of all harmonics within 4 ms would be a chirp with aliases. Harmonics are normalised to sum 1 over those below
    the model's Nyquist, then faded at the host's.

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
        self.leap = 2.0**0.25  # no glide is as fast within 4 ms

    @torch.jit.export
    def start(self, f0: Tensor, amplitude: Tensor) -> OscillatorState:
        """The state before the first frame, for controls [batch, ...]."""
        batch = f0.shape[0]
        silence = torch.zeros(batch, self.harmonics, dtype=amplitude.dtype, device=f0.device)
        phase = torch.zeros(batch, dtype=torch.int64, device=f0.device)
        return OscillatorState(0, torch.full_like(f0[:, 0], -1.0), phase, silence)

    def forward(
        self, f0: Tensor, amplitude: Tensor, harmonics: Tensor, state: OscillatorState | None = None
    ) -> tuple[Tensor, OscillatorState]:
        """Render whole frames. No gradient flows to f0, nor into the past.

        Shape:
            - f0: [batch, frames], Hz; amplitude: [batch, frames], linear;
              harmonics: [batch, frames, harmonics], positive, any scale
            - state: what the last call returned; None starts from silence
            - returns [batch, samples] from the frames' first to their last sample, and the state
        """
        batch, frames = f0.shape
        f0 = f0.detach()
        if state is None:
            state = self.start(f0, amplitude)
        amplitudes = self.amplitudes(f0, amplitude, harmonics)
        start = torch.cat([state.amplitudes.unsqueeze(1), amplitudes[:, :-1]], dim=1).flatten(0, 1)
        end = amplitudes.flatten(0, 1)
        old = torch.where(state.f0 < 0.0, f0[:, 0], state.f0)
        before = torch.cat([old.unsqueeze(1), f0[:, :-1]], dim=1)
        phase, passed, leap, leaving, ended = self.phase(before, f0, state.phase, state.frame)
        ramp = smooth_step(passed).to(amplitude.dtype)
        # A leap is two tones in one frame: the new one in the frame's own row, the old one in a row at the end.
        left = start[leap]
        start = start.index_fill(0, leap, 0.0)
        rows = (
            torch.cat([start, left]),
            torch.cat([end, torch.zeros_like(left)]),
            torch.cat([phase.flatten(0, 1), leaving]),
            torch.cat([ramp.repeat(batch, 1), ramp[leap % frames]]),
        )
        if torch.jit.is_scripting():
            tones = harmonic_sum(rows[0], rows[1], rows[2], rows[3])
        else:
            earlier, later = self.audible(before).flatten(), self.audible(f0).flatten()
            tones = HarmonicSum.apply(*rows, torch.cat([torch.maximum(earlier, later), earlier[leap]]))
        padded = tones[: batch * frames].index_add(0, leap, tones[batch * frames :])
        audio = join_frames(padded.unflatten(0, (batch, frames)), self.sample_rate, state.frame)
        return audio, OscillatorState(state.frame + frames, f0[:, -1], ended, amplitudes[:, -1].detach())

    def audible(self, f0: Tensor) -> Tensor:
        """How many harmonics lie below both Nyquist frequencies; as many floats as f0 has."""
        return (torch.ceil(0.5 * min(self.sample_rate, self.model_rate) / f0.clamp(min=1.0)) - 1.0).clamp(
            0, self.harmonics
        )

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

    def phase(
        self, before: Tensor, f0: Tensor, begin: Tensor, first: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Phase of the fundamental and how much of each frame has passed, after each sample; frames that begin with a
        leap, and the phase of the tone that it leaves; the phase at the end.

        Shape:
            - before, f0: [batch, frames], Hz, where each frame begins and ends; begin: int64 [batch], units of 2^-63
              cycles; first: the first frame's number
            - phase: double [batch, frames, longest frame], cycles; passed: double [frames, longest frame], 0..1;
              leap: [leaps], of batch * frames; leaving: double [leaps, longest frame], cycles; end: as `begin`

        Over a frame of N samples the increment goes from `a` to `b` linearly and reaches `b` at the last sample, so
        after sample i the phase has grown by (i + 1) a + (b - a) (i + 1) (i + 2) / 2N. After a leap it is `b` at once.
        """
        increment = f0.to(torch.float64) / self.sample_rate
        old = before.to(torch.float64) / self.sample_rate
        leaps = (increment > self.leap * old) | (old > self.leap * increment)
        a = torch.where(leaps, increment, old)
        length = frame_lengths(f0.shape[1], self.sample_rate, f0.device, first).to(torch.float64)
        begins, end = running_phase(length * a + (increment - a) * (length + 1.0) / 2.0, begin)
        begins = begins.unsqueeze(-1)
        step = torch.arange(1, max_frame_length(self.sample_rate) + 1, device=f0.device, dtype=torch.float64)
        passed = step / length.unsqueeze(1)
        growth = step * a.unsqueeze(-1) + (increment - a).unsqueeze(-1) * (passed * (step + 1.0) / 2.0)
        phase = begins + growth
        leap = leaps.flatten().nonzero().squeeze(1)
        leaving = begins.flatten(0, 1)[leap] + step * old.flatten()[leap].unsqueeze(1)
        return phase - torch.round(phase), passed, leap, leaving - torch.round(leaving), end


def running_phase(cycles: Tensor, begin: Tensor) -> tuple[Tensor, Tensor]:
    """The phase before each of the double `cycles` [batch, frames] is added, in cycles, and after the last, as `begin`.

    Fractions of a cycle are counted in units of 2^-63 (int64 [batch]), whose sum wraps at two cycles exactly: a long
    sum does not drift.
    """
    unit = 9223372036854775808.0
    grown = ((cycles - torch.round(cycles)) * unit).to(torch.int64)
    ends = begin.unsqueeze(1) + torch.cumsum(grown, dim=1)
    return (ends - grown).to(torch.float64) / unit, ends[:, -1]


def harmonic_sum(start: Tensor, end: Tensor, phase: Tensor, ramp: Tensor) -> Tensor:
    """The sum over harmonics in a few plain tensor operations, for export; same arguments as `HarmonicSum`."""
    sounding = ((start != 0.0) | (end != 0.0)).any(0)
    number = torch.arange(1, start.shape[1] + 1, device=start.device)
    count = int((number * sounding).amax())  # those above are silent in every row
    number = number[:count].unsqueeze(1)
    amplitudes = torch.stack([start, end - start], dim=1)[:, :, :count]
    out = [torch.zeros(0, device=start.device)]
    out.clear()
    for first in range(0, start.shape[0], 64):  # rows at once, so that the sines of a long performance find room
        cycles = phase[first : first + 64].unsqueeze(1) * number
        sines = torch.sin((2.0 * math.pi) * (cycles - torch.round(cycles)).to(start.dtype))
        parts = torch.bmm(amplitudes[first : first + 64], sines)
        out.append(parts[:, 0] + parts[:, 1] * ramp[first : first + 64])
    return torch.cat(out)


class HarmonicSum(torch.autograd.Function):
    """Harmonics summed chunk by chunk; the backward pass makes the sines again instead of keeping them.

    Sines come from the Chebyshev recurrence sin((h + 1) x) = 2 cos(x) sin(h x) - sin((h - 1) x). Rows are sorted by how
    many harmonics they hold, so a chunk of high notes stops early, and laid out with the row as the fastest axis, so
    that a row's amplitude is a contiguous operand. Gradients go to the amplitudes only.

    Shape:
        - start, end: [rows, harmonics], amplitudes; phase: [rows, length], cycles, double; ramp: [rows, length], share
          of `end`; active: [rows], harmonics that may be other than zero.
        - output: [rows, length].
    """

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx: Any, start: Tensor, end: Tensor, phase: Tensor, ramp: Tensor, active: Tensor) -> Tensor:
        bank = _SortedBank(start.dtype, phase, ramp, active, start.shape[1])
        slope = (end - start)[bank.order].T.contiguous()
        start = start[bank.order].T.contiguous()
        result = torch.empty_like(bank.sine)
        for columns, count in bank.chunks():
            at_start = torch.zeros_like(bank.sine[:, columns], memory_format=torch.contiguous_format)
            at_ramp = torch.zeros_like(at_start)
            for h, (sine, sign) in enumerate(bank.sines(columns, count)):
                at_start.addcmul_(sine, start[h, columns], value=sign)
                at_ramp.addcmul_(sine, slope[h, columns], value=sign)
            torch.addcmul(at_start, at_ramp, bank.ramp[:, columns], out=at_start)
            result[:, columns] = at_start
        ctx.bank = bank
        ctx.shape = end.shape
        return bank.unsorted(result)

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        rows, harmonics = ctx.shape
        bank = ctx.bank
        grad = grad.to(bank.sine.dtype)[bank.order].T.contiguous()
        total = torch.zeros(harmonics, rows, dtype=grad.dtype, device=grad.device)  # sum_i g_i S_h(i)
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
        return bank.unsorted(total - ramped), bank.unsorted(ramped), None, None, None


class _SortedBank:
    """Rows in descending order of harmonics, as columns, cut into chunks."""

    def __init__(self, dtype: torch.dtype, phase: Tensor, ramp: Tensor, active: Tensor, harmonics: int):
        rows, length = phase.shape
        counts, self.order = active.sort(descending=True, stable=True)
        width = max(1, CHUNK // length) if phase.device.type == "cpu" else max(1, (1 << 22) // length)
        self.starts = list(range(0, rows, width))
        if phase.device.type == "cpu":
            self.counts = [int(c) for c in counts[::width].tolist()]
        else:  # asking a GPU would wait for it; what is too much is multiplied by zero
            self.counts = [harmonics] * len(self.starts)
        self.columns = rows
        self.width = width
        angle = (2.0 * math.pi) * phase[self.order].T.contiguous()
        self.sine = torch.sin(angle).to(dtype)
        self.twice_cosine = torch.cos(angle).mul_(2.0).to(dtype)
        self.ramp = ramp[self.order].T.contiguous()

    def unsorted(self, columns: Tensor) -> Tensor:
        """[any, rows] in sorted order -> [rows, any] in the order they came."""
        out = torch.empty_like(columns.T, memory_format=torch.contiguous_format)
        out[self.order] = columns.T
        return out

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
