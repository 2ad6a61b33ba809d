"""`ddsp-rt live`: an instrument played from a sound card or a keyboard, watched in a terminal."""

from ddsp_rt.live.commands import live

__all__ = ["live"]
