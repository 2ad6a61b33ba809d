"""The network of an instrument that is trained from nothing: what it reads, and how large it is."""

from __future__ import annotations

import math
from typing import Any

from ddsp_rt.architecture import DecoderSpec
from ddsp_rt.note_names import hz_from_midi

FEATURES = ("f0", "loudness", "periodicity", "fast_loudness", "balance")
WAVES = {"f0": (1, 2, 4, 8, 12), "loudness": (1, 2, 4), "fast_loudness": (1, 2, 4)}
BELOW = 7  # semitones under the lowest notes of the data that still have a full spectrum
HIGHEST = 16_000.0  # Hz: whatever sounds above is noise
FEWEST, MOST = 20, 200  # harmonics
BAND = 125.0  # Hz between noise bands


def new_decoder(table: dict[str, Any]) -> DecoderSpec:
    """For a data set, given by its `table`: harmonics and noise bands follow from its range and rate."""
    nyquist = table["model_rate"] / 2
    lowest = hz_from_midi(table["quantiles"]["pitch_midi"][0] - BELOW)
    harmonics = math.ceil(min(nyquist, HIGHEST) / max(lowest, 1.0))
    return DecoderSpec(
        features=FEATURES,
        waves=dict(WAVES),
        harmonics=min(max(harmonics, FEWEST), MOST),
        noise_bands=round(nyquist / BAND) + 1,
    )
