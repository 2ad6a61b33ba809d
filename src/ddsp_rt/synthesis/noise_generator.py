"""The engine's white noise: the same samples from the same seed."""

import numpy as np
import torch
from torch import Tensor, nn

LANES = 16
BITS = 32


def first_states(seed: int) -> list[int]:
    """The lanes' states before the first sample: a Weyl sequence, well mixed, so that they lie far apart."""
    wrap = (1 << 64) - 1
    states = []
    for lane in range(1, LANES + 1):
        counter = (seed + lane * 0x9E3779B97F4A7C15) & wrap
        mixed = ((counter ^ (counter >> 31)) * 0xBF58476D1CE4E5B9) & wrap
        mixed ^= mixed >> 29
        states.append((mixed >> 16) & 0xFFFFFFFF | 1)
    return states


def next_state(x: int) -> int:
    """One step of a 32-bit xorshift generator (Marsaglia, Xorshift RNGs, 2003)."""
    x ^= (x << 13) & 0xFFFFFFFF
    x ^= x >> 17
    return x ^ (x << 5) & 0xFFFFFFFF


def draw_ahead(states: list[int], frames: int, size: int) -> tuple[np.ndarray, list[int]]:
    """What `frames` calls of a generator of `size` draw one after another, many times as fast where nothing is learnt:
    float32 [frames, size], and the states after them."""
    steps, state = -(-size // LANES), np.array(states, np.uint32)
    drawn = np.empty((frames * steps, LANES), np.int32)
    for step in range(len(drawn)):
        state ^= state << 13
        state ^= state >> 17
        state ^= state << 5
        drawn[step] = state.view(np.int32)
    white = (drawn >> 8).astype(np.float32) * np.float32(2.0**-23)
    return white.reshape(frames, steps * LANES)[:, :size], state.tolist()


class NoiseGenerator(nn.Module):
    """Sixteen interleaved xorshift generators.

    A step is linear in the bits of the state, so all that a frame needs are one product of the bits with a matrix,
    modulo two.

    Args:
        size: samples a frame takes; what is drawn beyond it, up to a multiple of 16, is thrown away, as in the engine.
    """

    def __init__(self, size: int):
        super().__init__()
        self.size = int(size)
        self.steps = -(-self.size // 16)
        rows = []
        for bit in range(BITS):  # what this bit alone becomes in 1, 2, ... steps
            state, becomes = 1 << bit, []
            for _ in range(self.steps):
                state = next_state(state)
                becomes += [float(state >> place & 1) for place in range(BITS)]
            rows.append(becomes)
        self.register_buffer("steps_ahead", torch.tensor(rows), persistent=False)
        self.register_buffer("seed_states", torch.tensor(first_states(1)), persistent=False)

    @torch.jit.export
    def start(self, batch: int) -> Tensor:
        """The state after a reset: int64 [batch, 16]."""
        return self.seed_states.unsqueeze(0).repeat(batch, 1)

    def forward(self, sounding: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """White samples for each frame, uniform in [-1, 1).

        Shape:
            - sounding: bool [batch, frames, any]; a frame in which nothing sounds takes no samples from the generator
            - state: int64 [batch, 16]
            - returns [batch, frames, size], zero for frames in which nothing sounds, and the state
        """
        batch, frames, _ = sounding.shape
        drawn = sounding.any(-1)
        place = torch.arange(32, device=state.device)
        out = []
        for frame in range(frames):
            bits = (state.unsqueeze(-1) >> place & 1).to(self.steps_ahead.dtype)  # [batch, lanes, 32]
            ahead = torch.matmul(bits, self.steps_ahead).to(torch.int64) & 1
            states = (ahead.unflatten(-1, [self.steps, 32]) << place).sum(-1)  # [batch, lanes, steps]
            now = drawn[:, frame].unsqueeze(-1)
            state = torch.where(now, states[:, :, -1], state)
            signed = states - ((states >> 31) << 32)
            white = (signed >> 8).to(torch.float32) * 1.1920928955078125e-07  # 2^-23
            out.append(white.transpose(1, 2).reshape(batch, -1)[:, : self.size] * now)
        return torch.stack(out, dim=1), state
