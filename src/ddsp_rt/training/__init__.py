"""From recordings to an instrument: `prepare` analyses them once, `train` fits the twin to what it wrote.

`prepare` needs the engine and an audio reader, `train` needs PyTorch and Lightning; neither needs the other's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ddsp_rt.console import say
from ddsp_rt.errors import UsageError
from ddsp_rt.training.hardware import process_number
from ddsp_rt.training.options import TrainOptions, base_path
from ddsp_rt.training.run_folder import RunFolder
from ddsp_rt.training.settings import Settings
from ddsp_rt.training.sources import find_sources

__all__ = ["Settings", "TrainOptions", "prepare", "train"]


def prepare(*arguments: Any, **options: Any) -> dict[str, Any]:
    """Analyse recordings into one data set; see `ddsp_rt.training.preparation.prepare`."""
    from ddsp_rt.training.preparation import prepare as run

    return run(*arguments, **options)


def train(
    recordings: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    options: TrainOptions | None = None,
    *,
    report: Callable[[str], None] = say,
    **changes: Any,
) -> dict[str, Any]:
    """Train an instrument and write it to `output`; the run's checkpoint and logs lie in a folder beside it.

    The instrument file appears after the first validation and is replaced whenever the held-out loss is the lowest so
    far. SIGINT and SIGTERM end the run with what was learnt.

    Args:
        recordings: a data set made by `prepare`, or what `prepare` takes.
        output: `*.ddsp`.
        options, changes: see `TrainOptions`; `train(data, "violin.ddsp", minutes=30)` changes one of the defaults.
        report: called with lines of text.

    Returns:
        The training summary that is in the instrument file, and whether the run was "interrupted".

    Raises:
        UserError: in one line, what is wrong with arguments or data, or why training ended early.
    """
    try:
        options = replace(options or TrainOptions(), **changes)
    except TypeError:
        raise UsageError(
            f"{', '.join(sorted(set(changes) - set(TrainOptions.__annotations__)))}: no option of train"
        ) from None
    run = RunFolder(Path(output))
    options.check(output)
    if process_number() == 0:
        run.check(options.resume, options.force)
    if options.base is not None:
        base_path(options.base)
    if not isinstance(recordings, (str, os.PathLike)):
        recordings = list(recordings)
        recordings = recordings[0] if len(recordings) == 1 else recordings
    sources = find_sources(recordings)
    sources.check_room(options.room)
    from ddsp_rt.training.trainer import train as train_checked

    return train_checked(recordings, sources, run, options, report)
