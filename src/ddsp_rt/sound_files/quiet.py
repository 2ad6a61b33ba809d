"""Keeps libraries' chatter off standard error while a file is opened or read."""

from __future__ import annotations

import os
import threading


class _Quiet:
    """A context in which nothing reaches file descriptor 2. Threads may share it."""

    def __init__(self):
        self._lock = threading.Lock()
        self._depth = 0
        self._kept: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._depth += 1
            if self._depth > 1:
                return
            try:
                self._kept = os.dup(2)
            except OSError:  # no standard error to keep quiet
                return
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)

    def __exit__(self, *_) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0 and self._kept is not None:
                os.dup2(self._kept, 2)
                os.close(self._kept)
                self._kept = None


quiet = _Quiet()
