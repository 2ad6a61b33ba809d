"""Long notes that move: each harmonic fades and swells by itself, as it does where bodies and rooms add up echoes."""

import math

import torch
from torch import Tensor, nn

from .breath import a_curve
from .noise_generator import NoiseGenerator, draw_ahead, first_states

STEP = 25.0  # Hz between the places of the table
SPEED, SLOWEST, FASTEST = 0.006, 3.0, 20.0  # the one-poles' Hz: per Hz of the harmonic, limits
WARM_UP = 500  # frames
OTHER_SEED = 0x51F3  # not the noise's


class Life(nn.Module):
    """Multiplies a harmonic at F by |1 + depth(F) n|, n a complex random process of unit variance: white noise through
    two equal one-poles at 0.006 F, within 3 to 20 Hz. The amplitude makes up for it: the A-weighted power stays, frame
    by frame. The twin of the engine's.

    Args:
        hertz, depth: of the instrument: depth over frequency, straight lines in its logarithm between.
        model_rate: the rate the model was trained at, Hz.
        harmonics: how many.
        f0: Hz, at which the processes stand when a voice starts.
        seed: of the voice.
    """

    def __init__(
        self, hertz: list[float], depth: list[float], model_rate: int, harmonics: int, f0: float, seed: int = 1
    ):
        super().__init__()
        self.nyquist = 0.5 * model_rate
        self.step_size = STEP
        place = STEP * torch.arange(int(self.nyquist / STEP) + 2, dtype=torch.float64)
        turn = 2.0 * math.pi * (SPEED * place).clamp(SLOWEST, FASTEST) / 250.0
        share = turn / (1.0 + turn)
        kept = (1.0 - share).square()
        variance = share.pow(4) * (1.0 + kept) / (1.0 - kept).pow(3) / 3.0
        self.unit = (0.5 / variance).sqrt()
        weight = a_curve(place) / a_curve(torch.tensor(1000.0, dtype=torch.float64))
        table = torch.stack([share, self.unit, weight])
        self.register_buffer("table", table.to(torch.float32), persistent=False)
        self.set_depth(hertz, depth)
        self.register_buffer("number", torch.arange(1.0, harmonics + 1.0), persistent=False)
        self.generator = NoiseGenerator(2 * harmonics)
        white, states = draw_ahead(first_states(seed + OTHER_SEED), WARM_UP, 2 * harmonics)
        share = self.shares(torch.full([1], float(f0)))
        processes = torch.zeros(1, 4, harmonics)
        for frame in torch.from_numpy(white):
            processes = follow(processes, frame.unsqueeze(0), share)
        self.register_buffer("warm_processes", processes, persistent=False)
        self.register_buffer("warm_state", torch.tensor(states).unsqueeze(0), persistent=False)

    def set_depth(self, hertz: list[float], depth: list[float]) -> None:
        """Take other depths of an instrument; the random processes stay as they are."""
        gain = [depth_at(hertz, depth, STEP * place) for place in range(len(self.unit))]
        self.table[1] = (torch.tensor(gain, dtype=torch.float64) * self.unit).to(self.table)

    def places(self, hertz: Tensor) -> Tensor:
        """Share, gain and weight [3, ...] at `hertz` [...]."""
        at = (hertz / self.step_size).clamp(0.0, self.table.shape[1] - 1.0)
        below = at.to(torch.int64).clamp(max=self.table.shape[1] - 2)
        return torch.lerp(self.table[:, below], self.table[:, below + 1], at - below)

    def step(self, f0: Tensor, processes: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """f0 [batch], processes [batch, 4, harmonics] (real after either one-pole, then imaginary), generator state."""
        sounding = torch.ones(f0.shape[0], 1, 1, dtype=torch.bool, device=f0.device)
        white, state = self.generator(sounding, state)
        return follow(processes, white.flatten(1), self.shares(f0)), state

    def shares(self, f0: Tensor) -> Tensor:
        """Of the way that the one-poles of each harmonic go in a frame: f0 [batch] -> [batch, 1, harmonics]."""
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
        """The random processes: f0 [batch, frames] -> [batch, frames, 4, harmonics], and the state after them."""
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
        weight = places[2] * (hertz < self.nyquist)
        depth = amount * places[1]
        moved = harmonics * torch.hypot(1.0 + depth * process[:, :, 1], depth * process[:, :, 3])
        heard = hertz < self.nyquist
        moved = torch.where(heard, moved, harmonics)
        sums = (moved * heard).sum(-1) / (harmonics * heard).sum(-1).clamp(min=1e-30)
        power = (harmonics.square() * weight).sum(-1) / (moved.square() * weight).sum(-1).clamp(min=1e-30)
        return amplitude * sums * power.sqrt(), moved


def follow(processes: Tensor, white: Tensor, share: Tensor) -> Tensor:
    """Both one-poles of each process take a frame's noise [batch, 2 harmonics] in: [batch, 4, harmonics] after it."""
    pair = white.reshape(white.shape[0], -1, 2).transpose(1, 2)  # [batch, 2, harmonics]
    first = processes[:, ::2] + share * (pair - processes[:, ::2])
    second = processes[:, 1::2] + share * (first - processes[:, 1::2])
    return torch.stack([first, second], dim=2).flatten(1, 2)


def depth_at(hertz: list[float], depth: list[float], at: float) -> float:
    """Depth at a frequency, Hz: straight lines in its logarithm, level beyond the ends."""
    if at <= hertz[0]:
        return depth[0]
    for place in range(1, len(hertz)):
        if at < hertz[place]:
            share = math.log(at / hertz[place - 1]) / math.log(hertz[place] / hertz[place - 1])
            return depth[place - 1] + share * (depth[place] - depth[place - 1])
    return depth[-1]
