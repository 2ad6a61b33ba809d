"""How held notes of a model that was trained move, measured on its own data set by the twin: no engine is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from ddsp_rt.synthesis import Life
from ddsp_rt.synthesis.noise_generator import first_states
from ddsp_rt.training.assessment import best_weights
from ddsp_rt.training.life import Depth, LifeDepth, Take, solve
from ddsp_rt.training.module import TrainingModule

SEED = 0x11FE
CROPS = 16  # listened to: some tens of seconds of work
BATCH = 4  # rendered at once


@torch.no_grad()
def life_in_training(module: TrainingModule, report: Callable[[int], None] = lambda count: None) -> LifeDepth:
    """See `solve`: the weights that are exported, on crops that were held out and, where they are few, on others.

    `report` is called once for each pass over the crops.
    """
    crops, rate = module.crops, module.crops.data.model_rate
    held_out = crops.windows[:: -(-len(crops.windows) // CROPS)]
    places = held_out + crops.positions(SEED, 0, CROPS - len(held_out))
    batches = [crops.batch(places[start : start + BATCH]) for start in range(0, len(places), BATCH)]
    takes = [Take(audio, rate) for batch in batches for audio in batch["audio"].numpy()]
    with best_weights(module):
        parts = [_Part(module, batch, SEED + number) for number, batch in enumerate(batches)]
        f0 = torch.cat([part.controls[0] for part in parts]).median()
        harmonics = parts[0].controls[2].shape[-1]
        life = Life([1.0, rate], [0.0, 0.0], rate, harmonics, float(f0)).to(module.device)
        for part in parts:
            part.draw(life)

        def play(depth: Depth | None) -> Iterator[np.ndarray]:
            if depth is not None:
                life.set_depth(**depth)
            for part in parts:
                yield from part.played(None if depth is None else life).cpu().double().numpy()
            report(1)

        return solve(takes, play)


class _Part:
    """A batch of crops as the network plays it; only what depths of life change is left to do."""

    def __init__(self, module: TrainingModule, batch: dict[str, Tensor], seed: int) -> None:
        batch = {name: value.to(module.device) for name, value in batch.items()}
        self.model, self.room, self.preroll, self.seed = module.model, batch["room"], module.crops.preroll, seed
        self.controls, _ = self.model.controls(batch, slice(None))
        self.excitation = module.draw(*batch["f0"].shape, seed)

    def draw(self, life: Life) -> None:
        """Let each crop move by chances of its own."""
        processes, state = life.start(len(self.room))
        seeds = (BATCH * self.seed + row for row in range(len(self.room)))
        state = torch.tensor([first_states(seed) for seed in seeds], device=state.device)
        self.process, _ = life.draw(self.controls[0], (processes, state))

    def played(self, life: Life | None) -> Tensor:
        """[crops, samples], in their rooms."""
        f0, amplitude, harmonics, noise = self.controls
        if life is not None:
            amplitude, harmonics = life.bend(f0, 1.0, amplitude, harmonics, self.process)
        audio, _ = self.model.synthesizer(f0, amplitude, harmonics, noise, self.excitation)
        return self.model.in_rooms(audio, self.room, self.preroll)
