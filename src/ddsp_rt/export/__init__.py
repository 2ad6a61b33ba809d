"""Instruments for other programs: TorchScript, ONNX, and the room as a WAV file. Needs PyTorch."""
