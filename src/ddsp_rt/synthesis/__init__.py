"""The differentiable twin of the engine's synthesis: controls in, audio out. Needs PyTorch."""

from .filtered_noise import FilteredNoise
from .harmonic_oscillators import HarmonicOscillators
from .reverb import Reverb
from .synthesizer import Synthesizer

__all__ = ["FilteredNoise", "HarmonicOscillators", "Reverb", "Synthesizer"]
