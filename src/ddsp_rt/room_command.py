"""`ddsp-rt room`: gives an instrument another room, or takes its own away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ddsp_rt import arguments, console
from ddsp_rt.errors import UsageError
from ddsp_rt.instrument_file import load_instrument, save_instrument
from ddsp_rt.made_rooms import MADE_ROOMS, made_room
from ddsp_rt.sound_files.source import shown

NONE = "none"


def room(
    instrument: arguments.Installed,
    which: Annotated[str, typer.Argument(metavar="|".join([*MADE_ROOMS, NONE]), help="Room that it gets.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="INSTRUMENT", parser=arguments.path, help="Instrument to write.")
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace an instrument that exists already.")] = False,
) -> None:
    """Give an instrument a small room or a hall instead of its own, or none.

    Both were made by formulas; the parameter reverb says how much of the room is heard. All else in the file stays as
    it is.

    Example: ddsp-rt room saxophone hall -o saxophone-in-hall.ddsp
    """
    from ddsp_rt.instrument import load
    from ddsp_rt.morph import one_instrument

    if which not in (*MADE_ROOMS, NONE):
        raise UsageError(f"{which}: give {', '.join(MADE_ROOMS)} or {NONE}")
    if output.suffix != ".ddsp":
        raise UsageError(f"{output}: end the name of an instrument in .ddsp")
    if output.exists() and not force:
        raise UsageError(f"{output}: exists already; --force replaces it, and -o with another name leaves it alone")
    metadata, tensors = load_instrument(one_instrument(load(instrument)).path)
    metadata, tensors = with_room(metadata, tensors, which)
    save_instrument(output, tensors, metadata, None)
    seconds = len(tensors.get("reverb.impulse_response", ())) / metadata["model_rate"]
    console.result(f"{shown(output)}: {f'room {which}, {seconds:.1f} s' if seconds else 'no room'}")


def with_room(
    metadata: dict[str, Any], tensors: dict[str, np.ndarray], which: str
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """An instrument's metadata and tensors with one of `MADE_ROOMS`, or "none", in the place of its room."""
    tensors = {name: values for name, values in tensors.items() if name != "reverb.impulse_response"}
    architecture = metadata["architecture"] | {"reverb": None}
    if which != NONE:
        response = made_room(which, metadata["model_rate"])
        tensors["reverb.impulse_response"] = response.astype(next(iter(tensors.values())).dtype)
        architecture["reverb"] = {"length": len(response)}
    training = metadata.get("training")
    if isinstance(training, dict):
        metadata = metadata | {"training": training | {"room": which}}
    return metadata | {"architecture": architecture}, tensors
