"""`train`: from a data set (or recordings) to an instrument file, on Lightning."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ddsp_rt.analysis import FRAME_RATE
from ddsp_rt.architecture import Architecture, EncoderSpec
from ddsp_rt.console import counted
from ddsp_rt.errors import DataError, UsageError, UserError
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.progress import Progress
from ddsp_rt.training.assessment import assess
from ddsp_rt.training.card import write_card
from ddsp_rt.training.checkpoint import load_checkpoint
from ddsp_rt.training.checkpoint_callback import CheckpointCallback
from ddsp_rt.training.crops import Crops
from ddsp_rt.training.data_file import PreparedData, is_data_set
from ddsp_rt.training.data_warnings import data_warnings
from ddsp_rt.training.export import choose_room, export_instrument, labels, room_length, summary
from ddsp_rt.training.fast_layers import use_fast_layers
from ddsp_rt.training.hardware import keep_memory, process_number
from ddsp_rt.training.life import PASSES, in_words
from ddsp_rt.training.lightning_run import choose_accelerator, run_lightning
from ddsp_rt.training.model import TrainingModel
from ddsp_rt.training.module import TrainingModule
from ddsp_rt.training.new_decoder import new_decoder
from ddsp_rt.training.note_manner import manner_of
from ddsp_rt.training.options import TrainOptions, base_path
from ddsp_rt.training.resuming import JOINING, TAKEN_ANEW, check_resumed, what_was_asked
from ddsp_rt.training.rooms import make_rooms
from ddsp_rt.training.run_folder import RunFolder
from ddsp_rt.training.settings import Settings
from ddsp_rt.training.several import learn_mean, steps_in_all
from ddsp_rt.training.shared_room import STEPS as SHARED_STEPS
from ddsp_rt.training.shared_room import learn_shared_room
from ddsp_rt.training.sources import Sources, several_rooms, sources_of
from ddsp_rt.training.tensorboard_callback import log_result
from ddsp_rt.training.trained_life import life_in_training
from ddsp_rt.training.verdict import verdict

Z_DIMS = 16
TRIAL_STEPS = 300  # fewer make no instrument from nothing
TRIAL_MINUTES = 3.0
ONSETS = 40  # that tell an instrument's delay


def train(
    recordings: Any, sources: Sources, run: RunFolder, options: TrainOptions, report: Callable[[str], None]
) -> dict[str, Any]:
    """See `ddsp_rt.training.train`, which has checked the options and found the `sources` of the recordings."""
    run.make()
    if process_number() > 0:
        return _train(recordings, sources, run, options, _nobody)
    with run.claim():
        run.finished.unlink(missing_ok=True)
        try:
            result = _train(recordings, sources, run, options, report)
        except UserError:
            run.remove_empty()
            raise
        if not result["interrupted"]:
            run.finished.touch()
        return result


def _train(
    recordings: Any, sources: Sources, run: RunFolder, options: TrainOptions, report: Callable[[str], None]
) -> dict[str, Any]:
    state = load_checkpoint(run.checkpoint) if options.resume else None
    if state is not None:
        for line in check_resumed(options, state, sources):
            report(line)
    settings = _settings(options, state)
    accelerator = choose_accelerator(options.device)
    data = _data(recordings, run, options, report)
    asked = (
        state["asked"]
        if state
        else what_was_asked(options, settings, sources, sources_of(data), bool(data.table.get("from_notes")))
    )
    asked |= {key: value for key in TAKEN_ANEW if (value := getattr(options, key)) is not None}
    architecture, tensors = _architecture(options, state, data)
    if tensors:
        settings = replace(settings, learning_rate=settings.learning_rate * settings.fine_tuning)
    crops = Crops(data, settings.scored, settings.preroll, mfcc=architecture.encoder is not None)
    room = choose_room(crops, asked["room"])
    lived_in = room if room in crops.rooms else choose_room(crops, None)
    model = _model(architecture, crops, settings, tensors, accelerator, lived_in)
    module = TrainingModule(model, crops, settings, lived_in)
    if state is not None:
        module.resume(state)
    elif process_number() == 0:
        run.clear()
    report(_opening(crops, module))
    for line in data_warnings(data, crops.seconds):
        report(f"Warning: {line}")
    if trial := _trial(settings, tensors or state):
        report(trial)
    architecture = replace(architecture, reverb_length=room_length(module, room))
    tags = labels(crops, asked["name"] or run.output.stem, asked)
    if process_number() == 0:
        tags["notes"] = manner_of(data).table()
    with Progress("training", None if settings.open_ended else 1.0, report=report) as progress:
        progress.begin_at(settings.spent(module.step, module.seconds))
        about = {"architecture": architecture.to_dict(), "asked": asked}
        export = partial(export_instrument, run.output, architecture=architecture, room=room, labels=tags)
        callback = CheckpointCallback(run.checkpoint, about, export, progress)
        run_lightning(module, callback, run, accelerator, options.devices, options.nodes)
    report(_closing(module, callback.interrupted, run.output))
    if module.best and process_number() == 0:
        if settings.networks > 1 and not callback.interrupted:
            module.to(accelerator)  # which Lightning has left
            report(_learn_mean(module, lambda own: _model(architecture, crops, own, {}, accelerator, lived_in), run))
            module.cpu()
        if several_rooms(room, crops.rooms) and module.model.rooms is not None:
            with Progress("learning the room", SHARED_STEPS) as progress:
                module.shared_room = learn_shared_room(module, room, SHARED_STEPS, progress.advance)
        if line := _measure_life(module, tags):
            report(line)
        for line in _assess(module, run, export):
            report(line)
    return {**summary(module, room), "interrupted": callback.interrupted}


def _learn_mean(module: TrainingModule, new_model: Callable[[Settings], TrainingModel], run: RunFolder) -> str:
    """Let the instrument play the mean of several networks, and say in words what it gained."""
    count, alone = module.settings.networks, module.best_loss
    with Progress(f"learning from {count} networks", steps_in_all(module.step, count)) as progress:
        loss = learn_mean(module, new_model, count, run.path, progress.advance)
    words = "" if loss < alone else ", which stays"
    return f"The mean of {count} networks: held-out loss {loss:.3f}, of the first alone {alone:.3f}{words}"


def _measure_life(module: TrainingModule, tags: dict[str, Any]) -> str:
    """Let the instrument's held notes move as recorded, and say so; "" where no note is steady."""
    with Progress("measuring life", PASSES) as progress:
        life = life_in_training(module, progress.advance)
    if life.table is None:
        return ""
    tags["life"] = life.table
    return f"Life: {in_words(life)}"


