"""Several networks learn apart and err in different places; one that learns the mean of what they play errs less.

Ensembles (Dietterich 2000), and their distillation into one network (Hinton, Vinyals and Dean 2015): a recording's
chance is learnt by heart by each network in its own way, and what they agree upon is the instrument.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ddsp_rt.network.instrument_model import InstrumentModel
from ddsp_rt.training.asked_notes import AskedNotes
from ddsp_rt.training.assessment import best_weights
from ddsp_rt.training.checkpoint import load_checkpoint, save_checkpoint
from ddsp_rt.training.crops import TRACKS, TrainingBatches
from ddsp_rt.training.model import TrainingModel
from ddsp_rt.training.module import TrainingModule
from ddsp_rt.training.settings import Settings

SHARE = 0.7  # of the first network's steps, for each other one: after a quarter of them nothing was gained by a mean
MEAN_STEPS = 150
RATE = 0.5  # of the learning rate, for the mean
LOUDER, HIGHER = 5.0, 1.5 / 12  # dB and octaves by which crops are told other than they are, at most
NOTES = 2  # notes asked for, beside each batch
BEFORE = 50  # frames of a crop that only fill the networks' state
HEARD = 6.9  # nepers, 60 dB, under its loudest from which a harmonic or a band of noise does not count
SEED = 0x5E7  # of the mean's crops, apart from those of training


def steps_in_all(first: int, count: int) -> int:
    """Steps that `learn_mean` does when the first of `count` networks has learnt for so many."""
    return (count - 1) * _steps_of_others(first) + MEAN_STEPS


def _steps_of_others(first: int) -> int:
    return max(1, round(SHARE * first))


def learn_mean(
    module: TrainingModule,
    new_model: Callable[[Settings], TrainingModel],
    count: int,
    folder: Path,
    report: Callable[[int], None] = lambda steps: None,
) -> float:
    """Train `count - 1` other networks in the rooms of the module's best weights, and let these learn the mean of all.

    Returns the held-out loss of the mean. Where it is not the lowest so far, the best weights stay as they are.

    `new_model` gives an untrained one. Each network is kept in `folder` when it is done, so that a run which goes on
    does not learn it again. Notes of the range are asked for too, and crops told higher and louder than they are: what
    networks play there, no recording has to say. `report` is called with steps done, of `steps_in_all`.
    """
    steps = _steps_of_others(module.step)
    with best_weights(module):
        networks = [copy.deepcopy(module.model.network)]
        rooms = copy.deepcopy(module.model.rooms)
    own = module.settings.table() | {"networks": 1}  # how many there are changes none of them
    about = {"settings": own, "step": module.step, "best_step": module.best_step}
    for number in range(2, count + 1):
        path = folder / f"network-{number}.ckpt"
        kept = load_checkpoint(path) if path.exists() else {}
        if kept.get("about") != about:
            seed = module.settings.seed + number - 1
            settings = replace(module.settings, seed=seed, steps=steps, minutes=None, interval=steps)
            kept = {"about": about, "weights": _another(module, new_model(settings), rooms, settings, report)}
            save_checkpoint(path, kept)
        else:
            report(steps)
        networks.append(copy.deepcopy(networks[0]))
        networks[-1].load_state_dict(kept["weights"])
    best = module.best
    module.best = best | {f"network.{name}": value for name, value in _mean(module, networks, report).items()}
    with best_weights(module):
        loss = module.held_out_loss()
    if loss < module.best_loss:
        module.best_loss = loss
    else:
        module.best = best
    return loss


def _another(
    module: TrainingModule,
    model: TrainingModel,
    rooms: nn.Module | None,
    settings: Settings,
    report: Callable[[int], None],
) -> dict[str, Tensor]:
    """The averaged weights of a network that has learnt as the settings say, in `rooms` as they are."""
    model.rooms = None if rooms is None else copy.deepcopy(rooms).requires_grad_(False)
    other = TrainingModule(model, module.crops, settings, module.room).to(module.device)
    other.on_fit_start()
    optimizers = other.configure_optimizers()
    for step, batch in enumerate(other.train_dataloader()):
        batch = {name: value.to(module.device) for name, value in batch.items()}
        other.learn(batch, optimizers, step / settings.steps)
        report(1)
    other.swap_average()
    return {name: value.detach().cpu() for name, value in other.model.network.state_dict().items()}


def _mean(module: TrainingModule, networks: list[InstrumentModel], report: Callable[[int], None]) -> dict[str, Tensor]:
    """Weights of a network that plays the mean, of levels in dB, of what some play; it begins as the first."""
    settings = replace(
        module.settings,
        seed=SEED + module.settings.seed,
        steps=MEAN_STEPS,
        minutes=None,
        learning_rate=RATE * module.settings.learning_rate,
    )
    model = copy.deepcopy(module.model)
    model.rooms = None
    model.network.load_state_dict(networks[0].state_dict())
    learner = TrainingModule(model, module.crops, settings).to(module.device)
    learner.on_fit_start()
    optimizers = learner.configure_optimizers()
    notes = AskedNotes(module.crops.data.table)
    for step, batch in enumerate(TrainingBatches(module.crops, settings, 0, MEAN_STEPS)):
        told = _told(batch, notes if notes.known else None, settings.seed, step)
        told = {name: value.to(module.device) for name, value in told.items()}
        with torch.no_grad():
            wanted = [_levels(model, network, told) for network in networks]
            harmonics, noise = (torch.stack(levels).mean(0) for levels in zip(*wanted))
        levels = _levels(model, model.network, told)
        off = _off(levels[0], harmonics, told["loudness"]) + _off(levels[1], noise, told["loudness"])
        learner.descend(off, optimizers, step / MEAN_STEPS)
        report(1)
    learner.swap_average()
    return {name: value.detach().cpu() for name, value in model.network.named_parameters()}


def _told(batch: dict[str, Tensor], notes: AskedNotes | None, seed: int, step: int) -> dict[str, Tensor]:
    """Features of crops and of notes asked for, each [crops, frames], all shifted in pitch and loudness."""
    told = {name: batch[name] for name in TRACKS}
    if notes is not None:
        asked, _ = notes.crops(seed, step, NOTES, batch["f0"].shape[1])
        told = {name: torch.cat([told[name], asked[name]]) if name in asked else told[name] for name in told}
    count = len(told["f0"])
    random = np.random.Generator(np.random.Philox(key=[seed, step], counter=[0, 0, 0, 3]))
    louder, higher = torch.from_numpy(random.uniform(-1.0, 1.0, (2, count, 1)).astype(np.float32))
    told["f0"] = told["f0"] * (HIGHER * higher).exp2()
    for name in ("loudness", "fast_loudness"):
        told[name] = told[name] + LOUDER * louder
    return told


def _levels(model: TrainingModel, network: InstrumentModel, told: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Natural logarithms of the amplitudes of harmonics that can sound, and of the noise bands."""
    f0, periodicity, loudness, fast_loudness, balance = (told[name] for name in TRACKS)
    amplitude, harmonics, noise, _ = network.decoder(
        f0, periodicity, loudness, None, None, fast_loudness=fast_loudness, balance=balance
    )
    amplitudes = model.synthesizer.harmonic_oscillators.amplitudes(f0, amplitude, harmonics)
    return (amplitudes + 1e-7).log()[:, BEFORE:], noise.log()[:, BEFORE:]


def _off(levels: Tensor, wanted: Tensor, loudness: Tensor) -> Tensor:
    """Mean distance of levels, each by how far from inaudible it is: under the loudest one, and by its frame."""
    heard = (1.0 + (wanted - wanted.amax(-1, keepdim=True)) / HEARD).clamp(0.0, 1.0)
    weight = heard * ((loudness[:, BEFORE:] + 80.0) / 60.0).clamp(0.02, 1.0).unsqueeze(-1)
    return (weight * (levels - wanted).abs()).sum() / weight.sum()
