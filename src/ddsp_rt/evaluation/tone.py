"""The measures of an instrument's own tone, its room included: how noisy it and its attacks are, and how it moves."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from ddsp_rt.evaluation.attacks import attack_noise, find_notes, median_attack_noise
from ddsp_rt.evaluation.harmonicity import median_hnr, periodicity
from ddsp_rt.evaluation.lags import centred_f0
from ddsp_rt.evaluation.loudness import FRAME_RATE, measure_loudness
from ddsp_rt.evaluation.micro_variation import micro_variation, steady_levels, steady_windows
from ddsp_rt.evaluation.sounding import loud_level


def judge_tone(recording: np.ndarray, output: np.ndarray, rate: int) -> dict:
    """HNR, attack noise and, in the recording's steady notes, micro-variation of a recording and its resynthesis."""
    signals = {"recording": recording, "output": output}
    loudness = {name: measure_loudness(audio, rate) for name, audio in signals.items()}
    f0 = {name: centred_f0(audio, rate, FRAME_RATE) for name, audio in signals.items()}
    starts = steady_windows(f0["recording"], loudness["recording"])
    levels = {name: steady_levels(audio, rate, f0[name], starts) for name, audio in signals.items()}
    both = np.isfinite(levels["recording"]) & np.isfinite(levels["output"])  # the same notes and harmonics of each
    levels = {name: np.where(both, level, np.nan) for name, level in levels.items()}
    notes = find_notes(recording, rate, f0["recording"], loudness["recording"])
    attacks = {name: attack_noise(audio, rate, notes) for name, audio in signals.items()}
    return {
        "hnr_db": {
            name: median_hnr(periodicity(audio, rate), loudness[name], loud_level(loudness[name]))
            for name, audio in signals.items()
        },
        "micro_variation": pooled_variation([levels]),
        "attack_noise_db": pooled_attacks([attacks]),
        "_levels": levels,
        "_attacks": attacks,
    }


def pooled_variation(levels: list[dict[str, np.ndarray]]) -> dict | None:
    """Micro-variation of several recordings together, by name of the signal; None where no note is steady."""
    if not levels:
        return None
    pooled = {name: micro_variation(np.concatenate([one[name] for one in levels])) for name in levels[0]}
    return None if None in pooled.values() else {name: asdict(found) for name, found in pooled.items()}


def pooled_attacks(noises: list[dict[str, np.ndarray]]) -> dict | None:
    """Attack noise of several recordings together, by name of the signal; None with fewer than 5 notes."""
    return (
        median_attack_noise({name: np.concatenate([one[name] for one in noises]) for name in noises[0]})
        if noises
        else None
    )
