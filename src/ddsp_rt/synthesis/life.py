"""Long notes that move: each harmonic fades and swells by itself, as it does where bodies and rooms add up echoes."""

import math

import torch
from torch import Tensor, nn

from .breath import a_curve
from .noise_generator import NoiseGenerator, draw_ahead, first_states

STEP = 25.0  # Hz between the places of the table
SPEED, SLOWEST, FASTEST = 0.006, 3.0, 20.0  # the one-poles' Hz: per Hz of the harmonic, limits
QUICK, QUICK_FROM = 60.0, 25.0  # Hz: the one-poles of the fast process
BURST, LARGEST = 0.238, 5.0  # of |n|^2: E[min(|n|^2, 5)^4] = 1 / 0.238^2
WARM_UP = 500  # frames
OTHER_SEED = 0x51F3  # not the noise's


class Life(nn.Module):
    """Multiplies a harmonic at F by |1 + depth(F) n + fast(F) m|. n and m are complex random processes of unit
    variance, made of the same white noise: n through two equal one-poles at 0.006 F, within 3 to 20 Hz; m through one
    at 60 Hz, less what another at 25 Hz passes of it, and all that 0.238 min(|n|^2, 5)^2 times: it comes in bursts, as
    recorded. The amplitude makes up for all: the A-weighted power stays, frame by frame. The twin of the engine's.

    Args:
        hertz, depth: of the instrument: depth over frequency, straight lines in its logarithm between.
        fast: likewise, of the fast process; None for none.
        model_rate: the rate the model was trained at, Hz.
        harmonics: how many.
        f0: Hz, at which the processes stand when a voice starts.
        seed: of the voice.
    """

    def __init__(
        self,
        hertz: list[float],
        depth: list[float],
        model_rate: int,
        harmonics: int,
        f0: float,
        seed: int = 1,
        fast: list[float] | None = None,
    ):
        super().__init__()
        self.nyquist = 0.5 * model_rate
        self.step_size, self.burst, self.largest = STEP, BURST, LARGEST
        place = STEP * torch.arange(int(self.nyquist / STEP) + 2, dtype=torch.float64)
        share = share_at((SPEED * place).clamp(SLOWEST, FASTEST))
        kept = (1.0 - share).square()
        variance = share.pow(4) * (1.0 + kept) / (1.0 - kept).pow(3) / 3.0
        self.unit = (0.5 / variance).sqrt()
        weight = a_curve(place) / a_curve(torch.tensor(1000.0, dtype=torch.float64))
        self.quick, self.quick_from = (
            share_at(torch.tensor(hz, dtype=torch.float64)).item() for hz in (QUICK, QUICK_FROM)
        )
        self.fast_unit = math.sqrt(1.5 / fast_variance(self.quick, self.quick_from))
        table = torch.stack([share, self.unit, self.unit, self.unit, weight])
        self.register_buffer("table", table.to(torch.float32), persistent=False)
        self.set_depth(hertz, depth, fast)
        self.register_buffer("number", torch.arange(1.0, harmonics + 1.0), persistent=False)
        self.generator = NoiseGenerator(2 * harmonics)
        white, states = draw_ahead(first_states(seed + OTHER_SEED), WARM_UP, 2 * harmonics)
        share = self.shares(torch.full([1], float(f0)))
        processes = torch.zeros(1, 8, harmonics)
        for frame in torch.from_numpy(white):
            processes = self.follow(processes, frame.unsqueeze(0), share)
        self.register_buffer("warm_processes", processes, persistent=False)
        self.register_buffer("warm_state", torch.tensor(states).unsqueeze(0), persistent=False)

    def set_depth(self, hertz: list[float], depth: list[float], fast: list[float] | None = None) -> None:
        """Take other depths of an instrument; the random processes stay as they are."""
        for row, depths, unit in ((1, depth, self.unit), (2, fast or [0.0] * len(hertz), self.fast_unit)):
            gain = [depth_at(hertz, depths, STEP * place) for place in range(len(self.unit))]
            self.table[row] = (torch.tensor(gain, dtype=torch.float64) * unit).to(self.table)

    def places(self, hertz: Tensor) -> Tensor:
        """Share, gain of either process, the slow one's unit and weight [5, ...] at `hertz` [...]."""
        at = (hertz / self.step_size).clamp(0.0, self.table.shape[1] - 1.0)
        below = at.to(torch.int64).clamp(max=self.table.shape[1] - 2)
        return torch.lerp(self.table[:, below], self.table[:, below + 1], at - below)

    def step(self, f0: Tensor, processes: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """f0 [batch], processes [batch, 8, harmonics] (after either one-pole of the slow process, then of the fast one,
        each real and imaginary), generator state."""
        sounding = torch.ones(f0.shape[0], 1, 1, dtype=torch.bool, device=f0.device)
        white, state = self.generator(sounding, state)
        return self.follow(processes, white.flatten(1), self.shares(f0)), state

    def follow(self, processes: Tensor, white: Tensor, share: Tensor) -> Tensor:
        """All one-poles take a frame's noise [batch, 2 harmonics] in: [batch, 8, harmonics] after it."""
        pair = white.reshape(white.shape[0], -1, 2).transpose(1, 2)  # [batch, 2, harmonics]
        first, second, quick, quick_from = processes[:, :2], processes[:, 2:4], processes[:, 4:6], processes[:, 6:]
        first = first + share * (pair - first)
        second = second + share * (first - second)
        quick = quick + self.quick * (pair - quick)
        quick_from = quick_from + self.quick_from * (quick - quick_from)
        return torch.cat([first, second, quick, quick_from], dim=1)

    def shares(self, f0: Tensor) -> Tensor:
        """Of the way that the slow one-poles of each harmonic go in a frame: f0 [batch] -> [batch, 1, harmonics]."""
        return self.places(f0.unsqueeze(-1) * self.number)[0].unsqueeze(1)

    def forward(
        self,
        f0: Tensor,
        amount: float,
        amplitude: Tensor,
        harmonics: Tensor,
        state: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """Amplitude and harmonics as they are played.

        Shape:
            - f0, amplitude: [batch, frames]; harmonics: [batch, frames, harmonics]
            - amount: of the instrument's depth; with 0 nothing is touched
            - state: what the last call returned; None starts as a voice does
            - returns amplitude, harmonics and the state
        """
        if state is None:
            state = self.start(f0.shape[0])
        if amount <= 0.0:
            return amplitude, harmonics, state
        process, state = self.draw(f0, state)
        amplitude, harmonics = self.bend(f0, amount, amplitude, harmonics, process)
        return amplitude, harmonics, state

    def start(self, batch: int) -> tuple[Tensor, Tensor]:
        """The state in which a voice starts, for each of a batch."""
        return self.warm_processes.expand(batch, -1, -1), self.warm_state.expand(batch, -1)

    def draw(self, f0: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """The random processes: f0 [batch, frames] -> [batch, frames, 8, harmonics], and the state after them."""
        processes, generator = state
        drawn = []
        for frame in range(f0.shape[1]):
            processes, generator = self.step(f0[:, frame], processes, generator)
            drawn.append(processes)
        return torch.stack(drawn, dim=1), (processes, generator)

    def bend(
        self, f0: Tensor, amount: float, amplitude: Tensor, harmonics: Tensor, process: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Amplitude and harmonics as they are played, `process` as drawn."""
        hertz = f0.unsqueeze(-1) * self.number
        places = self.places(hertz)
        weight = places[4] * (hertz < self.nyquist)
        slow, quick, quick_from = process[:, :, 2:4], process[:, :, 4:6], process[:, :, 6:]
        heard = hertz < self.nyquist
        square = places[3].square() * slow.square().sum(2)
        fast = places[2] * self.burst * square.clamp(max=self.largest).square()
        way = amount * (places[1].unsqueeze(2) * slow + fast.unsqueeze(2) * (quick - quick_from))
        moved = harmonics * torch.hypot(1.0 + way[:, :, 0], way[:, :, 1])
        moved = torch.where(heard, moved, harmonics)
        sums = (moved * heard).sum(-1) / (harmonics * heard).sum(-1).clamp(min=1e-30)
        power = (harmonics.square() * weight).sum(-1) / (moved.square() * weight).sum(-1).clamp(min=1e-30)
        return amplitude * sums * power.sqrt(), moved


def share_at(hertz: Tensor) -> Tensor:
    """What a one-pole at `hertz` takes of its input in one frame."""
    turn = 2.0 * math.pi * hertz / 250.0
    return turn / (1.0 + turn)


def fast_variance(quick: float, quick_from: float) -> float:
    """Of the fast process, for white noise of variance 1, by its one-poles' shares: see the engine's."""
    q, r = 1.0 - quick, 1.0 - quick_from
    of_q, of_r = quick - quick * quick_from * q / (q - r), quick * quick_from * r / (q - r)
    return of_q**2 / (1.0 - q * q) + 2.0 * of_q * of_r / (1.0 - q * r) + of_r**2 / (1.0 - r * r)


def depth_at(hertz: list[float], depth: list[float], at: float) -> float:
    """Depth at a frequency, Hz: straight lines in its logarithm, level beyond the ends."""
    if at <= hertz[0]:
        return depth[0]
    for place in range(1, len(hertz)):
        if at < hertz[place]:
            share = math.log(at / hertz[place - 1]) / math.log(hertz[place] / hertz[place - 1])
            return depth[place - 1] + share * (depth[place] - depth[place - 1])
    return depth[-1]
