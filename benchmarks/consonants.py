"""What instruments make of consonants and breaths: what has no pitch should play as noise, and as bright as it was.

    python benchmarks/consonants.py RECORDINGS... --to INSTRUMENT... [--seconds S]

Plays the last seconds of sung and spoken recordings, fitted and without the room, and looks at the frames that sound
and are unvoiced (docs/evaluation.md): at all of them, and at the sibilants, in which the source has more energy above
3.5 kHz than below. For every instrument, over all recordings together, it prints beside what is wanted: harmonics over
noise (at most -10 dB); energy above over below 3.5 kHz, in the source and as played (for sibilants at least 0 dB); and
how many frames are more tone than noise (none). Ends with 1 when one is missed. Nothing is played before it is heard:
with --later 16 the output is looked at 16 ms later, which tells what is late from what is wrong.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

import ddsp_rt
from ddsp_rt.errors import UserError
from ddsp_rt.evaluation.consonants import UNVOICED, above_over_below, consonants
from ddsp_rt.evaluation.harmonicity import periodicity
from ddsp_rt.evaluation.loudness import measure_loudness
from ddsp_rt.evaluation.rendering import LIVE_RATE, Performance, perform
from ddsp_rt.evaluation.sounding import sounding
from ddsp_rt.morph import one_instrument
from ddsp_rt.sound_files.finder import find_sound_files

SECONDS = 30.0
KINDS = "unvoiced", "sibilants"
MOST_HARMONIC, LEAST_BRIGHT = -10.0, 0.0  # dB

Found = tuple[float, float, float, float, int]  # harmonics over noise, tilt of the source, as played, pitched, frames


def kinds(source: np.ndarray) -> dict[str, np.ndarray]:
    """bool [frames] at LIVE_RATE: the unvoiced sounding frames of a source, and the bright ones among them."""
    heard = sounding(measure_loudness(source, LIVE_RATE))
    tonal = periodicity(source, LIVE_RATE).r
    frames = min(len(heard), len(tonal))
    unvoiced = heard[:frames] & (tonal[:frames] < UNVOICED)
    sibilants, where = np.zeros(frames, bool), np.flatnonzero(unvoiced)
    if len(where):
        sibilants[where] = above_over_below(source, LIVE_RATE, where) > 0.0
    return dict(zip(KINDS, (unvoiced, sibilants), strict=True))


def judge(performances: list[Performance], later: float = 0.0) -> dict[str, Found | None]:
    """Medians over the frames of each kind, of all performances joined; None where there are too few.

    later: ms after which the output is looked at.
    """
    lag = round(later * LIVE_RATE / 1000)
    source = np.concatenate([p.source for p in performances])
    harmonic, noise = (
        np.concatenate([np.pad(part, (0, lag))[lag:] for part in parts])
        for parts in zip(*[(p.harmonic, p.noises[0]) for p in performances], strict=True)
    )
    found = {}
    for name, frames in kinds(source).items():
        one = consonants(source, harmonic, noise, LIVE_RATE, frames)
        found[name] = one and (one.harmonic_over_noise_db, one.source_above_over_below_db,
                               one.output_above_over_below_db, one.pitched, one.frames)  # fmt: skip
    return found


def missed(kind: str, found: Found | None) -> bool:
    if found is None:
        return True
    ratio, _, bright, pitched, _ = found
    return ratio > MOST_HARMONIC or pitched > 0 or (kind == "sibilants" and bright < LEAST_BRIGHT)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", metavar="RECORDINGS")
    parser.add_argument("--to", nargs="+", required=True, metavar="INSTRUMENT")
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="of each recording, its last ones")
    parser.add_argument("--later", type=float, default=0.0, metavar="MS", help="after which the output is looked at")
    arguments = parser.parse_args(words)
    if not (0 <= arguments.later <= 1000 and arguments.seconds > 0):
        parser.error("give --later 0 to 1000 and --seconds above 0")
    failed = False
    try:
        files = find_sound_files(arguments.recordings).files
        print(
            "instrument            kind       frames  harmonics over noise  above over below: in, out  pitched frames"
        )
        for name in arguments.to:
            instrument = one_instrument(ddsp_rt.load(name))
            played = [perform(instrument, file.path, arguments.seconds, seeds=1) for file in files]
            for kind, found in judge(played, arguments.later).items():
                verdict = "MISSED" if missed(kind, found) else "met"
                failed |= verdict == "MISSED"
                if found is None:
                    print(f"{name:20}  {kind:9}  no result: too few frames")
                    continue
                ratio, source, out, pitched, frames = found
                print(f"{name:20}  {kind:9}  {frames:6}  {ratio:17.1f} dB  {source:13.1f}, {out:6.1f} dB  "
                      f"{100 * pitched:12.1f} %  {verdict}")  # fmt: skip
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
