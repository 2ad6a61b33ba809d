"""What two outside trackers, SwiftF0 and pYIN, say of a recording whose true pitch nobody wrote down."""

from pathlib import Path

import numpy as np

from ddsp_rt.evaluation.judges import Judgement, judge


def judged(audio: np.ndarray, rate: int, cache: Path) -> Judgement:
    """Both opinions by 4 ms frame, kept as `cache` (.npz): asking takes as long as the recording lasts, or longer."""
    if cache.exists():
        kept = np.load(cache)
        return Judgement(kept["swift"], kept["pyin"])
    opinions = judge(audio, rate)
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(cache, swift=opinions.swift, pyin=opinions.pyin)
    return opinions


def agreed_f0(audio: np.ndarray, rate: int, cache: Path) -> np.ndarray:
    """f0 [frames of 4 ms] in Hz, 0 where the two are unvoiced or differ by more than 50 cents."""
    return np.nan_to_num(judged(audio, rate, cache).agreed)
