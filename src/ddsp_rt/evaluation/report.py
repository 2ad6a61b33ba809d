"""All measures of an instrument on recordings, as one dictionary: what `ddsp-rt evaluate --json` prints."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from ddsp_rt.evaluation import judges, pitch
from ddsp_rt.evaluation.clicks import THRESHOLD, click_score, find_clicks, share_found
from ddsp_rt.evaluation.lags import loudness_lag, pitch_lag
from ddsp_rt.evaluation.loudness import JUDGED_ABOVE, loudness_differences, measure_loudness
from ddsp_rt.evaluation.onsets import onset_latency
from ddsp_rt.evaluation.rendering import LIVE_RATE, Rendering, resynthesise
from ddsp_rt.evaluation.spectral_loss import excerpt_losses, high_band_difference
from ddsp_rt.evaluation.timbre import timbre_distance, timbre_frames


def evaluate(
    instrument,
    recordings: Iterable[str | os.PathLike],
    last: float | None = None,
    truth: str | os.PathLike | None = None,
    advance: Callable[[float], None] = lambda amount: None,
) -> dict:
    """Resynthesises recordings from their own features and compares.

    Args:
        instrument: from `ddsp_rt.load`.
        recordings: paths.
        last: seconds at the end of each recording to judge; None judges all of it.
        truth: folder of aligned notes (CSV: start_s, end_s, midi_pitch) named after the recordings, where known.
        advance: told how many recordings more are done.

    Returns:
        A dictionary of plain values, None where there is no result; `notes` says why.
    """
    notes = [judges.missing()] if judges.missing() else []
    files, pools = [], {"recording": [], "output": []}
    for path in recordings:
        rendering = resynthesise(instrument, path, last)
        files.append(_judge_one(rendering, truth if truth is None else Path(truth), bool(notes), pools))
        advance(1)
    result = {"instrument": instrument.name, "model_rate": instrument.model_rate, **_together(files)}
    timbre = [np.concatenate(pools[name]) for name in ("recording", "output")] if files else []
    result["timbre_distance"] = timbre_distance(*timbre) if files else None
    result["onset"] = _onsets(instrument)
    result["files"] = [{k: v for k, v in scores.items() if not k.startswith("_")} for scores in files]
    if files and not any(scores["excerpts"] for scores in files):
        notes.append("no recording holds 4 s to judge; no mss")
    if files and not judges.missing() and result["f0"] is None:
        notes.append("no f0 result: the judges agree on less than 60 % of the sounding frames of every recording")
    result["notes"] = notes
    return plain(result)


def _judge_one(rendering: Rendering, truth: Path | None, no_judges: bool, pools: dict) -> dict:
    """Scores of one resynthesis; names with an underscore are for pooling only."""
    reference, output, rate = rendering.recording, rendering.output, rendering.rate
    losses = excerpt_losses(reference, output, rate)
    floor = excerpt_losses(output, rendering.other_seed, rate)
    differences = loudness_differences(reference, output, rate)
    pools["recording"].append(timbre_frames(reference, rate))
    pools["output"].append(timbre_frames(output, rate))
    notes = truth / f"{rendering.path.stem}.csv" if truth else None
    live = rendering.live_recording, rendering.live
    f0 = None if no_judges else melody_errors(*live, LIVE_RATE, notes, rendering.start)
    natural = click_score(rendering.live_recording, LIVE_RATE)
    threshold = max(THRESHOLD, 1.05 * float(natural.max(initial=0)))
    return {
        "file": str(rendering.path),
        "seconds": len(reference) / rate,
        "mss": _mean(losses),
        "mss_noise_floor": _mean(floor),
        "excerpts": len(losses),
        "high_band_db": high_band_difference(reference, output, rate),
        "loudness_l1_db": _mean(differences),
        "f0": f0.as_dict() if f0 else None,
        "loudness_lag_ms": loudness_lag(*live, LIVE_RATE),
        "pitch_lag_ms": pitch_lag(*live, LIVE_RATE),
        "clicks": len(find_clicks(rendering.live, LIVE_RATE, threshold)),
        "clicks_found_of_injected": share_found(rendering.live, LIVE_RATE, threshold=threshold),
        "_losses": losses,
        "_floor": floor,
        "_differences": differences,
        "_f0": f0,
    }


def melody_errors(recording, output, rate: int, notes: Path | None = None, start: float = 0.0, octave: int = 0):
    """f0 errors of a dry output against a recording in step with it (float [samples] each): an F0Errors, or None.

    The reference is a file of aligned notes where there is one (`start` seconds into it), else where the judges agree.
    """
    sounding = measure_loudness(recording, rate) > JUDGED_ABOVE
    if notes is not None and notes.is_file():
        reference = judges.read_notes(notes, len(sounding), start)
        sounding &= np.isfinite(reference)
    else:
        reference = judges.judge(recording, rate).agreed
    return pitch.f0_errors(reference, judges.judge(output, rate).nearer_to, sounding, octave)


def _together(files: list[dict]) -> dict:
    """The figures over all files: excerpts and frames weigh alike, lags are medians."""

    def pooled(name):
        values = [scores[name] for scores in files if len(scores[name])]
        return _mean(np.concatenate(values)) if values else None

    def median(name):
        values = [scores[name] for scores in files if math.isfinite(scores[name])]
        return float(np.median(values)) if values else None

    f0 = pitch.pool([scores["_f0"] for scores in files])
    return {
        "seconds": sum(scores["seconds"] for scores in files),
        "mss": pooled("_losses"),
        "mss_noise_floor": pooled("_floor"),
        "high_band_db": median("high_band_db"),
        "loudness_l1_db": pooled("_differences"),
        "f0": f0.as_dict() if f0 else None,
        "loudness_lag_ms": median("loudness_lag_ms"),
        "pitch_lag_ms": median("pitch_lag_ms"),
        "clicks": sum(scores["clicks"] for scores in files),
        "clicks_found_of_injected": median("clicks_found_of_injected"),
    }


def _onsets(instrument) -> dict:
    """Onset latency at 48 kHz on a tone amid the instrument's range, its attack included."""
    quantiles = instrument.metadata["quantiles"]
    middle = len(quantiles["probabilities"]) // 2
    stream = instrument.stream(LIVE_RATE, reverb=0.0)
    f0 = 440 * 2 ** ((quantiles["pitch_midi"][middle] - 69) / 12)
    latency = onset_latency(stream, LIVE_RATE, f0, min(quantiles["loudness_db"][middle], -6.0))
    return {
        "median_ms": latency.median,
        "percentile_95_ms": latency.percentile_95,
        "jitter_ms": latency.jitter,
        "onsets": latency.trials,
        "missed": latency.missed,
    }


def plain(value):
    """The same with plain numbers: None for NaN, Python's own types."""
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, (np.bool_, np.integer)):
        return value.item()
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value


def _mean(values) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