def _assess(module: TrainingModule, run: RunFolder, export: Callable[..., dict[str, Any]]) -> list[str]:
    """Measure the instrument, write its scores and its card, and say in words what it can do."""
    assessment = assess(module)
    sentences = verdict(assessment, module.crops)
    export(module)
    scores = {
        "held_out_mss": module.best_loss,
        "held_out_loudness_l1_db": assessment.loudness_l1,
        "loudness_slope": assessment.follows,
        "onset_ms": _onset(run.output),
    }
    scores = {name: round(value, 3) for name, value in scores.items() if math.isfinite(value)}
    metadata = export(module, scores=scores)
    card = write_card(run.output.with_suffix(".md"), metadata, sentences, run.path / "card.md")
    log_result(run.log, module, assessment, scores)
    return [*sentences, f"Card: {card}"]


def _onset(instrument: Path) -> float:
    """From an abrupt tone to its sound, in ms; NaN where there is no compiled part to play it."""
    try:
        from ddsp_rt.evaluation.onsets import instrument_onset
        from ddsp_rt.instrument import Instrument
    except ImportError:  # training needs none
        return math.nan
    return instrument_onset(Instrument(instrument), ONSETS).median


def _settings(options: TrainOptions, state: dict[str, Any] | None) -> Settings:
    """Those of the run; one that goes on keeps its own, and takes a new budget when there is one."""
    budget = {"steps": options.steps, "minutes": options.minutes}
    networks = {} if options.networks is None else {"networks": options.networks}
    if state is None:
        return replace(options.settings or Settings(), seed=options.seed or 0, **budget, **networks)
    try:
        # What a run began without it goes on without.
        settings = Settings(**({"lapses": 0.0, "asked": 0.0, "high_bands": 0.0} | state["settings"] | networks))
    except TypeError:
        raise DataError("the checkpoint is of another version of ddsp-rt; train without --resume") from None
    return settings if budget == {"steps": None, "minutes": None} else replace(settings, **budget)


