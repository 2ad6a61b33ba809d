"""The differentiable twin of the engine's synthesis: controls in, audio out. Needs PyTorch."""

from .breath import Breath
from .control_blend import ControlBlend, ControlFormat
from .filtered_noise import FilteredNoise, NoiseState
from .harmonic_oscillators import HarmonicOscillators, OscillatorState
from .life import Life
from .noise_generator import NoiseGenerator
from .reverb import Reverb
from .synthesizer import Synthesizer, SynthesizerState

__all__ = [
    "Breath",
    "ControlBlend",
    "ControlFormat",
    "FilteredNoise",
    "HarmonicOscillators",
    "Life",
    "NoiseGenerator",
    "NoiseState",
    "OscillatorState",
    "Reverb",
    "Synthesizer",
    "SynthesizerState",
]
