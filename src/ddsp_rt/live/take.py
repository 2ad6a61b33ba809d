"""What is kept of a session: its input and its output, drawn from the engine and written while it plays."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from ddsp_rt import _engine
from ddsp_rt.audio_writer import WAV_LIMIT, AudioWriter, check_output, is_standard_output
from ddsp_rt.errors import UsageError, UserError
from ddsp_rt.sound_files.source import shown

WAITING = 20.0  # seconds that may wait for a slow disk
EVERY = 0.1  # seconds between looks


def check_take(path: Path) -> str:
    """The bit depth to write it with; UsageError where it cannot be written, or is there already."""
    if is_standard_output(path):
        raise UsageError("--record -: a take goes to a file; give its name")
    depth = "float" if path.suffix.lower() == ".wav" else "24"
    check_output(path, depth)
    if os.path.lexists(path):
        raise UsageError(f"{shown(path)}: is there already; give the take another name")
    return depth


class Take:
    """A file that fills from a thread of its own; `finish` gives it its name, leaving it without does not."""

    def __init__(self, session: _engine.Session, path: Path, rate: int, tracks: int):
        self.path, self.rate, self.failure = path, rate, None
        self._session = session
        self._writer = AudioWriter(path, rate, check_take(path), channels=tracks)
        self._most = WAV_LIMIT // (4 * tracks)  # frames
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> Take:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._writer.__exit__()

    @property
    def seconds(self) -> float:
        return self._writer.frames / self.rate

    @property
    def full(self) -> bool:
        """Whether the format holds no more."""
        return self._writer.frames >= self._most

    def finish(self) -> None:
        """Write the rest; DataError when something could not be written."""
        self._ended.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure
        self._draw()
        self._writer.commit()

    def _write(self) -> None:
        while not self._ended.wait(EVERY):
            try:
                self._draw()
            except UserError as error:
                self.failure = error
                return

    def _draw(self) -> None:
        block = self._session.draw()
        self._writer.write(block[: max(self._most - self._writer.frames, 0)])
