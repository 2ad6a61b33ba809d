"""All measures of an instrument on recordings, as one dictionary: what `ddsp-rt evaluate --json` prints."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ddsp_rt.evaluation import judges
from ddsp_rt.evaluation.clicks import THRESHOLD, click_score, find_clicks, share_found
from ddsp_rt.evaluation.loudness import level_matched, loudness_differences
from ddsp_rt.evaluation.onsets import instrument_onset
from ddsp_rt.evaluation.performance import judge_performance, median, public, together
from ddsp_rt.evaluation.rendering import LIVE_RATE, perform, read_part, resynthesise
from ddsp_rt.evaluation.spectral_loss import excerpt_losses
from ddsp_rt.evaluation.third_octaves import third_octave_difference
from ddsp_rt.evaluation.timbre import timbre_distance, timbre_frames
from ddsp_rt.evaluation.tone import judge_tone, pooled_attacks, pooled_variation
from ddsp_rt.evaluation.truth import Truths

if TYPE_CHECKING:
    from ddsp_rt.instrument import Instrument

TIMBRE_SECONDS = 60.0  # pooled per source for a timbre result of transfers
Recordings = Iterable[str | os.PathLike]


def evaluate(
    instrument: Instrument,
    recordings: Recordings,
    last: float | None = None,
    truths: Truths | None = None,
    advance: Callable[[float], None] = lambda amount: None,
    transfers: Recordings = (),
    cache: Path | None = None,
    channel: int | None = None,
    life: float = 0.0,
) -> dict:
    """Resynthesises an instrument's own recordings from their features, plays other performances on it, and compares.

    Args:
        recordings: paths of the instrument's own recordings.
        last: seconds at the end of each of them to judge; None judges all of it.
        truths: where their true pitch may be found.
        advance: told how many recordings more are done.
        transfers: paths of other performances, played fitted, without reverb.
        cache: a folder in which the pitch judges' opinions are kept.
        channel: which one to take of all of them, counted from 1; None mixes them down.
        life: share of the instrument's own, by which held notes move in all that is judged.

    Returns:
        A dictionary of plain values, None where there is no result; `notes` says why.
    """
    notes = [judges.missing()] if judges.missing() else []
    pools: dict[str, list] = {name: [] for name in ("recording", "output", "source", "played")}
    files, played = [], []
    for path in recordings:
        files.append(_judge_resynthesis(instrument, path, last, pools, truths, cache, channel, life))
        advance(1)
    for path in transfers:
        played.append(judge_transfer(instrument, path, pools, truths, cache, channel, life))
        advance(1)
    result = {"instrument": instrument.name, "model_rate": instrument.model_rate, "life": life, **_together(files)}
    result["timbre_distance"] = _distance(pools["recording"], pools["output"])
    result["onset"] = _onsets(instrument)
    result["files"] = public(files)
    if played:
        seconds = sum(scores["seconds"] for scores in played)
        result["transfers"] = {**together(played), "timbre": transfer_timbre(pools, seconds), "files": public(played)}
    if files and not any(scores["excerpts"] for scores in files):
        notes.append("no recording holds 4 s to judge; no mss")
    if not judges.missing():
        notes += [_unjudged(scores["file"]) for scores in [*files, *played] if scores["_f0"] is None]
    result["notes"] = notes
    return plain(result)


def _judge_resynthesis(
    instrument: Instrument,
    path: str | os.PathLike,
    last: float | None,
    pools: dict,
    truths: Truths | None,
    cache: Path | None,
    channel: int | None,
    life: float,
) -> dict:
    """Scores of one resynthesis; names with an underscore are for pooling only."""
    audio, own_rate, _ = read_part(path, last, channel)
    rendering = resynthesise(instrument, audio, own_rate, life)
    live = perform(instrument, path, last, fit=False, channel=channel, life=life)
    reference, output, rate = rendering.recording, rendering.output, rendering.rate
    losses = excerpt_losses(reference, output, rate)
    floor = excerpt_losses(output, rendering.other_seed, rate)
    differences = loudness_differences(reference, output, rate)
    pools["recording"].append(timbre_frames(reference, rate))
    pools["output"].append(timbre_frames(output, rate))
    tone = judge_tone(reference, output, rate)
    natural = click_score(live.source, LIVE_RATE)
    threshold = max(THRESHOLD, 1.05 * float(natural.max(initial=0)))
    return {
        **judge_performance(live, truths, cache),
        "mss": _mean(losses),
        "mss_noise_floor": _mean(floor),
        "excerpts": len(losses),
        "high_band_db": third_octave_difference(reference, output, rate),
        "loudness_l1_db": _mean(np.abs(differences)),
        "loudness_l1_level_matched_db": _mean(np.abs(level_matched(differences))),
        "hnr_db": tone["hnr_db"],
        "attack_noise_db": tone["attack_noise_db"],
        "micro_variation": tone["micro_variation"],
        "clicks": len(find_clicks(live.output, LIVE_RATE, threshold)),
        "clicks_found_of_injected": share_found(live.output, LIVE_RATE, threshold=threshold),
        "_losses": losses,
        "_floor": floor,
        "_differences": differences,
        "_levels": tone["_levels"],
        "_attacks": tone["_attacks"],
    }


def judge_transfer(
    instrument: Instrument,
    path: str | os.PathLike,
    pools: dict,
    truths: Truths | None = None,
    cache: Path | None = None,
    channel: int | None = None,
    life: float = 0.0,
) -> dict:
    """Scores of one performance played on the instrument; its timbre, source's and output's, goes into `pools`."""
    performance = perform(instrument, path, channel=channel, life=life)
    pools["source"].append(timbre_frames(performance.source, LIVE_RATE))
    pools["played"].append(timbre_frames(performance.output, LIVE_RATE))
    return judge_performance(performance, truths, cache)


def _together(files: list[dict]) -> dict:
    """The figures over all files: excerpts and frames weigh alike, lags are medians."""

    def pooled(name, change=lambda values: values):
        values = [change(scores[name]) for scores in files if len(scores[name])]
        return _mean(np.concatenate(values)) if values else None

    return {
        **together(files),
        "mss": pooled("_losses"),
        "mss_noise_floor": pooled("_floor"),
        "high_band_db": median([scores["high_band_db"] for scores in files]),
        "loudness_l1_db": pooled("_differences", np.abs),
        "loudness_l1_level_matched_db": pooled("_differences", lambda values: np.abs(level_matched(values))),
        "hnr_db": {name: median([s["hnr_db"][name] for s in files]) for name in ("recording", "output")},
        "attack_noise_db": pooled_attacks([scores["_attacks"] for scores in files]),
        "micro_variation": pooled_variation([scores["_levels"] for scores in files]),
        "clicks": sum(scores["clicks"] for scores in files),
        "clicks_found_of_injected": median([scores["clicks_found_of_injected"] for scores in files]),
    }


def transfer_timbre(pools: dict[str, list], seconds: float) -> dict | None:
    """How far played performances are from the instrument's recordings, as a share of how far their sources are.

    pools: MFCCs [frames, 19] in lists by name: recording, source, played. None with less than 60 seconds played.
    """
    if seconds < TIMBRE_SECONDS or not pools["recording"]:
        return None
    source, played = (_distance(pools["recording"], pools[name]) for name in ("source", "played"))
    return {"source": source, "played": played, "share": played / source}


def _distance(a: list, b: list) -> float | None:
    return timbre_distance(np.concatenate(a), np.concatenate(b)) if a and b else None


def _unjudged(file: str) -> str:
    return f"{Path(file).name}: no f0 result, which counts as missed: the judges agree on less than 60 % of it"


def _onsets(instrument) -> dict:
    latency = instrument_onset(instrument)
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
