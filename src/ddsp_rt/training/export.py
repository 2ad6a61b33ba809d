"""What comes out of training: the instrument file, with all that its card says of data and training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.architecture import Architecture
from ddsp_rt.errors import DataError
from ddsp_rt.instrument_file import FORMAT_VERSION, save_instrument
from ddsp_rt.made_rooms import MADE_ROOMS, made_room
from ddsp_rt.network import Encoder
from ddsp_rt.training.crops import Crops
from ddsp_rt.training.joined import joined_in
from ddsp_rt.training.module import TrainingModule
from ddsp_rt.training.shared_room import room_to_start
from ddsp_rt.training.sources import DRY, no_room, several_rooms

Z_CROPS, Z_SEED = 25, 0x5EED  # of which the mean z is taken: at every export, so it must not take long


def export_instrument(
    path: Path,
    module: TrainingModule,
    architecture: Architecture,
    room: str,
    labels: dict[str, Any],
    scores: dict[str, float] | None = None,
) -> dict[str, Any]:
    """Export the best weights so far, with the impulse response of one room.

    Args:
        path: of the instrument file.
        architecture: with the reverb length; 0 for a dry instrument.
        room: the room whose response is shipped, or "dry".
        labels: name, licence and attribution.
        scores: what was measured of it, by name.

    Returns the instrument's metadata.

    Raises DataError when it cannot be written.
    """
    weights = module.best or {name: value.detach().cpu() for name, value in module.average.items()}
    tensors = {n.removeprefix("network."): v.float().numpy() for n, v in weights.items() if n.startswith("network.")}
    if architecture.reverb_length:
        tensors["reverb.impulse_response"] = response(module, weights, room)
    if architecture.encoder:
        labels = labels | {"z_mean": mean_z(module, architecture, tensors)}
    metadata = {
        "format_version": FORMAT_VERSION,
        "requires": [],
        "architecture": architecture.to_dict(),
        "frame_rate": FRAME_RATE,
        **{key: module.crops.data.table[key] for key in ("model_rate", "analyser", "quantiles", "usual", "gate_db")},
        "training": summary(module, room),
        "scores": scores or {},
        **labels,
    }
    save_instrument(path, tensors, metadata)
    return metadata


def response(module: TrainingModule, weights: dict[str, Tensor], room: str) -> np.ndarray:
    """The impulse response of a room that was learnt or made: float32 [length], the first tap 0."""
    rooms = module.model.rooms
    if module.shared_room is not None:
        return module.shared_room.numpy()
    room = room_to_start(module, room)
    if room not in module.crops.rooms:
        return made_room(room, module.crops.data.model_rate)
    index = rooms.names.index(room)
    taps = weights["rooms.taps"][index].float().cpu() * rooms.envelope[index].cpu()
    taps[0] = 0.0
    return taps[: rooms.length(room)].numpy()


def room_length(module: TrainingModule, room: str) -> int:
    """Samples of the impulse response of a room, 0 for none."""
    if room == DRY:
        return 0
    room = room_to_start(module, room)
    if room not in module.crops.rooms:
        return len(made_room(room, module.crops.data.model_rate))
    return 0 if module.model.rooms is None else module.model.rooms.length(room)


@torch.no_grad()
def mean_z(module: TrainingModule, architecture: Architecture, tensors: dict[str, np.ndarray]) -> list[float]:
    """What the encoder makes of the usable frames of the data: its mean over a hundred seconds, [z_dims]."""
    encoder = Encoder(architecture.encoder)
    encoder.load_state_dict({name: torch.from_numpy(tensors[f"encoder.{name}"]) for name in encoder.state_dict()})
    crops = module.crops
    batch = crops.batch(crops.positions(Z_SEED, 0, Z_CROPS))
    z = encoder(batch["mfcc"])[:, crops.preroll :][batch["usable"]]
    return [round(float(value), 6) for value in z.mean(0)]


def summary(module: TrainingModule, room: str) -> dict[str, Any]:
    """What the instrument says of its training."""
    settings = module.settings
    data = module.crops.data
    table = [recording for index, recording in enumerate(data.recordings) if not data.is_joined(index)]
    joined = {"joined": joined_in(data)} if data.table.get("from_notes") else {}
    return {
        "steps": module.step,
        "best_step": module.best_step,
        "minutes": round(module.seconds / 60, 2),
        "held_out_loss": round(module.best_loss, 4) if module.best else None,
        "batch": settings.batch,
        "seed": settings.seed,
        "learning_rate": settings.learning_rate,
        "recordings": len(table),
        "seconds_of_data": round(module.crops.seconds, 1),
        "seconds_kept_out": round(sum(float(r.get("held_out_seconds", 0.0)) for r in table), 1),
        "room": room,
        **joined,
    }


def choose_room(crops: Crops, wanted: str | None) -> str:
    """The room whose response is shipped: the one asked for, else the one with most usable seconds."""
    if wanted == DRY:
        return DRY
    seconds = dict.fromkeys(crops.rooms, 0.0)
    for recording in crops.data.recordings:
        seconds[str(recording["room"])] += float(recording["usable_seconds"])
    if wanted is not None:
        together = several_rooms(wanted, seconds)
        if not together and wanted not in (*seconds, *MADE_ROOMS):  # that of a run which is resumed with other data
            raise DataError(no_room(wanted, seconds))
        return ",".join(together) or wanted
    return max(seconds, key=seconds.__getitem__)


def labels(crops: Crops, name: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Name, licence and attribution: those asked for, else those of the recordings; and whom the instrument that was
    started from credits."""
    recordings, base = crops.data.recordings, asked.get("base_credits", {"licence": "", "attribution": []})
    licence, attribution = asked["licence"], asked["attribution"]
    licences = {str(r.get("licence", "")) for r in recordings} | {part.strip() for part in base["licence"].split(";")}
    owners = [str(r.get("attribution", "")) for r in recordings] if attribution is None else [attribution]
    return {
        "name": name,
        "licence": licence if licence is not None else "; ".join(sorted(licences - {""})),
        "attribution": [owner for owner in dict.fromkeys([*owners, *base["attribution"]]) if owner],
    }
