"""Every note of an instrument, soft, medium and loud, from its keys: is it in tune, as loud as asked, without a click?

    python benchmarks/every_note.py INSTRUMENT...

Holds each semitone of the range (98 % of the training notes' pitches) for two seconds, in the instrument's room and
without vibrato, and prints what is off by more than 5 cents or 3 dB, or clicks. The level asked is that of the velocity
on the way between the instrument's soft and loud ends; what is played is measured after the attack, by the engine's own
analysis. What all notes have in common of the difference is printed apart.
"""

from __future__ import annotations

import math
import sys

import numpy as np

import ddsp_rt
from ddsp_rt.errors import UserError
from ddsp_rt.evaluation.clicks import find_clicks

RATE = 48_000  # Hz
HELD = 2.0  # s
VELOCITIES = {"soft": 20, "medium": 64, "loud": 110}
STEADY = slice(125, 450)  # frames of 4 ms: after the slowest attack, before the release
CENTS, DECIBELS = 5.0, 3.0  # what may be off


def played(instrument: ddsp_rt.Instrument, key: int, velocity: int) -> np.ndarray:
    notes = instrument.notes(RATE)
    notes.set("vibrato_depth", 0.0)
    notes.note_on(key, velocity / 127)
    sound = notes.process(int(HELD * RATE))
    notes.note_off(key)
    return np.concatenate([sound, notes.process(RATE)])


def asked(instrument: ddsp_rt.Instrument, velocity: int) -> float:
    """dB: velocity spreads evenly from the 5 % quantile of the training notes' loudness to the 95 % one."""
    table = instrument.metadata["quantiles"]
    soft, loud = (table["loudness_db"][table["probabilities"].index(share)] for share in (0.05, 0.95))
    return soft + (loud - soft) * (velocity - 1) / 126


def measured(instrument: ddsp_rt.Instrument, key: int, velocity: int) -> tuple[float | None, float, int]:
    """Cents above the key, None without pitch; dB above what was asked; clicks."""
    sound = played(instrument, key, velocity)
    heard = ddsp_rt.analyse(sound, RATE)
    f0 = heard.f0[STEADY][heard.periodicity[STEADY] > 0.5]
    cents = float(1200 * np.log2(np.median(f0) / 440) - 100 * (key - 69)) if len(f0) else None
    return cents, float(np.median(heard.loudness[STEADY])) - asked(instrument, velocity), len(find_clicks(sound, RATE))


def judge(instrument: ddsp_rt.Instrument) -> tuple[int, float, list[str]]:
    """How many notes were tried, by how many dB the middle one differs, and a line for each that is off."""
    table = instrument.metadata["quantiles"]
    low, high = (table["pitch_midi"][table["probabilities"].index(share)] for share in (0.01, 0.99))
    tried = [(key, name) for key in range(math.ceil(low), math.floor(high) + 1) for name in VELOCITIES]
    found = [measured(instrument, key, VELOCITIES[name]) for key, name in tried]
    common = float(np.median([level for _, level, _ in found]))
    lines = []
    for (key, name), (cents, level, clicks) in zip(tried, found):
        faults = ["no pitch"] if cents is None else [f"{cents:+.0f} cents"] if abs(cents) > CENTS else []
        if abs(level - common) > DECIBELS:
            faults.append(f"{level - common:+.1f} dB")
        if clicks:
            faults.append(f"{clicks} clicks")
        if faults:
            lines.append(f"key {key}, {name}: {', '.join(faults)}")
    return len(tried), common, lines


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    for name in sys.argv[1:]:
        try:
            tried, common, off = judge(ddsp_rt.load(name))
        except UserError as error:
            print(error, file=sys.stderr)
            return 1
        print(
            f"{name}: {tried} notes, {common:+.1f} dB in common; off by {CENTS:g} cents or {DECIBELS:g} dB: {len(off)}"
        )
        for line in off:
            print(f"  {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
