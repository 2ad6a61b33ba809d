"""What TensorBoard shows beside the losses: a held-out phrase, as recorded and as rendered, and the rooms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch

from ddsp_rt.training.assessment import Assessment
from ddsp_rt.training.module import TrainingModule

EVERY = 10  # validations between entries
SIZE, HOP = 1024, 256  # samples, of the spectrograms
RANGE = 80.0  # dB shown


class TensorBoardCallback(lightning.Callback):
    """Writes audio and figures of the first held-out window at the first validation and every tenth after it."""

    def __init__(self) -> None:
        self._validations = 0

    def on_validation_end(self, trainer, module: TrainingModule) -> None:
        self._validations += 1
        if self._validations % EVERY != 1 or not trainer.is_global_zero or module.example is None:
            return
        writer = getattr(module.logger, "experiment", None)
        if not hasattr(writer, "add_audio"):
            return
        output, target = module.example
        rate = module.crops.data.model_rate
        for name, audio in (("rendered", output), ("recorded", target)):
            writer.add_audio(f"held out/{name}", audio.clamp(-1, 1).unsqueeze(0), module.step, sample_rate=rate)
        writer.add_figure("held out/spectrograms", spectrograms(target, output, rate), module.step)
        if module.model.rooms is not None:
            responses = module.model.rooms.responses().detach().cpu().numpy()
            writer.add_figure("rooms", decays(module.crops.rooms, responses, rate), module.step)


def log_result(folder: Path, module: TrainingModule, assessment: Assessment, scores: dict[str, float]) -> None:
    """The instrument's sound and pictures at the end of a run, and its hyper-parameters beside what they led to."""
    try:
        from torch.utils.tensorboard import SummaryWriter
        from torch.utils.tensorboard.summary import hparams
    except ModuleNotFoundError:
        return
    try:
        writer = SummaryWriter(str(folder))
    except OSError:
        return
    rate, step = module.crops.data.model_rate, module.best_step
    for name, audio in (("rendered", assessment.rendered), ("recorded", assessment.recorded)):
        writer.add_audio(f"final/{name}", audio.clamp(-1, 1).unsqueeze(0), step, sample_rate=rate)
    writer.add_figure("final/spectrograms", spectrograms(assessment.recorded, assessment.rendered, rate), step)
    metrics = {f"final/{name}": value for name, value in scores.items()}
    plain = {name: value for name, value in module.settings.table().items() if isinstance(value, (int, float, str))}
    for summary in hparams(plain, dict(metrics)):
        writer.file_writer.add_summary(summary)
    for name, value in metrics.items():
        writer.add_scalar(name, value, step)
    writer.close()


def _figure(rows: int) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(9, 3 * rows), layout="constrained")


def spectrograms(target: torch.Tensor, output: torch.Tensor, rate: int) -> Any:
    """Recording above rendering, [samples] each, on one scale in dB."""
    figure = _figure(2)
    axes = figure.subplots(2, 1, sharex=True, sharey=True)
    window = torch.hann_window(SIZE)
    levels = []
    for audio in (target, output):
        spectrum = torch.stft(audio.float().cpu(), SIZE, HOP, window=window, return_complex=True).abs()
        levels.append(20 * torch.log10(spectrum + 1e-6).numpy())
    top = max(float(level.max()) for level in levels)
    extent = (0, len(target) / rate, 0, rate / 2000)
    for axis, level, title in zip(axes, levels, ("recorded", "rendered")):
        shown = axis.imshow(
            level, origin="lower", aspect="auto", extent=extent, vmin=top - RANGE, vmax=top, cmap="magma"
        )
        axis.set_title(title)
        axis.set_ylabel("frequency (kHz)")
    axes[1].set_xlabel("time (s)")
    figure.colorbar(shown, ax=axes, label="level (dB)")
    return figure


def decays(names: list[str], responses: np.ndarray, rate: int) -> Any:
    """Energy still to come in each impulse response [rooms, length], dB relative to the direct sound."""
    figure = _figure(1)
    axis = figure.subplots()
    left = np.cumsum(responses[:, ::-1].astype(np.float64) ** 2, axis=1)[:, ::-1]
    for name, curve in zip(names, left):
        axis.plot(np.arange(len(curve)) / rate, 10 * np.log10(curve + 1e-12), label=name)
    axis.set_xlabel("time (s)")
    axis.set_ylabel("energy left (dB)")
    axis.legend()
    return figure
