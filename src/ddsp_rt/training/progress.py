"""Progress on long work: a bar with the time left on a terminal, an occasional plain line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

PLAIN_EVERY = 30.0  # seconds between plain lines


class Progress:
    """Counts up to `total` (None: unknown), as a context manager. `say` prints a line without disturbing the bar."""

    def __init__(self, what: str, total: float | None, unit: str, report: Callable[[str], None] = print):
        self.what, self.total, self.unit, self.report = what, total, unit, report
        self.done = 0.0
        self.note = ""
        self._bar = None
        self._started = self._last = time.monotonic()

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress as Bar, TextColumn, TimeElapsedColumn, TimeRemainingColumn

            columns = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}")]
            columns += [TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self.what, total=self.total, note="")
        return self

    def __exit__(self, *_) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, line: str) -> None:
        """Report a line of text."""
        if self._bar is not None:
            self._bar.console.print(line, highlight=False, markup=False)
        else:
            self.report(line)

    def advance(self, amount: float = 1.0) -> None:
        self.update(self.done + amount)

    def update(self, done: float, note: str | None = None) -> None:
        """Set how much is done, and the words beside the bar."""
        self.done = done
        self.note = self.note if note is None else note
        text = self.note or f"{done:g}/{self.total:g} {self.unit}" if self.total is not None else self.note
        if self._bar is not None:
            self._bar.update(self._task, completed=done, note=text)
        elif (now := time.monotonic()) - self._last >= PLAIN_EVERY:
            self._last = now
            self.report(f"{self.what}: {text}{self._left(now)}")

    def _left(self, now: float) -> str:
        if not self.total or self.done <= 0:
            return ""
        seconds = (now - self._started) / self.done * (self.total - self.done)
        return f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", about {seconds:.0f} s left"