def _data(recordings: Any, run: RunFolder, options: TrainOptions, report: Callable[[str], None]) -> PreparedData:
    """The data set given, or the run's own, made from the recordings given."""
    if isinstance(recordings, (str, os.PathLike)) and is_data_set(recordings):
        data = PreparedData(recordings)
        for option, value, key in (
            ("--sample-rate", options.sample_rate, "model_rate"),
            ("--hold-out", options.hold_out, "hold_out"),
            ("--channel", options.channel, "channel"),
        ):
            if value is not None and value != data.table.get(key, value):
                before = "a mix of all channels" if data.table[key] is None else data.table[key]
                raise UsageError(f"{option} {value}: {data.path} was prepared with {before}; prepare it again")
        joined = bool(data.table.get("from_notes"))
        if options.from_notes not in (None, joined):
            raise UsageError(
                f"{JOINING[options.from_notes]}: the notes of {data.path} are {'joined' if joined else 'not joined'}; "
                "prepare it again"
            )
        return data
    if process_number() > 0 and not run.data.exists():
        raise UsageError("several processes need one data set: run ddsp-rt prepare first, and give train what it wrote")
    if process_number() == 0 and not (options.resume and run.data.exists()):
        from ddsp_rt.training.preparation import describe, prepare

        rate, hold_out = options.rate, options.hold_out or 0.0
        made = prepare(
            recordings,
            run.data,
            model_rate=rate,
            hold_out=hold_out,
            channel=options.channel,
            from_notes=options.from_notes,
            report=report,
        )
        report(describe(made))
    return PreparedData(run.data)


def _architecture(
    options: TrainOptions, state: dict[str, Any] | None, data: PreparedData
) -> tuple[Architecture, dict[str, Any]]:
    """The network's, without a room, and the weights to start from, none for untrained ones."""
    if state is not None and "architecture" in state:
        return Architecture.from_dict(state["architecture"]), {}
    if options.base is not None:
        return _base(options.base, data, options.z)
    if not options.z:
        return Architecture(options.decoder or new_decoder(data.table)), {}
    decoder = options.decoder or new_decoder(data.table)
    decoder = replace(decoder, features=(*decoder.features, "z"), z_dims=Z_DIMS)
    return Architecture(decoder, EncoderSpec(z_dims=Z_DIMS)), {}


def _model(
    architecture: Architecture,
    crops: Crops,
    settings: Settings,
    tensors: dict[str, Any],
    accelerator: str,
    room: str,
) -> TrainingModel:
    """The model to train, from `tensors` where there are any, whose learnt `room` is shipped, if any is."""
    rooms = make_rooms(crops, settings.room_seconds, room)
    torch.manual_seed(settings.seed)
    model = TrainingModel(architecture, crops.data.model_rate, rooms)
    if tensors:
        # The network has left part of its timbre to the room it learnt with, so the new rooms start as that one.
        model.network.load_tensors(tensors)
        if rooms is not None and "reverb.impulse_response" in tensors:
            rooms.start_from(torch.from_numpy(tensors["reverb.impulse_response"].astype("float32")))
    if accelerator == "cpu":
        use_fast_layers(model, keep=[model.network.decoder.head])
        keep_memory()
    return model


def _base(base: str | os.PathLike[str], data: PreparedData, z: bool) -> tuple[Architecture, dict[str, Any]]:
    """The architecture (without a room) and weights of the instrument to start from, a path or a name."""
    path = base_path(base)
    metadata, tensors = load_instrument(path)
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


def _opening(crops: Crops, module: TrainingModule) -> str:
    weights = sum(p.numel() for p in module.model.network.parameters())
    line = (
        f"{crops.seconds / 60:.1f} min to learn from, "
        + (f"{crops.joined_seconds / 60:.1f} min of phrases joined out of them, " if crops.joined_seconds else "")
        + f"{len(crops.windows) * crops.scored / FRAME_RATE:.0f} s held out"
    )
    if crops.validates_on_training:
        line += " (also trained on: the recordings are too few and too short)"
    dry = [name for name, time in crops.data.table.get("rooms", {}).items() if not time]
    rooms = ", ".join(f"{room} (dry)" if room in dry else room for room in crops.rooms)
    line += f", {weights / 1000:.0f}k weights, rooms: {rooms}"
    return line + (f"; going on from step {module.step}" if module.step else "")


def _trial(settings: Settings, head_start: Any) -> str:
    """What a budget is that is too small to make an instrument from nothing; "" for others."""
    small = (settings.steps or TRIAL_STEPS) < TRIAL_STEPS or (settings.minutes or TRIAL_MINUTES) < TRIAL_MINUTES
    if head_start or not small:
        return ""
    budget = counted(settings.steps or 0, "step") if settings.minutes is None else f"{settings.minutes:g} min"
    return (
        f"{budget} is a trial: enough to see that all works, not to sound like the recordings. An instrument takes "
        f"{TRIAL_STEPS} steps at the least (some minutes); without a budget training ends when nothing more is gained"
    )


def _closing(module: TrainingModule, interrupted: bool, output: Path) -> str:
    word = "stopped" if interrupted else "done"
    held_out = f"held-out loss {module.best_loss:.3f}" if module.best else "not validated yet"
    return f"{word} after {counted(module.step, 'step')}, {module.seconds / 60:.1f} min: {held_out}, {output}"
