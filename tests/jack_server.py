"""JACK's dummy driver: a sound card that is not there, for tests that need one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import zlib

import numpy as np

RATE, BLOCK = 48_000, 128


def is_installed() -> bool:
    return shutil.which("jackd") is not None


class JackServer:
    """A server of its own name, as a context manager; `environment` makes a program use it."""

    def __init__(self, block: int = BLOCK):
        # JACK knows eight names at most and forgets none of a server that was killed, but lets one be taken again.
        self.name = f"ddsp-{zlib.crc32(__file__.encode()):08x}-{os.environ.get('PYTEST_XDIST_WORKER', 'one')}"
        self.environment = {**os.environ, "JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1"}
        # Not real-time and in step with its clients: what is slow here is late, but nothing is lost.
        driver = ["-d", "dummy", "-r", str(RATE), "-p", str(block)]
        self.process = subprocess.Popen(
            ["jackd", "-r", "-S", "-n", self.name, *driver],
            env={**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> JackServer:
        """Wait until it answers."""
        import jack

        deadline = time.monotonic() + 20
        while True:
            try:
                jack.Client("first", servername=self.name, no_start_server=True).close()
                return self
            except jack.JackOpenError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.end()
                    raise
                time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self.end()

    def card_latency(self) -> int:
        """Samples from the sound card's input to a program, and from a program to its output."""
        told = subprocess.run(
            ["jack_lsp", "-s", self.name, "-l", "system"], capture_output=True, text=True, env=self.environment
        ).stdout
        return sum(
            max(int(most) for most in re.findall(rf"port {kind} latency = \[ \d+ (\d+) \]", told))
            for kind in ("capture", "playback")
        )

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class JackPlayer:
    """A client that plays and records in the same samples: `out` to `out`'s listeners, `heard` what comes in, `played`
    what it plays, through JACK's own wire."""

    def __init__(self, server: JackServer):
        import jack

        self.client = jack.Client("player", servername=server.name, no_start_server=True)
        self.out = self.client.outports.register("out")
        self.keys = self.client.midi_outports.register("keys")
        self._ear = self.client.inports.register("ear")
        self._wire = self.client.inports.register("wire")
        self._audio, self._at = np.zeros(0, np.float32), 0
        self._messages: list[bytes] = []
        self.heard: list[np.ndarray] = []
        self.played: list[np.ndarray] = []
        self.client.set_process_callback(self._process)
        self.client.activate()
        self.client.connect(self.out, self._wire)

    def __enter__(self) -> JackPlayer:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.deactivate()
        self.client.close()

    def put_between(self, program: str = "PortAudio") -> None:
        """Connect the program's ports to this client alone."""
        for port in self.client.get_ports(program, is_audio=True):
            for other in self.client.get_all_connections(port):
                pair = (other, port) if port.is_input else (port, other)
                self.client.disconnect(*pair)
        for port in self.client.get_ports(program, is_audio=True, is_input=True)[:1]:
            self.client.connect(self.out, port)
        for port in self.client.get_ports(program, is_audio=True, is_output=True)[:1]:
            self.client.connect(port, self._ear)

    def play(self, audio: np.ndarray, seconds: float) -> tuple[np.ndarray, np.ndarray]:
        """Play `audio`; returns what came in, and what went out, until the sound card has played `seconds`."""
        self.heard, self.played = [], []
        self._audio, self._at = np.asarray(audio, np.float32), 0
        deadline = time.monotonic() + 6 * seconds + 10
        while sum(map(len, self.heard)) < seconds * RATE and time.monotonic() < deadline:
            time.sleep(0.05)
        heard, played = list(self.heard), list(self.played)
        length = min(len(heard), len(played))
        return np.concatenate(heard[:length]), np.concatenate(played[:length])

    def press(self, *message: int) -> None:
        """Send a MIDI message with the next block."""
        self._messages.append(bytes(message))

    def _process(self, frames: int) -> None:
        out = self.out.get_array()
        part = self._audio[self._at : self._at + frames]
        out[: len(part)], out[len(part) :] = part, 0
        self._at += frames
        self.keys.clear_buffer()
        while self._messages:
            self.keys.write_midi_event(0, self._messages.pop(0))
        self.heard.append(self._ear.get_array().copy())
        self.played.append(self._wire.get_array().copy())
