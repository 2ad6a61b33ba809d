"""`ddsp-rt live` as a performer meets it: dropouts on JACK's dummy driver, by turns with a plain wire.

    python benchmarks/live_terminal.py violin --seconds 120

The server and both programs run with real-time priority (as root, or with the right to it). A busy machine drops out by
itself, so what counts is the wire beside it, and the blocks that took us longer than they last.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

RATE, BLOCK = 48_000, 128
TURN = 30.0  # seconds
PHRASE = Path(__file__).parents[1] / "examples" / "sung_phrase.flac"
NAME = "ddsp-rt-bench"


class Server:
    """JACK's dummy driver."""

    def __enter__(self) -> Server:
        self.environment = {**os.environ, "JACK_DEFAULT_SERVER": NAME, "JACK_NO_START_SERVER": "1"}
        self.process = subprocess.Popen(
            ["jackd", "-R", "-P", "80", "-S", "-n", NAME, "-d", "dummy", "-r", str(RATE), "-p", str(BLOCK)],
            env={**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(2)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)

    def start(self, *command: str) -> subprocess.Popen:
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def play(self, audio: np.ndarray, program: str, seconds: float) -> int:
        """Play `audio` to a program, over and over; the dropouts that JACK counted."""
        import jack

        client = jack.Client("bench", servername=NAME, no_start_server=True)
        out, ear = client.outports.register("out"), client.inports.register("ear")
        state = {"at": 0, "dropouts": 0}
        looped = np.concatenate([audio, audio[:BLOCK]])

        @client.set_process_callback
        def process(frames: int) -> None:
            out.get_array()[:] = looped[state["at"] : state["at"] + frames]
            state["at"] = (state["at"] + frames) % len(audio)

        @client.set_xrun_callback
        def xrun(_: float) -> None:
            state["dropouts"] += 1

        with client:
            for port in client.get_ports(program, is_audio=True):
                for other in client.get_all_connections(port):
                    client.disconnect(*((other, port) if port.is_input else (port, other)))
            client.connect(out, client.get_ports(program, is_audio=True, is_input=True)[0])
            client.connect(client.get_ports(program, is_audio=True, is_output=True)[0], ear)
            state["dropouts"] = 0
            time.sleep(seconds)
            return state["dropouts"]


def wire(server: Server, audio: np.ndarray, seconds: float) -> int:
    program = server.start("jack_thru", "thru", NAME)
    try:
        time.sleep(1)
        return server.play(audio, "thru", seconds)
    finally:
        program.terminate()
        program.wait(10)


def live(server: Server, audio: np.ndarray, instrument: str, seconds: float) -> tuple[int, int, str]:
    """Dropouts as JACK counts them, blocks of our own that were late, and the last line."""
    program = server.start(sys.executable, "-m", "ddsp_rt", "live", "--to", instrument)
    try:
        first = program.stdout.readline()
        if "Ctrl-C" not in first:
            sys.exit(program.stderr.read())
        dropouts = server.play(audio, "PortAudio", seconds)
        program.send_signal(signal.SIGINT)
        said, _ = program.communicate(timeout=30)
        return dropouts, int(re.search(r"(\d+) of our own", said)[1]), said.strip()
    finally:
        program.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("instrument")
    parser.add_argument("--seconds", type=float, default=120.0, help="of each, in turns of 30 s")
    options = parser.parse_args()

    import soxr

    import ddsp_rt

    audio, rate = ddsp_rt.read_audio(PHRASE)
    audio = np.ascontiguousarray(soxr.resample(audio, rate, RATE), np.float32)
    turns = max(1, round(options.seconds / TURN))
    turn = options.seconds / turns
    totals = {"wire": 0, "live": 0, "own": 0}
    print(f"{turns} turns of {turn:.0f} s each, blocks of {BLOCK} at {RATE} Hz", flush=True)
    for _ in range(turns):
        with Server() as server:
            totals["wire"] += wire(server, audio, turn)
        with Server() as server:
            dropouts, own, said = live(server, audio, options.instrument, turn)
        totals["live"] += dropouts
        totals["own"] += own
        print(f"  {said}", flush=True)
    print(f"dropouts: wire {totals['wire']}, ddsp-rt live {totals['live']}, blocks of its own {totals['own']}")


if __name__ == "__main__":
    main()
