"""The data doctor: what recordings hold, what of it can be learnt from, and what to do about the rest."""

from ddsp_rt.inspection.commands import inspect

__all__ = ["inspect"]
