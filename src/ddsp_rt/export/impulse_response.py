"""`--format wav-ir`: an instrument's room as a WAV file, for any convolution reverb. Needs no PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ddsp_rt import _engine
from ddsp_rt.audio_writer import AudioWriter
from ddsp_rt.errors import DataError
from ddsp_rt.instrument_file import load_instrument


def export_impulse_response(instrument: Path, output: Path, rate: int | None = None) -> dict[str, Any]:
    """Write the room of the instrument file `instrument` as 32-bit float WAV, at `rate` Hz (else the model's).

    It holds the wet sound alone, at the level at which the engine adds it to the dry one. Returns the metadata of the
    instrument. Raises DataError when there is no room, or a file cannot be read or written.
    """
    metadata, tensors = load_instrument(instrument)
    rate = rate or metadata["model_rate"]
    response = room_at(metadata, tensors, rate)
    if not len(response):
        raise DataError(f"{instrument}: this instrument has no room; it was trained dry")
    with AudioWriter(output, rate, "float") as file:
        file.write(response)
        file.commit()
    return metadata


def room_at(metadata: dict[str, Any], tensors: dict[str, np.ndarray], rate: int) -> np.ndarray:
    """The impulse response at `rate` Hz as the engine hears it, float32 [taps]; empty where there is no room."""
    if "reverb.impulse_response" not in tensors:
        return np.zeros(0, np.float32)
    response = tensors["reverb.impulse_response"].astype(np.float32)
    response[0] = 0.0  # the dry sound, which the engine adds itself
    return _engine.resample_response(response, metadata["model_rate"], rate)
