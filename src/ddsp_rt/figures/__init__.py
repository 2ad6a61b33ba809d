"""Pictures of a transfer: the sound taken apart in the order of the signal path. Drawing imports matplotlib."""

from ddsp_rt.figures.commands import draw_transfer, figure
from ddsp_rt.figures.parts import Parts, take_apart

__all__ = ["Parts", "draw_transfer", "figure", "take_apart"]
