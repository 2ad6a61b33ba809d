"""The engine beside what is exported from it, on this machine, in one run: TorchScript and ONNX Runtime, one thread.

usage: exports.py [--to INSTRUMENT] [--seconds S] [--json FILE]

Whole path: audio in, sound out, in blocks at 48 kHz; a block's time over its duration. Control network: microseconds a
frame, its state carried. The engine's network is not played alone, so its figure is that of a whole voice.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch

import ddsp_rt
from ddsp_rt import _engine
from ddsp_rt.benchmark.measures import figures, processor, timed, tone, transfer_of
from ddsp_rt.export.onnx_file import export_onnx
from ddsp_rt.export.torchscript import export_torchscript
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.network import InstrumentModel

RATE = 48_000  # Hz
BLOCKS = (64, 256, 1024, 4096)  # samples
RUNS = 3  # by turns; the best counts
FRAMES = 500


def best(run: Callable[[], float]) -> float:
    return min(run() for _ in range(RUNS))


def whole_path(instrument: ddsp_rt.Instrument, script: torch.jit.ScriptModule, seconds: float) -> list[dict]:
    """Block times over durations, mean and 99.9th percentile, of engine and TorchScript, by turns."""
    audio, rows = tone(RATE, seconds), []
    for block in BLOCKS:
        runs: dict[str, list[dict]] = {"engine": [], "torchscript": []}
        for _ in range(RUNS):
            runs["engine"].append(figures(timed(transfer_of(instrument, RATE), audio, RATE, block)))
            runs["torchscript"].append(figures(script_times(script, audio, block)))
        rows.append({"block": block} | {name: min(many, key=lambda run: run["mean"]) for name, many in runs.items()})
    return rows


def script_times(script: torch.jit.ScriptModule, audio: np.ndarray, block: int) -> np.ndarray:
    """Each block's time over its duration, without the first tenth of a second, in which it is compiled."""
    script.reset()
    times = []
    with torch.inference_mode():
        for part in torch.from_numpy(audio)[None, None].split(block, dim=2):
            start = time.perf_counter()
            script.transfer(part)
            times.append(time.perf_counter() - start)
    return np.array(times[max(2, RATE // 10 // block) : -1]) * RATE / block


def network(instrument: ddsp_rt.Instrument, onnx_file: Path) -> dict[str, float]:
    """Microseconds a frame."""
    metadata, tensors = load_instrument(instrument.path)
    model = InstrumentModel(metadata["architecture"])
    model.load_tensors(tensors)
    decoder = torch.jit.freeze(torch.jit.script(model.decoder.eval()))
    session = onnx_session(onnx_file)
    shapes = {given.name: given.shape for given in session.get_inputs()}
    values = {"f0": 440.0, "periodicity": 0.98, "loudness": -20.0, "fast_loudness": -20.0, "balance": -20.0}
    told = {name: torch.full((1, 1), value) for name, value in values.items()}
    z = torch.zeros(1, 1, model.decoder.spec.z_dims) if model.encoder is not None else None
    voice = _engine.Voice(instrument.engine, RATE)
    tracks = [np.full(FRAMES, values[name], np.float32) for name in ("f0", "periodicity", "loudness")]

    def by_engine() -> float:
        start = time.perf_counter()
        voice.render_parts(*tracks)
        return time.perf_counter() - start

    def by_torchscript() -> float:
        state = torch.zeros(1, 1, model.decoder.gru.hidden_size)
        with torch.inference_mode():
            start = time.perf_counter()
            for _ in range(FRAMES):
                *_, state = decoder(**told, z=z, state=state)
            return time.perf_counter() - start

    def by_onnx() -> float:
        given = {name: np.full(shape, values.get(name, 0.0), np.float32) for name, shape in shapes.items()}
        names = [made.name for made in session.get_outputs()]
        start = time.perf_counter()
        for _ in range(FRAMES):
            out = dict(zip(names, session.run(None, given)))
            given |= {name.removeprefix("next_"): value for name, value in out.items() if name.startswith("next_")}
        return time.perf_counter() - start

    runs = {"engine, whole voice": by_engine, "torchscript": by_torchscript, "onnx runtime": by_onnx}
    for run in runs.values():
        run()
    return {name: best(run) / FRAMES * 1e6 for name, run in runs.items()}


def onnx_session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", default="violin", help="name or path of the instrument")
    parser.add_argument("--seconds", type=float, default=2.0, help="of audio a run")
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)
    torch.set_num_threads(1)
    instrument = ddsp_rt.load(given.to)
    with tempfile.TemporaryDirectory() as folder:
        script, onnx_file = Path(folder) / "script.ts", Path(folder) / "network.onnx"
        export_torchscript(instrument.path, script, RATE)
        export_onnx(instrument.path, onnx_file)
        result = {
            "instrument": instrument.name,
            "processor": processor(),
            "torch": torch.__version__,
            "onnxruntime": onnxruntime.__version__,
            "blocks": whole_path(instrument, torch.jit.load(script), given.seconds),
            "network_us": network(instrument, onnx_file),
        }
    print(
        f"{result['instrument']} on {result['processor']}, one thread; "
        "block time / block duration at 48 kHz, back to back"
    )
    print(f"{'block':>6} {'engine':>9} {'TorchScript':>12}")
    for row in result["blocks"]:
        print(f"{row['block']:>6} {100 * row['engine']['mean']:>8.2f}% {100 * row['torchscript']['mean']:>11.1f}%")
    print("control network, microseconds a frame:")
    for name, value in result["network_us"].items():
        print(f"  {name:20}{value:8.0f}")
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
