"""Single keys from the terminal, without waiting and without showing them."""

from __future__ import annotations

import contextlib
import os
import sys
import time

ARROWS = {"[A": "up", "[B": "down", "[C": "right", "[D": "left"}
ARROWS |= {"O" + code[1]: name for code, name in ARROWS.items()}
WINDOWS_ARROWS = {"H": "up", "P": "down", "M": "right", "K": "left"}


class Keyboard:
    """A context manager. Where standard input is no terminal no key ever comes."""

    def __enter__(self) -> Keyboard:
        self._saved = None
        self._descriptor = None
        with contextlib.suppress(AttributeError, ValueError, OSError):
            if sys.stdin.isatty():
                self._descriptor = sys.stdin.fileno()
        if self._descriptor is not None and os.name != "nt":
            import termios
            import tty

            self._saved = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor)
        return self

    def __exit__(self, *_: object) -> None:
        if self._saved is not None:
            import termios

            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._saved)

    def wait(self, seconds: float) -> str | None:
        """The next key, by its letter or as "up", "down", "left" or "right"; None when none came in time."""
        if self._descriptor is None:
            time.sleep(seconds)
            return None
        if os.name == "nt":
            return _wait_on_windows(seconds)
        import select

        if not select.select([self._descriptor], [], [], seconds)[0]:
            return None
        typed = os.read(self._descriptor, 16).decode(errors="ignore")
        if not typed:  # the terminal is gone
            self._descriptor = None
            return None
        return ARROWS.get(typed[1:3]) if typed.startswith("\x1b") else typed[0]


def _wait_on_windows(seconds: float) -> str | None:
    import msvcrt

    until = time.monotonic() + seconds
    while not msvcrt.kbhit():  # type: ignore[attr-defined]
        if time.monotonic() >= until:
            return None
        time.sleep(0.01)
    key = msvcrt.getwch()  # type: ignore[attr-defined]
    return WINDOWS_ARROWS.get(msvcrt.getwch()) if key in "\x00\xe0" else key  # type: ignore[attr-defined]
