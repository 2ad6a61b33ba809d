"""Recursive filters a frame at a time: each a product of a matrix with its state and the frame's samples."""

import numpy as np
import torch
from torch import Tensor, nn


def run_sections(sections: list[list[float]], x: np.ndarray, state: np.ndarray) -> np.ndarray:
    """A cascade of second-order sections (b0, b1, b2, a1, a2), as transposed direct forms II.

    x: double [runs, samples]; state: [runs, 2 * sections], changed in place. Returns what comes out.
    """
    y = np.array(x, dtype=np.float64)
    for number, (b0, b1, b2, a1, a2) in enumerate(sections):
        first, second = state[:, 2 * number].copy(), state[:, 2 * number + 1].copy()
        for i in range(y.shape[1]):
            now = y[:, i].copy()
            out = b0 * now + first
            first = b1 * now - a1 * out + second
            second = b2 * now - a2 * out
            y[:, i] = out
        state[:, 2 * number], state[:, 2 * number + 1] = first, second
    return y


class FilterBank(nn.Module):
    """Branches of recursive filters that listen to one signal, in double precision.

    Each branch is a cascade, and begins where the signal comes in or behind another branch. A frame of up to `longest`
    samples is one product: what comes out and the next state are linear in the state and the samples.

    Args:
        branches: (sections, index of the branch it listens to, or -1).
        shortest, longest: samples of a frame; the first, before which nothing was heard, has none.
    """

    state: Tensor  # double [states]

    def __init__(self, branches: list[tuple[list[list[float]], int]], shortest: int, longest: int) -> None:
        super().__init__()
        self.shortest, self.longest, self.channels = int(shortest), int(longest), len(branches)
        sizes = [2 * len(sections) for sections, _ in branches]
        places = np.cumsum([0, *sizes])
        self.states = int(places[-1])

        def run(x: np.ndarray, state: np.ndarray) -> np.ndarray:
            """[runs, samples] -> [runs, channels, samples]; state [runs, states] changes in place."""
            out = []
            for (sections, source), place, size in zip(branches, places, sizes):
                own = state[:, place : place + size]
                out.append(run_sections(sections, x if source < 0 else out[source], own))
            return np.stack(out, axis=1)

        inputs = self.states + self.longest
        ends = []
        for samples in range(self.shortest, self.longest + 1):
            x, state = np.zeros((inputs, self.longest)), np.zeros((inputs, self.states))
            state[: self.states] = np.eye(self.states)
            x[self.states :] = np.eye(self.longest)
            out = run(x[:, :samples], state)
            ends.append(state.T)
        self.register_buffer("through", torch.from_numpy(out.transpose(2, 1, 0).copy()))  # [samples, channels, inputs]
        self.register_buffer("ends", torch.from_numpy(np.stack(ends)))  # [lengths, states, inputs]
        self.state = torch.zeros(self.states, dtype=torch.float64)

    @torch.jit.export
    def start(self) -> None:
        self.state = torch.zeros(self.states, dtype=torch.float64)

    def forward(self, samples: Tensor, first: int, step: int) -> Tensor:
        """double [samples] -> double [kept, channels]: every `step`-th of what comes out, from `first` on."""
        n = samples.shape[0]
        if n == 0:
            return torch.zeros(0, self.channels, dtype=torch.float64)
        given = torch.cat([self.state, samples, torch.zeros(self.longest - n, dtype=torch.float64)])
        out = torch.mv(self.through[first:n:step].flatten(0, 1), given)
        state = torch.mv(self.ends[n - self.shortest], given)
        self.state = torch.where(state.abs() < 1e-15, 0.0, state)  # before it reaches denormal numbers
        return out.reshape(-1, self.channels)
