"""`train`: from a data set (or recordings) to an instrument file, on Lightning."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.loggers import TensorBoardLogger

from ddsp_rt.architecture import Architecture, DecoderSpec, EncoderSpec
from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.instrument_file import InstrumentError, load_instrument
from ddsp_rt.training.apprentice import Apprentice
from ddsp_rt.training.checkpoint import load_checkpoint
from ddsp_rt.training.crops import Crops
from ddsp_rt.training.data_file import PreparedData, is_data_set
from ddsp_rt.training.hardware import keep_memory
from ddsp_rt.training.keeper import LAST, Keeper
from ddsp_rt.training.lesson import Lesson
from ddsp_rt.training.logbook import Logbook
from ddsp_rt.training.product import DRY, choose_room, labels, summary, write_instrument
from ddsp_rt.training.progress import Progress, say
from ddsp_rt.training.fast_layers import take_over
from ddsp_rt.training.rooms import make_rooms
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
    seed: int = 0,
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
        resume: go on from the checkpoint of the run with the same output.
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
    settings = replace(settings or Settings(), seed=seed, minutes=minutes, steps=steps)
    if _process() > 0:
        report = _nobody
    folder = output.with_suffix(".training")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror}") from None
    data = _data(recordings, folder, sample_rate, hold_out, resume, report)
    crops = Crops(data, settings.scored, settings.preroll, mfcc=z)
    if settings.batch % (devices * nodes):
        raise UsageError(f"{devices * nodes} processes cannot share a batch of {settings.batch} crops evenly")
    shipped = choose_room(crops, room)
    rooms = make_rooms(crops, settings.room_seconds)
    architecture = _architecture(decoder or DecoderSpec(), z)
    torch.manual_seed(seed)
    tensors = {}
    if base is not None:
        architecture, tensors = _base(base, data, z)
        settings = replace(settings, learning_rate=settings.learning_rate * settings.fine_tuning)
    apprentice = Apprentice(architecture, data.model_rate, rooms)
    if tensors:
        apprentice.network.load_tensors(tensors)
    taps = 0 if shipped == DRY or rooms is None else rooms.taps.shape[1]
    architecture = replace(architecture, reverb_length=taps)
    accelerator = _accelerator(device)
    if accelerator == "cpu":
        take_over(apprentice, keep=[apprentice.network.decoder.head])
        keep_memory()
    lesson = Lesson(apprentice, crops, settings)
    if resume:
        lesson.resume(load_checkpoint(folder / LAST))
    tags = labels(crops, name or output.stem, licence, attribution)
    report(_opening(crops, lesson))
    with Progress("training", None if settings.open_ended else 1.0, report=report) as progress:
        progress.begin_at(settings.spent(lesson.step, lesson.seconds))
        keeper = Keeper(folder, lambda it: write_instrument(output, it, architecture, shipped, tags), progress)
        _fit(lesson, keeper, folder, accelerator, devices, nodes)
    result = summary(lesson, shipped)
    state = "stopped" if keeper.interrupted else "done"
    report(f"{state} after {lesson.step} steps, {lesson.seconds / 60:.1f} min: held-out loss {lesson.best_loss:.3f}, {output}")
    return {**result, "interrupted": keeper.interrupted}


def _data(recordings, folder: Path, sample_rate: int, hold_out: float, resume: bool, report) -> PreparedData:
    if isinstance(recordings, (str, os.PathLike)) and is_data_set(recordings):
        return PreparedData(recordings)
    own = folder / "data.safetensors"
    if _process() > 0 and not own.exists():
        raise UsageError("several processes need one data set: run ddsp-rt prepare first, and give train what it wrote")
    if _process() == 0 and not (resume and own.exists()):
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


def _process() -> int:
    """The number of this process among those that train together, as Lightning, torchrun and SLURM say it."""
    for name in ("RANK", "SLURM_PROCID", "LOCAL_RANK"):
        if os.environ.get(name, "").isdigit() and (name != "SLURM_PROCID" or "SLURM_NTASKS" in os.environ):
            return int(os.environ[name])
    return 0


def _accelerator(device: str) -> str:
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"device {device}: give cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device cuda: no GPU that this PyTorch can use; give cpu")
    return "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"


def _opening(crops: Crops, lesson: Lesson) -> str:
    weights = sum(p.numel() for p in lesson.apprentice.network.parameters())
    line = f"{crops.seconds / 60:.1f} min to learn from, {len(crops.windows) * crops.scored / 250:.0f} s held out"
    if crops.validates_on_training:
        line += " (also trained on: no recording is long enough)"
    line += f", {weights / 1000:.0f}k weights, rooms: {', '.join(crops.rooms)}"
    return line + (f"; going on from step {lesson.step}" if lesson.step else "")


def _fit(lesson: Lesson, keeper: Keeper, folder: Path, accelerator: str, devices: int, nodes: int) -> None:
    """Run Lightning, without the words it says of itself."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if lesson.settings.spent(lesson.step, lesson.seconds) >= 1.0:
        return
    with warnings.catch_warnings(), _quiet_threads():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            accelerator=accelerator,
            devices=devices,
            num_nodes=nodes,
            max_epochs=-1,
            logger=_logger(folder),
            callbacks=[keeper, Logbook()],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
            use_distributed_sampler=False,
            log_every_n_steps=10,
        )
        try:
            trainer.fit(lesson)
        except OSError as error:  # of the log; checkpoints and instruments speak for themselves
            raise _stopped(lesson, folder, error.strerror or str(error)) from None
        except torch.OutOfMemoryError:
            raise _stopped(lesson, folder, "the GPU's memory is too small for this batch") from None
        except RuntimeError as error:
            if lesson.trainer.world_size == 1:
                raise
            raise _stopped(lesson, folder, f"another process ended ({str(error).splitlines()[0]})") from None


@contextmanager
def _quiet_threads() -> Iterator[None]:
    """Keeps the log's writing thread from printing a traceback when the disk is full; the next entry says it again."""
    usual = threading.excepthook
    threading.excepthook = lambda failure: None if issubclass(failure.exc_type, OSError) else usual(failure)
    try:
        yield
    finally:
        threading.excepthook = usual


def _stopped(lesson: Lesson, folder: Path, reason: str) -> DataError:
    kept = f"; go on with --resume from {folder / LAST}" if (folder / LAST).exists() else ""
    return DataError(f"training stopped at step {lesson.step}: {' '.join(reason.split())}{kept}")


def _logger(folder: Path) -> Any:
    try:
        return TensorBoardLogger(folder, name="", version="log")
    except ModuleNotFoundError:
        return False
