"""Progress on long work: a bar with the time left on a terminal; elsewhere nothing, or an occasional plain line."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from ddsp_rt import console

BAR_EVERY = 0.25  # seconds between updates of the bar
PLAIN_EVERY = 30.0  # seconds between plain lines


class Progress:
    """Counts up to `total` (None: unknown), as a context manager. `say` prints a line without disturbing the bar.

    `report`, where given, hears a plain line now and then when there is no terminal, and what `say` is told.
    """

    def __init__(self, what: str, total: float | None, unit: str = "", report: Callable[[str], None] | None = None):
        self.what, self.total, self.unit, self.report = what, total, unit, report
        self.done = 0.0
        self._bar = None
        self._begun = 0.0  # of the work, where counting starts
        self._started = self._last = time.monotonic()

    def begin_at(self, done: float) -> None:
        """What had been done before; it does not count as progress of this session."""
        self._begun = self.done = done
        self._started = time.monotonic()

    def __enter__(self) -> Progress:
        if sys.stderr.isatty() and console.verbosity > console.QUIET:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = [TextColumn("{task.description}", markup=False), BarColumn()]
            columns += [TextColumn("{task.fields[note]}", markup=False)]
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
            self._bar.console.print(line, highlight=False, markup=False, emoji=False, soft_wrap=True)
        elif self.report is not None:
            self.report(line)

    def advance(self, amount: float = 1.0) -> None:
        """So much more is done."""
        self.update(self.done + amount)

    def update(self, done: float, note: Callable[[], str] | None = None) -> None:
        """Set how much is done; `note` gives the words beside the bar and is asked only when they are shown."""
        self.done = done
        now = time.monotonic()
        if self._bar is not None and now - self._last >= BAR_EVERY:
            self._last = now
            self._bar.update(self._task, completed=done, note=self._text(note))
        elif self._bar is None and self.report is not None and now - self._last >= PLAIN_EVERY:
            self._last = now
            self.report(f"{self.what}: {self._text(note)}{self._left(now)}")

    def _text(self, note: Callable[[], str] | None) -> str:
        if note is not None:
            return note()
        if not self.total:
            return ""
        return f"{self.done:g} of {self.total:g} {self.unit}" if self.unit else f"{100 * self.done / self.total:3.0f} %"

    def _left(self, now: float) -> str:
        if not self.total or self.done <= self._begun:
            return ""
        seconds = (now - self._started) / (self.done - self._begun) * (self.total - self.done)
        return f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", about {seconds:.0f} s left"
