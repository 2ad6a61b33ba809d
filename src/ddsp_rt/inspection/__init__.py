"""The data doctor: what recordings hold, what of it can be learnt from, and what to do about the rest."""
