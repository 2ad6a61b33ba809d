"""How long hosts wait for the built plugins: Ardour's scan of each, and minihost's way from a file to a sound.

usage: hosts.py BUILD PACKAGE.tar.gz
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import minihost
import numpy as np

RATE, BLOCK, RUNS = 48_000, 64, 5
SCANNER = Path("/usr/lib/ardour7/ardour-vst3-scanner")


def bundle(build: Path, plugin: str, kind: str) -> Path:
    return build / f"{plugin}_artefacts" / "Release" / kind / f"DDSP-RT {plugin}.{kind.lower()}"


def scan(path: Path) -> float:
    """Seconds that the scanner's whole process takes."""
    with tempfile.TemporaryDirectory() as home:
        places = {"LD_LIBRARY_PATH": str(SCANNER.parent), "HOME": home, "XDG_CACHE_HOME": home}
        began = time.perf_counter()
        subprocess.run([str(SCANNER), "-f", str(path)], env=os.environ | places, capture_output=True, check=True)
        return time.perf_counter() - began


def open_to_sound(path: Path) -> float:
    """Seconds from the file to the first sample of Transfer that is not silence; a tone comes in."""
    tone = (0.3 * np.sign(np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE))).astype(np.float32)
    began = time.perf_counter()
    host = minihost.Plugin(str(path), RATE, BLOCK, 2, 2)
    for at in range(0, RATE - BLOCK, BLOCK):
        heard = np.zeros((host.num_output_channels, BLOCK), np.float32)
        host.process(np.tile(tone[at : at + BLOCK], (host.num_input_channels, 1)), heard)
        if np.abs(heard).max() > 1e-3:
            return time.perf_counter() - began
    raise SystemExit(f"{path}: there is no sound")


def best(measured: list[float]) -> str:
    return f"{1e3 * min(measured):8.1f} ms (at worst {1e3 * max(measured):.1f})"


def goes_first() -> bool:
    """What else runs on this machine waits for it, where that is allowed."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    return True


def main() -> None:
    build, package = map(Path, sys.argv[1:])
    print("at real-time priority" if goes_first() else "at ordinary priority")
    for plugin in ("Transfer", "Instrument"):
        if SCANNER.exists():
            times = [scan(bundle(build, plugin, "VST3")) for _ in range(RUNS)]
            print(f"{plugin} scanned by Ardour  {best(times)}  (wanted: 1000)")
        else:
            print("Ardour's scan: not measured, it is not installed")
    for kind in ("VST3", "LV2"):
        times = [open_to_sound(bundle(build, "Transfer", kind)) for _ in range(RUNS)]
        print(f"Transfer, {kind}, open to sound {best(times)}  (wanted: 300)")
    print(f"{package.name}: {package.stat().st_size / 1e6:.1f} MB  (wanted: 40)")


if __name__ == "__main__":
    main()
