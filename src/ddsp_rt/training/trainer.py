"""`train`: from a data set (or recordings) to an instrument file, on Lightning."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ddsp_rt.architecture import Architecture, DecoderSpec, EncoderSpec
from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.instrument_file import InstrumentError, load_instrument
from ddsp_rt.training.apprentice import Apprentice
from ddsp_rt.training.checkpoint import load_checkpoint
from ddsp_rt.training.crops import Crops
from ddsp_rt.training.data_file import PreparedData, is_data_set
from ddsp_rt.training.fast_layers import take_over
from ddsp_rt.training.hardware import keep_memory
from ddsp_rt.training.keeper import LAST, Keeper
from ddsp_rt.training.lesson import Lesson
from ddsp_rt.training.product import DRY, choose_room, labels, summary, write_instrument
from ddsp_rt.training.progress import Progress, say
from ddsp_rt.training.rooms import make_rooms
from ddsp_rt.training.session import choose_accelerator, process_number, run_lesson
from ddsp_rt.training.settings import Settings

Z_DIMS = 16


def train(
    recordings: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    name: str | None = None,
    resume: bool = False,
    base: str | os.PathLike[str] | None = None,
    minutes: float | None = None,
    steps: int | None = None,
    sample_rate: int = 16_000,
    z: bool = False,
    seed: int | None = None,
    device: str = "auto",
    devices: int = 1,
    nodes: int = 1,
    room: str | None = None,
    hold_out: float = 0.0,
    licence: str | None = None,
    attribution: str | None = None,
    decoder: DecoderSpec | None = None,
    settings: Settings | None = None,
    report: Callable[[str], None] = say,
) -> dict[str, Any]:
    """Train an instrument and write it to `output`; the run's checkpoint and logs lie in a folder beside it.

    The instrument file appears after the first judgement of the held-out part and is replaced whenever a judgement is
    the best so far. SIGINT and SIGTERM end the run with what was learnt.

    Args:
        recordings: a data set made by `prepare`, or what `prepare` takes.
        output: `*.ddsp`.
        resume: go on from the checkpoint of the run with the same output, with its seed, sizes and settings.
        base: an instrument file to start from (fine-tuning).
        minutes, steps: the budget; with neither, training ends when the held-out loss stops falling.
        sample_rate: the model rate, Hz, when recordings are given.
        z: learn an encoder of the source's spectral content as well.
        device: "cpu", "cuda" or "auto"; devices: processes per node.
        room: the room whose impulse response is shipped (default: that with most data), or "dry".
        hold_out: see `prepare`, when recordings are given.
        decoder, settings: other sizes of the network, other details of training.
        report: called with lines of text.

    Returns:
        The training summary that is in the instrument file.

    Raises:
        UserError: in one line, what is wrong with arguments or data, or why training ended early.
    """
    output = Path(output)
    if output.suffix != ".ddsp":
        raise UsageError(f"{output}: end the name of an instrument in .ddsp")
    report = report if process_number() == 0 else _nobody
    folder = output.with_suffix(".training")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror}") from None
    state = load_checkpoint(folder / LAST) if resume else None
    settings = _settings(settings or Settings(), state, seed, steps, minutes)
    if settings.batch % (devices * nodes):
        raise UsageError(f"{devices * nodes} processes cannot share a batch of {settings.batch} crops evenly")
    accelerator = choose_accelerator(device)
    data = _data(recordings, folder, sample_rate, hold_out, resume, report)
    tensors: dict[str, Any] = {}
    if state is not None and "architecture" in state:
        architecture = Architecture.from_dict(state["architecture"])
    elif base is not None:
        architecture, tensors = _base(base, data, z)
        settings = replace(settings, learning_rate=settings.learning_rate * settings.fine_tuning)
    else:
        architecture = _architecture(decoder or DecoderSpec(), z)
    crops = Crops(data, settings.scored, settings.preroll, mfcc=architecture.encoder is not None)
    shipped = choose_room(crops, room or (state or {}).get("room"))
    rooms = make_rooms(crops, settings.room_seconds)
    torch.manual_seed(settings.seed)
    apprentice = Apprentice(architecture, data.model_rate, rooms)
    if tensors:
        # The network has left part of its timbre to the room it learnt with, so the new rooms start as that one.
        apprentice.network.load_tensors(tensors)
        if rooms is not None and "reverb.impulse_response" in tensors:
            rooms.start_from(torch.from_numpy(tensors["reverb.impulse_response"].astype("float32")))
    if accelerator == "cpu":
        take_over(apprentice, keep=[apprentice.network.decoder.head])
        keep_memory()
    lesson = Lesson(apprentice, crops, settings)
    if state is not None:
        lesson.resume(state)
    architecture = replace(architecture, reverb_length=0 if shipped == DRY or rooms is None else rooms.taps.shape[1])
    tags = labels(crops, name or output.stem, licence, attribution)
    report(_opening(crops, lesson))
    with Progress("training", None if settings.open_ended else 1.0, report=report) as progress:
        progress.begin_at(settings.spent(lesson.step, lesson.seconds))
        about = {"architecture": architecture.to_dict(), "room": shipped}
        keeper = Keeper(folder, about, lambda it: write_instrument(output, it, architecture, shipped, tags), progress)
        run_lesson(lesson, keeper, folder, accelerator, devices, nodes)
    state_word = "stopped" if keeper.interrupted else "done"
    held_out = f"held-out loss {lesson.best_loss:.3f}" if lesson.best else "not judged yet"
    report(f"{state_word} after {lesson.step} steps, {lesson.seconds / 60:.1f} min: {held_out}, {output}")
    return {**summary(lesson, shipped), "interrupted": keeper.interrupted}


def _settings(
    settings: Settings, state: dict[str, Any] | None, seed: int | None, steps: int | None, minutes: float | None
) -> Settings:
    """Those of the run; one that goes on keeps its own, and takes a new budget when there is one."""
    if state is None:
        return replace(settings, seed=seed or 0, steps=steps, minutes=minutes)
    try:
        settings = Settings(**state["settings"])
    except TypeError:
        raise DataError("the checkpoint is of another version of ddsp-rt; train without --resume") from None
    if seed is not None and seed != settings.seed:
        raise UsageError(f"seed {seed}: the run to go on with has seed {settings.seed}")
    return settings if steps is None and minutes is None else replace(settings, steps=steps, minutes=minutes)


def _data(recordings, folder: Path, sample_rate: int, hold_out: float, resume: bool, report) -> PreparedData:
    if isinstance(recordings, (str, os.PathLike)) and is_data_set(recordings):
        return PreparedData(recordings)
    own = folder / "data.safetensors"
    if process_number() > 0 and not own.exists():
        raise UsageError("several processes need one data set: run ddsp-rt prepare first, and give train what it wrote")
    if process_number() == 0 and not (resume and own.exists()):
        from ddsp_rt.training.preparation import describe, prepare

        report(describe(prepare(recordings, own, model_rate=sample_rate, hold_out=hold_out, report=report)))
    return PreparedData(own)


def _architecture(decoder: DecoderSpec, z: bool) -> Architecture:
    if not z:
        return Architecture(decoder)
    decoder = replace(decoder, features=(*decoder.features, "z"), z_dims=Z_DIMS)
    return Architecture(decoder, EncoderSpec(z_dims=Z_DIMS))


def _base(base: str | os.PathLike[str], data: PreparedData, z: bool) -> tuple[Architecture, dict[str, Any]]:
    """The architecture (without a room) and weights of the instrument to start from, a path or a name."""
    path = os.fspath(base)
    if not os.path.isfile(path):
        from ddsp_rt.instrument import load

        path = load(path).path
    try:
        metadata, tensors = load_instrument(path)
    except InstrumentError as error:
        raise DataError(str(error)) from None
    architecture = replace(Architecture.from_dict(metadata["architecture"]), reverb_length=0)
    for what, here, there in (
        ("model rate", data.model_rate, metadata["model_rate"]),
        ("analyser version", data.table["analyser"]["version"], metadata["analyser"]["version"]),
        ("use of z", z, architecture.encoder is not None),
    ):
        if here != there:
            raise UsageError(f"{path}: its {what} is {there}, that of this training {here}; they must be equal")
    return architecture, tensors


def _nobody(line: str) -> None:
    """Hears what processes other than the first would say again."""


def _opening(crops: Crops, lesson: Lesson) -> str:
    weights = sum(p.numel() for p in lesson.apprentice.network.parameters())
    line = f"{crops.seconds / 60:.1f} min to learn from, {len(crops.windows) * crops.scored / 250:.0f} s held out"
    if crops.validates_on_training:
        line += " (also trained on: no recording is long enough)"
    line += f", {weights / 1000:.0f}k weights, rooms: {', '.join(crops.rooms)}"
    return line + (f"; going on from step {lesson.step}" if lesson.step else "")
