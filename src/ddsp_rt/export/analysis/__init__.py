"""The engine's analyser a second time, as a module that TorchScript takes; the folders' names are the engine's.

Filters come from the engine as they are. The rest follows its classes, one to one, with whole frames as tensors where
the engine loops over samples; docs/analysis.md defines what is heard. Features agree with the engine's to rounding.
"""
