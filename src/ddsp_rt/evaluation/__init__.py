"""Measures of a transfer and of an instrument, each in a file of its own.

They judge from outside: apart from the rendering in `report`, nothing here uses the engine, so that no measure inherits
an error of what it measures. Signals are float arrays [samples], full scale 1; two signals compared must be in step.
"""

from ddsp_rt.evaluation.attacks import attack_noise, find_notes, median_attack_noise
from ddsp_rt.evaluation.clicks import find_clicks
from ddsp_rt.evaluation.consonants import consonants
from ddsp_rt.evaluation.dynamics import dynamics
from ddsp_rt.evaluation.excursions import excursions, excursions_per_minute
from ddsp_rt.evaluation.gaps import gap_depth
from ddsp_rt.evaluation.harmonicity import median_hnr, periodicity
from ddsp_rt.evaluation.lags import loudness_lag, pitch_lag
from ddsp_rt.evaluation.loudness import loudness_l1, measure_loudness
from ddsp_rt.evaluation.micro_variation import micro_variation, steady_levels, steady_windows
from ddsp_rt.evaluation.onsets import onset_latency
from ddsp_rt.evaluation.pitch import f0_errors
from ddsp_rt.evaluation.report import evaluate
from ddsp_rt.evaluation.spectral_loss import multi_scale_spectral_loss
from ddsp_rt.evaluation.third_octaves import third_octave_difference
from ddsp_rt.evaluation.timbre import timbre_distance

__all__ = [
    "attack_noise",
    "consonants",
    "dynamics",
    "evaluate",
    "excursions",
    "excursions_per_minute",
    "f0_errors",
    "find_clicks",
    "find_notes",
    "gap_depth",
    "loudness_l1",
    "loudness_lag",
    "measure_loudness",
    "median_attack_noise",
    "median_hnr",
    "micro_variation",
    "multi_scale_spectral_loss",
    "onset_latency",
    "periodicity",
    "pitch_lag",
    "steady_levels",
    "steady_windows",
    "third_octave_difference",
    "timbre_distance",
]
