"""How far the output trails real phrases: loudness lag and pitch lag of each recording, by a plain instrument whose
amplitude follows loudness (the engine's own) and by a shipped one, unfitted, reverb off, at 48 kHz.

    python benchmarks/lags.py RECORDING... [--instrument violin] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

import ddsp_rt
from ddsp_rt.evaluation.lags import loudness_lag, pitch_lag
from ddsp_rt.evaluation.plain_instrument import PLAIN_DB, write_plain_instrument
from ddsp_rt.evaluation.rendering import LIVE_RATE, read_part
from ddsp_rt.evaluation.signals import resample

SECONDS = 30.0  # of each recording, its last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--instrument", default="violin")
    parser.add_argument("--json", type=Path, help="also write everything measured here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_plain_instrument(Path(folder) / "plain.ddsp")
        instruments = {
            "plain": ddsp_rt.load(Path(folder) / "plain.ddsp"),
            options.instrument: ddsp_rt.load(options.instrument),
        }
    rows = [{"file": path.name, **lags(path, instruments)} for path in options.recordings]
    medians = {key: float(np.nanmedian([row[key] for row in rows])) for key in rows[0] if key != "file"}
    for row in [*rows, {"file": "median", **medians}]:
        print(
            f"{row['file'][:40]:40}",
            *(f"{key} {value:4.0f} ms" for key, value in row.items() if key != "file"),
            sep="  ",
        )
    if options.json:
        options.json.write_text(json.dumps({"median": medians, "files": rows}, indent=1) + "\n")


def lags(path: Path, instruments: dict) -> dict[str, float]:
    audio, own_rate, _ = read_part(path, SECONDS)
    audio = resample(audio, own_rate, LIVE_RATE)
    found = {}
    for name, instrument in instruments.items():
        output = instrument.stream(LIVE_RATE, reverb=0.0).process(audio.astype(np.float32)).astype(np.float64)
        if name == "plain":
            output *= 10 ** (-PLAIN_DB / 20)
        found[f"{name} loudness"] = loudness_lag(audio, output, LIVE_RATE)
        found[f"{name} pitch"] = pitch_lag(audio, output, LIVE_RATE)
    return found


if __name__ == "__main__":
    main()
