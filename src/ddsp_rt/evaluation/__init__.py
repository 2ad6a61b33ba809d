"""Measures of a transfer and of an instrument, each in a file of its own.

They judge from outside: apart from the rendering in `report`, nothing here uses the engine, so that no measure inherits
an error of what it measures. Signals are float arrays [samples], full scale 1; two signals compared must be in step.
"""
