"""One room for recordings that were made in several: it is learnt last, for a network that stays as it is."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ddsp_rt.training.assessment import best_weights
from ddsp_rt.training.crops import TrainingBatches
from ddsp_rt.training.loss import training_loss
from ddsp_rt.training.module import TrainingModule
from ddsp_rt.training.running_average import move_average
from ddsp_rt.training.settings import Settings
from ddsp_rt.training.sources import several_rooms

STEPS = 110  # 300 gained 0.007 of the loss over 150 and let harmonics stand 0.7 dB further out of the noise
RATE = 4e-4  # learning rate at first; ten times that lets the taps learn the crops by heart
AVERAGE = 0.98  # of the running average of the taps that is kept
SEED = 0x400  # of the crops, apart from those of training


def room_to_start(module: TrainingModule, room: str) -> str:
    """The room that one for several folders starts as, and until it is learnt is: that which rings longest. Others are
    what they are."""
    together, rooms = several_rooms(room, module.crops.rooms), module.model.rooms
    if not together:
        return room
    return together[0] if rooms is None else max(together, key=rooms.length)


def learn_shared_room(
    module: TrainingModule, room: str, steps: int = STEPS, report: Callable[[int], None] = lambda count: None
) -> Tensor:
    """The impulse response in which the weights that are exported come nearest to the recordings of several folders.

    It decays as the room that it starts as; the network and what it plays stay as they are, so that the dry instrument
    is the same with any room. `room`: the folders' names, joined by commas. `report` is called once for each step.
    Returns [samples], the first 0.
    """
    model, crops, rate = module.model, module.crops, module.crops.data.model_rate
    start, together = room_to_start(module, room), several_rooms(room, crops.rooms)
    counts = torch.tensor([name in together for name in crops.rooms])
    settings = Settings(seed=SEED + module.settings.seed, steps=steps, batch=module.settings.batch)
    with best_weights(module):
        shared = model.rooms.copy_of(start).to(module.device)
        optimizer = torch.optim.Adam(shared.parameters(), lr=RATE, betas=(0.9, 0.99))
        average = shared.taps.detach().clone()
        for step, batch in enumerate(TrainingBatches(crops, settings, 0, steps)):
            batch = {name: value[counts[batch["room"]]].to(module.device) for name, value in batch.items()}
            report(1)
            if len(batch["room"]) == 0:
                continue
            noise = module.draw(*batch["f0"].shape, (settings.seed << 32) + step)
            with torch.no_grad():
                dry = model.dry(batch, noise, crops.preroll)
            output = shared(dry, torch.zeros_like(batch["room"]), crops.preroll * crops.length)
            loss = training_loss(output, batch["audio"], rate, settings.overlap, batch["usable"], *settings.levels)
            optimizer.zero_grad()
            (loss + module.settings.room_prior * shared.penalty()).backward()
            optimizer.param_groups[0]["lr"] = RATE * 0.5 * (1.0 + math.cos(math.pi * step / steps))
            optimizer.step()
            move_average([average], [shared.taps], step, AVERAGE)
        with torch.no_grad():
            shared.taps.copy_(average)
            return shared.responses()[0, : shared.length(start)].cpu()
