"""The figures that need recordings: what an instrument makes of its test part and of other performers' phrases.

    python benchmarks/evaluate.py DATA [--instrument violin] [--json FILE] [--quick]

DATA holds folders of recordings as TEST_PART and PHRASES below name them. Prints every figure beside its target, and
ends with 1 when one is missed. Takes about as long as the recordings last; --quick leaves the rendered phrases out.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

import ddsp_rt
from ddsp_rt.errors import UserError
from ddsp_rt.evaluation import evaluate, pitch, timbre_distance
from ddsp_rt.evaluation.performance import judge_performance
from ddsp_rt.evaluation.rendering import LIVE_RATE, perform, read_part
from ddsp_rt.evaluation.report import plain
from ddsp_rt.evaluation.timbre import timbre_frames

TEST_PART = ("violin/bach-*_mono/*.flac", 30.0)  # its last seconds: never trained on
TRAINING_PART = "violin/bach-*_mono/*.flac"  # what precedes them
PHRASES = {  # name: pattern, folder of known notes
    "saxophone, real phrases": ("saxophone/sms-tools_phrases/*.flac", None),
    "voice, real phrases": ("voice/vocadito/*.flac voice/sms-tools_phrases/*.flac", None),
    "saxophone, rendered tunes": ("saxophone/SYNTH_weresax_phrases/*.flac", "saxophone/score_alignments"),
}
SLOW = "saxophone, rendered tunes"
TIMBRE_SECONDS = 60.0  # pooled per source, for a result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--instrument", default="violin")
    parser.add_argument("--json", type=Path, help="also write everything measured here")
    parser.add_argument("--quick", action="store_true", help="without the rendered tunes")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    try:
        result = measure(options)
    except UserError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return error.exit_code
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    return show(result)


def measure(options) -> dict:
    test = files_of(options.data, TEST_PART[0])
    phrases = {name: (files_of(options.data, pattern), truth and options.data / truth)
               for name, (pattern, truth) in PHRASES.items() if not (options.quick and name == SLOW)}  # fmt: skip
    if not test and not any(files for files, _ in phrases.values()):
        raise ddsp_rt.UsageError(f"{options.data}: holds none of {TEST_PART[0]} and the phrases")
    ddsp_rt.load(options.instrument)  # fails here rather than in a process of its own
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        resynthesis = pool.submit(resynthesise, options.instrument, test) if test else None
        played = {
            name: [pool.submit(play, options.instrument, path, truth) for path in files]
            for name, (files, truth) in phrases.items()
            if files
        }
        groups = {name: together([job.result() for job in jobs]) for name, jobs in played.items()}
        result = {"resynthesis": resynthesis.result() if resynthesis else None}
    if test:
        target, training = (part_of(test, last) for last in (True, False))
        result["training_part_timbre"] = timbre_distance(training, target)
        for group in groups.values():
            group["timbre"] = timbre_of(group, target)
    for group in groups.values():
        del group["_frames"]
    return plain({**result, "transfers": groups})


def files_of(data: Path, patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns.split() for path in data.glob(pattern))


def resynthesise(name: str, files: list[Path]) -> dict:
    return evaluate(ddsp_rt.load(name), files, last=TEST_PART[1])


def play(name: str, path: Path, truth: Path | None) -> dict:
    """One phrase played on the instrument: how its melody was kept, and the frames of both timbres."""
    performance = perform(ddsp_rt.load(name), path)
    frames = timbre_frames(performance.source, LIVE_RATE), timbre_frames(performance.output, LIVE_RATE)
    scores = judge_performance(performance, truth)
    return {**scores, "file": path.name, "f0": scores.pop("_f0"), "_frames": frames}


def together(scores: list[dict]) -> dict:
    """A group of phrases: melody pooled by frames."""
    f0 = pitch.pool([score["f0"] for score in scores])
    files = [{**score, "f0": score["f0"].as_dict() if score["f0"] else None} for score in scores]
    return {
        "seconds": sum(score["seconds"] for score in scores),
        "f0": f0.as_dict() if f0 else None,
        "judged_files": sum(score["f0"] is not None for score in scores),
        "files": [{name: value for name, value in score.items() if name != "_frames"} for score in files],
        "_frames": [np.concatenate(frames) for frames in zip(*(score["_frames"] for score in scores))],
    }


def timbre_of(group: dict, target: np.ndarray) -> dict | None:
    """How far the played phrases are from the instrument's recordings, as a share of how far the source is."""
    if group["seconds"] < TIMBRE_SECONDS:
        return None
    source, played = (timbre_distance(frames, target) for frames in group["_frames"])
    return {"source": source, "played": played, "share": played / source}


def part_of(files: list[Path], last: bool) -> np.ndarray:
    """Timbre of the test part, or of what precedes it."""
    frames = []
    for path in files:
        audio, rate, _ = read_part(path, None)
        cut = max(len(audio) - int(TEST_PART[1] * rate), 0)
        frames.append(timbre_frames(audio[cut:] if last else audio[:cut], rate))
    return np.concatenate(frames)


def rows_of(result: dict):
    """(what, figure, unit, target) of every figure; target None where there is none."""
    own = result["resynthesis"]
    if own:
        f0 = own["f0"] or {}
        yield "test part: mss", own["mss"], "", 5.2
        yield "test part: noise floor of mss", own["mss_noise_floor"], "", None
        yield "test part: loudness L1", own["loudness_l1_db"], "dB", 1.5
        yield "test part: f0 L1", f0.get("l1"), "semitones", 0.12
        yield "test part: beyond half an octave", _percent(f0.get("beyond_half_octave")), "%", 0.5
        yield "test part: share judged", _percent(f0.get("judged")), "%", None
        yield "loudness lag", own["loudness_lag_ms"], "ms", None
        yield "pitch lag", own["pitch_lag_ms"], "ms", None
        yield "onset latency, attack included", own["onset"]["median_ms"], "ms", None
        yield "onset jitter", own["onset"]["jitter_ms"], "ms", None
        yield "clicks", own["clicks"], "", 0
        yield "timbre of the training part", result["training_part_timbre"], "", None
    for name, group in result["transfers"].items():
        f0, timbre = group["f0"] or {}, group.get("timbre") or {}
        yield f"{name}: f0 L1", f0.get("l1"), "semitones", 0.2
        yield f"{name}: beyond half an octave", _percent(f0.get("beyond_half_octave")), "%", 0.5
        yield f"{name}: files judged of {len(group['files'])}", group["judged_files"], "", None
        if timbre:
            yield f"{name}: timbre, share of the source's distance", _percent(timbre["share"]), "%", None


def show(result: dict) -> int:
    """Prints the table; 1 when a target is missed."""
    from rich.console import Console
    from rich.table import Table

    table, missed = Table(title="Figures that need recordings"), 0
    for name, justify in (("figure", "left"), ("is", "right"), ("unit", "left"), ("at most", "right"), ("", "left")):
        table.add_column(name, justify=justify)
    for what, value, unit, target in rows_of(result):
        met = target is None or (value is not None and value <= target)
        missed += not met
        shown = "no result" if value is None else f"{value:.3g}"
        verdict = ("", "") if target is None else (f"{target:g}", "met" if met else "MISSED")
        table.add_row(what, shown, unit, *verdict)
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(table)
    for note in (result["resynthesis"] or {}).get("notes", []):
        console.print(f"Note: {note}")
    console.print("All targets met." if missed == 0 else f"{missed} missed.")
    return min(missed, 1)


def _percent(share):
    return None if share is None else 100 * share


if __name__ == "__main__":
    sys.exit(main())
