"""What a musician should know of the data before training begins: too little of it, no pitch, a pitch out of range."""

from __future__ import annotations

import numpy as np

from ddsp_rt.analysis import FRAME_RATE, VOICED
from ddsp_rt.gates import MOSTLY_PITCHED, heard_frames
from ddsp_rt.training.data_file import PreparedData

LEAST = 60.0  # usable seconds
SHORT_EVENT = 0.35  # seconds: mostly shorter sounds without pitch are hits
EDGE = 1.03  # this near to the end of the analyser's range, the pitch is likely to lie beyond
MANY = 0.1  # share of what has a pitch


def data_warnings(data: PreparedData, usable_seconds: float) -> list[str]:
    """Lines for the user, none when all is well."""
    lines = []
    if usable_seconds < LEAST:
        lines.append(
            f"Only {usable_seconds:.0f} s can be learnt from: an instrument needs a minute at the least, and is good "
            "with five to fifteen."
        )
    sounding, voiced, edge, outside, events = 0, 0, 0, 0.0, []
    low, high = (float(data.table["analyser"][key]) for key in ("f0_low", "f0_high"))
    for index in range(len(data)):
        if data.is_joined(index):
            continue
        f0, periodicity, loudness = (data.read(index, name) for name in ("f0", "periodicity", "loudness"))
        heard = heard_frames(loudness)
        pitched = heard & (periodicity >= VOICED)
        sounding, voiced = sounding + int(heard.sum()), voiced + int(pitched.sum())
        edge += int((pitched & ((f0 < low * EDGE) | (f0 > high / EDGE))).sum())
        outside += FRAME_RATE * data.recordings[index].get("outside_seconds", 0.0)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], heard.astype(np.int8), [0]])))
        events += ((edges[1::2] - edges[::2]) / FRAME_RATE).tolist()
    if sounding and voiced + outside < MOSTLY_PITCHED * sounding:
        what = "percussion" if events and np.median(events) < SHORT_EVENT else "noise or speech"
        lines.append(
            f"Only {100 * voiced / sounding:.0f} % of the sound has a pitch: this seems to be {what}, of which no "
            "instrument can be made that follows a melody."
        )
    beyond = (edge + outside) / max(voiced + outside, 1)
    if beyond > MANY:
        lines.append(
            f"About {100 * beyond:.0f} % of the notes lie outside the range of pitch that is followed, {low:.0f} to "
            f"{high:.0f} Hz, or at its edge: they are heard as noise and will be learnt as such."
        )
    return lines
