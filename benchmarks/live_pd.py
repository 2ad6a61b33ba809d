"""The Pd objects as a performer meets them: speed, CPU share, size; on JACK's dummy driver delay and dropouts.

    make bench-live            # two minutes of listening for dropouts; SECONDS=20 for a shorter look

A machine busy with other work drops out by itself, so the same run without the object stands beside each figure.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
FOLDER = Path(os.environ.get("DDSP_RT_PD_FOLDER", ROOT / "build" / "pd" / "pd" / "ddsp-rt"))
RATE = 48_000
BLOCK = 64
TURN = 20.0  # seconds


def patch(folder: Path, *lines: str) -> Path:
    path = folder / "bench.pd"
    path.write_text("#N canvas 0 0 400 300 12;\n" + "".join(f"{line};\n" for line in lines))
    return path


def render(folder: Path, instrument: str, instances: int, seconds: int = 60) -> dict:
    """A sawtooth through so many objects, faster than real time, one core."""
    lines = [
        "#X obj 0 0 loadbang",
        "#X msg 0 0 \\; pd dsp 1",
        f"#X obj 0 0 del {1000 * seconds}",
        "#X msg 0 0 \\; pd quit",
        "#X obj 0 0 phasor~ 220",
        "#X obj 0 0 *~ 0.3",
        "#X obj 0 0 dac~",
    ]
    lines += [f"#X obj 0 0 ddsp.transfer~ {instrument} @report 0"] * instances
    lines += ["#X connect 0 0 1 0", "#X connect 0 0 2 0", "#X connect 2 0 3 0", "#X connect 4 0 5 0"]
    for index in range(instances):
        lines += [f"#X connect 5 0 {7 + index} 0", f"#X connect {7 + index} 0 6 0"]
    command = ["pd", "-nogui", "-batch", "-noaudio", "-nrt", "-noprefs", "-r", str(RATE), "-path", str(FOLDER)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([*command, patch(folder, *lines)], check=True, capture_output=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "instances": instances,
        "wall_s": wall,
        "cpu_s": cpu,
        "times_real_time": seconds / cpu,
        "cpu_share_live": cpu / seconds,
    }


def sizes() -> dict:
    found = {}
    for path in sorted(FOLDER.glob("ddsp*.pd_linux")):
        needed = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
        found[path.name] = {"bytes": path.stat().st_size, "needs": [line.split()[0] for line in needed.splitlines()]}
    return found


def phrase(seconds: float) -> tuple[np.ndarray, list[int]]:
    """Short notes with abrupt starts at random times, so that a delay shows; and the samples they start at."""
    random = np.random.default_rng(1)
    x = np.zeros(round(seconds * RATE), np.float32)
    at, starts = 0.5, []
    while at < seconds - 1.0:
        n = round(0.25 * RATE)
        t = np.arange(n) / RATE
        f0 = 220 * 2 ** random.uniform(0, 1.5)
        note = sum(0.25 / h * np.sin(2 * np.pi * h * f0 * t) for h in range(1, 9))
        note[-480:] *= np.linspace(1, 0, 480)
        x[round(at * RATE) :][:n] += note.astype(np.float32)
        starts.append(round(at * RATE))
        at += random.uniform(0.5, 0.7)
    return x, starts


class Jack:
    """JACK's dummy driver, Pd in it, and a client that plays and records."""

    def __init__(self, folder: Path, text: str | None):
        self.server = subprocess.Popen(
            ["jackd", "-R", "-P", "80", "-S", "-d", "dummy", "-r", str(RATE), "-p", str(BLOCK)],
            env={**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(2)
        lines = [
            "#X obj 0 0 adc~ 1",
            f"#X obj 0 0 {text or '*~ 1'}",
            "#X obj 0 0 dac~ 1",
            "#X obj 0 0 loadbang",
            "#X msg 0 0 \\; pd dsp 1",
            "#X connect 0 0 1 0",
            "#X connect 1 0 2 0",
            "#X connect 3 0 4 0",
        ]
        flags = [
            "-nogui",
            "-rt",
            "-noprefs",
            "-stderr",
            "-jack",
            "-nojackconnect",
            "-channels",
            "1",
            "-r",
            str(RATE),
            "-blocksize",
            str(BLOCK),
            "-audiobuf",
            "5",
            "-path",
            str(FOLDER),
        ]
        self.pd = subprocess.Popen(
            ["pd", *flags, patch(folder, *lines)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(3)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.pd, self.server):
            process.terminate()
            process.wait(10)

    def play(self, audio: np.ndarray) -> tuple[np.ndarray, int]:
        """What Pd makes of it, and the dropouts JACK counted meanwhile."""
        import jack

        client = jack.Client("bench")
        source, sink = client.outports.register("out"), client.inports.register("in")
        recorded, state = np.zeros_like(audio), {"at": 0, "dropouts": 0}

        @client.set_process_callback
        def process(frames):
            at = state["at"]
            n = max(0, min(frames, len(audio) - at))
            block = source.get_array()
            block[:] = 0
            block[:n] = audio[at : at + n]
            recorded[at : at + n] = sink.get_array()[:n]
            state["at"] = at + n

        @client.set_xrun_callback
        def xrun(_):
            state["dropouts"] += 1

        with client:
            ports = {port.name: port for port in client.get_ports("pure_data|pd")}
            inputs = [p for p in ports.values() if p.is_input and p.is_audio]
            outputs = [p for p in ports.values() if p.is_output and p.is_audio]
            if not inputs or not outputs:
                sys.exit("Pd did not appear in JACK")
            client.connect(source, inputs[0])
            client.connect(outputs[0], sink)
            while state["at"] < len(audio):
                time.sleep(0.1)
        return recorded, state["dropouts"]


def delays(starts: list[int], recorded: np.ndarray) -> np.ndarray:
    """ms from each note's start to the output passing half its level at 150 to 220 ms (5 ms RMS)."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(recorded, dtype=np.float64))])
    power = (energy[240:] - energy[:-240]) / 240  # of the 5 ms that begin at each sample
    found = []
    for start in starts:
        settled = power[start + round(0.15 * RATE) : start + round(0.22 * RATE)].mean()
        over = np.flatnonzero(power[start - 240 : start + round(0.15 * RATE)] > settled / 4)
        if settled > 1e-8 and len(over):
            found.append(1000 * over[0] / RATE)  # the window's end is what has been heard
    return np.array(found)


def live(folder: Path, instrument: str, seconds: float) -> dict:
    """Wire and object by turns of TURN seconds, since a machine's own dropouts come and go by the minute."""
    texts = {"wire": None, "object": f"ddsp.transfer~ {instrument} @reverb 0 @report 0"}
    found, dropouts = {name: [] for name in texts}, {name: [] for name in texts}
    audio, starts = phrase(TURN)
    for _ in range(max(1, round(seconds / TURN))):
        for name, text in texts.items():
            with Jack(folder, text) as jack:
                recorded, counted = jack.play(audio)
            found[name].append(delays(starts, recorded))
            dropouts[name].append(counted)
    results = {}
    for name in texts:
        heard = np.concatenate(found[name])
        results[name] = {"seconds": TURN * len(dropouts[name]), "dropouts_by_turn": dropouts[name], "notes": len(heard)}
        if len(heard):
            results[name] |= {
                "delay_ms_median": float(np.median(heard)),
                "delay_ms_95": float(np.percentile(heard, 95)),
            }
    return results


def blocks(instrument: str, seconds: float) -> dict:
    """Time of the engine's blocks over their duration as they arrive in real time, beside an empty callback's: a block
    that takes longer than it lasts is a dropout, and whose it is shows here."""
    import ddsp_rt
    from ddsp_rt.benchmark import measures

    audio = measures.tone(RATE, seconds)
    timed = {"wire": None, "object": measures.transfer_of(ddsp_rt.load(instrument), RATE)}
    return {
        name: measures.figures(measures.timed(transfer, audio, RATE, BLOCK, paced=True))
        for name, transfer in timed.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("instrument", nargs="?", default="violin")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--no-jack", action="store_true")
    options = parser.parse_args()
    if shutil.which("pd") is None:
        sys.exit("Pure Data is not installed")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = {"sizes": sizes(), "render": [render(folder, options.instrument, n) for n in (1, 8)]}
        result["blocks"] = blocks(options.instrument, options.seconds)
        if not options.no_jack:
            result["jack"] = live(folder, options.instrument, options.seconds)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
