"""Runs a long command and says now and then how far it is: python steps.py LOG COMMAND...

What the command says goes to LOG. When it fails, the end of that is shown, and the exit code is the command's.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

EVERY = 10.0  # seconds between lines
TAIL = 30  # lines shown of a failure
BUILT = re.compile(r"\[(\d+)/(\d+)\]")  # what ninja puts before a step
STEPS = re.compile(r"(Collecting|Downloading|Installing|Building|Preparing|Creating|Successfully|running) .*")


def main() -> int:
    log, *command = sys.argv[1:]
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    started, step, lock = time.monotonic(), "", threading.Lock()
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(EVERY):
            with lock:
                print(f"  {time.monotonic() - started:.0f} s{step and ': '}{step}", flush=True)

    speaker = threading.Thread(target=tell, daemon=True)
    speaker.start()
    with open(log, "w", encoding="utf-8") as kept:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as run:
            for line in run.stdout:
                kept.write(line)
                if found := _step(line):
                    with lock:
                        step = found
        ended.set()
    speaker.join()
    if run.returncode:
        print("".join(Path(log).read_text(encoding="utf-8").splitlines(keepends=True)[-TAIL:]), file=sys.stderr)
    return run.returncode


def _step(line: str) -> str:
    """What a line tells of the progress, or nothing."""
    if built := BUILT.search(line):
        return f"{built[1]} of {built[2]} steps of the build"
    found = STEPS.search(line)
    return found[0][:72] if found else ""


if __name__ == "__main__":
    sys.exit(main())
