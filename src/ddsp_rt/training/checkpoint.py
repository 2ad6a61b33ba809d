"""Checkpoints that are whole or not there, and hold nothing but tensors and plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ddsp_rt.errors import DataError
from ddsp_rt.whole_files import whole_file

FORMAT_VERSION = 1


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write under a temporary name, make sure it is on the disk, rename. Raises DataError; the old one then stays."""
    try:
        with whole_file(path) as file:
            torch.save({"format_version": FORMAT_VERSION, **state}, file)
    except (OSError, RuntimeError) as error:  # torch hides the system's reason behind its own
        reason = getattr(error, "strerror", None) or getattr(error.__context__, "strerror", None) or "the disk refuses"
        raise DataError(f"{path}: the checkpoint could not be written: {reason}; the one before it stays") from None


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; nothing in it is executed. Raises DataError."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(f"{path}: no checkpoint to resume from") from None
    except Exception as error:
        raise DataError(f"{path}: not a checkpoint that can be read: {type(error).__name__}") from None
    if not isinstance(state, dict) or state.get("format_version") != FORMAT_VERSION:
        raise DataError(f"{path}: a checkpoint of another version of ddsp-rt; train without --resume")
    return state
