"""The measures of one performance played on an instrument, and of several together."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ddsp_rt.evaluation import judges, pitch
from ddsp_rt.evaluation.consonants import UNVOICED, consonants
from ddsp_rt.evaluation.dynamics import dynamics
from ddsp_rt.evaluation.excursions import excursions_per_minute
from ddsp_rt.evaluation.gaps import gap_depth
from ddsp_rt.evaluation.harmonicity import VOICED, periodicity
from ddsp_rt.evaluation.lags import loudness_lag, pitch_lag
from ddsp_rt.evaluation.loudness import measure_loudness
from ddsp_rt.evaluation.rendering import LIVE_RATE, Performance
from ddsp_rt.evaluation.sounding import sounding


def judge_performance(performance: Performance, truth: Path | None = None) -> dict:
    """Scores of one performance; None where there is no result.

    truth: folder of aligned notes named after the recordings. `f0` is left out where the judges are not installed.
    """
    source, output, features = performance.source, performance.output, performance.features
    levels, played = measure_loudness(source, LIVE_RATE), measure_loudness(output, LIVE_RATE)
    frames = min(len(levels), len(features))
    tonal, loud = periodicity(source, LIVE_RATE).r[:frames], sounding(levels)[:frames]
    sounds, heard = loud & (tonal >= VOICED), loud & features.voiced[:frames]
    gaps = gap_depth(levels, played)
    spoken = consonants(source, performance.harmonic, performance.noises[0], LIVE_RATE, loud & (tonal < UNVOICED))
    followed = {
        "output": dynamics(levels, played, sounds),
        "fitted": dynamics(features.loudness, performance.fitted_db, sounds),
    }
    f0 = None if judges.missing() else melody_errors(performance, levels, truth)
    return {
        "file": str(performance.path),
        "seconds": len(source) / LIVE_RATE,
        "octave": performance.octave,
        "f0": f0.as_dict() if f0 else None,
        "excursions_per_minute": excursions_per_minute(features.f0[:frames], heard),
        "loudness_lag_ms": loudness_lag(source, output, LIVE_RATE),
        "pitch_lag_ms": pitch_lag(source, output, LIVE_RATE, performance.octave),
        "dynamics": {
            name: asdict(found) | {"range_ratio": found.range_ratio} if found else None
            for name, found in followed.items()
        },
        "gaps": asdict(gaps) | {"raised_db": gaps.raised_db} if gaps else None,
        "consonants": asdict(spoken) if spoken else None,
        "_f0": f0,
        "_voiced": int(heard.sum()),
    }


def melody_errors(performance: Performance, levels: np.ndarray, truth: Path | None = None) -> pitch.F0Errors | None:
    """f0 errors of the output, mean of all seeds of the noise; None when too little can be judged.

    The reference is a file of aligned notes in the folder `truth` where there is one, else where the judges agree.
    """
    sounds = sounding(levels)
    notes = truth / f"{performance.path.stem}.csv" if truth else None
    if notes is not None and notes.is_file():
        reference = judges.read_notes(notes, len(sounds), performance.start)
        sounds &= np.isfinite(reference)
    else:
        reference = judges.judge(performance.source, LIVE_RATE).agreed
    return pitch.pool(
        [
            pitch.f0_errors(reference, judges.judge(output, LIVE_RATE).nearer_to, sounds, performance.octave)
            for output in performance.outputs
        ]
    )


def together(files: list[dict]) -> dict:
    """The figures of several performances: by frames where frames are judged, else medians.

    `f0_judged` counts the files with a melody result.
    """
    f0 = pitch.pool([scores["_f0"] for scores in files])
    return {
        "seconds": sum(scores["seconds"] for scores in files),
        "f0": f0.as_dict() if f0 else None,
        "f0_judged": sum(scores["_f0"] is not None for scores in files),
        "excursions_per_minute": weighted_mean([(s["excursions_per_minute"], s["_voiced"]) for s in files]),
        "loudness_lag_ms": median([scores["loudness_lag_ms"] for scores in files]),
        "pitch_lag_ms": median([scores["pitch_lag_ms"] for scores in files]),
        "dynamics": {name: _dynamics([s["dynamics"][name] for s in files]) for name in ("output", "fitted")},
        "gaps": _gaps([scores["gaps"] for scores in files]),
        "consonants": _consonants([scores["consonants"] for scores in files]),
    }


def median(values: list) -> float | None:
    """Of those that are a number; None when none is."""
    values = [value for value in values if value is not None and math.isfinite(value)]
    return float(np.median(values)) if values else None


def weighted_mean(pairs: list[tuple]) -> float | None:
    """Of (value, weight), those whose value is a number; None when none is."""
    pairs = [(value, weight) for value, weight in pairs if value is not None and math.isfinite(value) and weight > 0]
    total = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / total if pairs else None


def public(files: list[dict]) -> list[dict]:
    """Scores without the names that start with an underscore, which are for pooling only."""
    return [{name: value for name, value in scores.items() if not name.startswith("_")} for scores in files]


def _dynamics(found: list[dict | None]) -> dict | None:
    found = [one for one in found if one]
    if not found:
        return None
    slopes = [one["slope"] for one in found]
    return {
        "slope": median(slopes),
        "slope_lowest": min(slopes),
        "slope_highest": max(slopes),
        "range_in_db": median([one["range_in_db"] for one in found]),
        "range_out_db": median([one["range_out_db"] for one in found]),
        "range_ratio": median([one["range_ratio"] for one in found]),
        "frames": sum(one["frames"] for one in found),
    }


def _gaps(found: list[dict | None]) -> dict | None:
    found = [one for one in found if one]
    if not found:
        return None
    depths = {
        name: weighted_mean([(one[name], one["seconds"]) for one in found]) for name in ("source_db", "output_db")
    }
    return {
        **depths,
        "raised_db": depths["output_db"] - depths["source_db"],
        "raised_most_db": max(one["raised_db"] for one in found),
        "gaps": sum(one["gaps"] for one in found),
        "seconds": sum(one["seconds"] for one in found),
    }


def _consonants(found: list[dict | None]) -> dict | None:
    found = [one for one in found if one]
    if not found:
        return None
    counts = {name: sum(one[name] for one in found) for name in ("frames", "silent")}
    means = (name for name in found[0] if name not in counts)
    return {name: weighted_mean([(one[name], one["frames"]) for one in found]) for name in means} | counts
