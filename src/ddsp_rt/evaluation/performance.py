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
from ddsp_rt.evaluation.truth import HIGHEST, LOWEST, Truths

EARLIEST = -5.0  # ms: nothing is answered before it is heard, so a lag further down is a chance likeness, no result


def judge_performance(performance: Performance, truths: Truths | None = None, cache: Path | None = None) -> dict:
    """Scores of one performance; None where there is no result.

    truths: where its true pitch may be found. cache: a folder in which the judges' opinions are kept.
    `f0` is left out where the judges are not installed.
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
    f0, tracked = (None, None) if judges.missing() else melody_errors(performance, levels, truths or Truths(), cache)
    return {
        "file": str(performance.path),
        "seconds": len(source) / LIVE_RATE,
        "octave": performance.octave,
        "f0": f0.as_dict() if f0 else None,
        "tracker": tracked.as_dict() if tracked else None,
        "excursions_per_minute": excursions_per_minute(features.f0[:frames], heard),
        "loudness_lag_ms": possible(loudness_lag(source, output, LIVE_RATE)),
        "pitch_lag_ms": possible(pitch_lag(source, output, LIVE_RATE, performance.octave)),
        "dynamics": {
            name: asdict(found) | {"range_ratio": found.range_ratio} if found else None
            for name, found in followed.items()
        },
        "gaps": asdict(gaps) | {"raised_db": gaps.raised_db} if gaps else None,
        "consonants": asdict(spoken) if spoken else None,
        "_f0": f0,
        "_tracker": tracked,
        "_voiced": int(heard.sum()),
    }


def possible(lag_ms: float) -> float | None:
    """The lag of what answers a source; None where it was not found, or before any answer could be."""
    return lag_ms if lag_ms >= EARLIEST else None


def melody_errors(
    performance: Performance, levels: np.ndarray, truths: Truths, cache: Path | None = None
) -> tuple[pitch.F0Errors | None, pitch.F0Errors | None]:
    """f0 errors of the output, mean of all seeds of the noise, and of what the engine's tracker heard of the source.

    The frames within 40 dB of loud count. None where too few of them can be judged.
    """
    sounds = sounding(levels)
    reference = reference_track(performance, len(sounds), truths, cache)
    if isinstance(truths.of(performance.path), Path):
        sounds &= np.isfinite(reference)  # a score says where there is no note
    target = reference * 2.0**performance.octave
    heard = (judges.hear(output, LIVE_RATE, target, cache) for output in performance.outputs)
    errors = [pitch.f0_errors(reference, track, sounds, performance.octave) for track in heard]
    features = performance.features
    tracked = pitch.f0_errors(reference, np.where(features.voiced, features.f0, np.nan), sounds)
    return pitch.pool(errors), tracked


def reference_track(performance: Performance, frames: int, truths: Truths, cache: Path | None = None) -> np.ndarray:
    """The f0 that a performance has: Hz [frames], NaN where it is not known.

    From aligned notes where there are some; from the note of a single-note recording where that lies beyond C3 to C7;
    else where the judges agree.
    """
    truth = truths.of(performance.path)
    if isinstance(truth, Path):
        return judges.read_notes(truth, frames, performance.start)
    if truth is not None and not LOWEST <= truth <= HIGHEST:
        track = judges.follow_note(performance.source, LIVE_RATE, truth)
    else:
        track = judges.judge(performance.source, LIVE_RATE, cache).agreed
    return np.concatenate([track, np.full(frames, np.nan)])[:frames]


def together(files: list[dict]) -> dict:
    """The figures of several performances: by frames where frames are judged, else medians.

    `f0_judged` counts the files with a melody result.
    """
    f0, tracked = (pitch.pool([scores[name] for scores in files]) for name in ("_f0", "_tracker"))
    return {
        "seconds": sum(scores["seconds"] for scores in files),
        "f0": f0.as_dict() if f0 else None,
        "tracker": tracked.as_dict() if tracked else None,
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
