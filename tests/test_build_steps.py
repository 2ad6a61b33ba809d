"""What the builds say while they run: no silent minute, and the end of the log where one fails."""

import os
import subprocess
import sys
from pathlib import Path

STEPS = Path(__file__).parents[1] / "cmake" / "steps.py"
BUILD = (
    "import time; print('[3/40] Building CXX object voice.cpp.o', flush=True); time.sleep(0.5); raise SystemExit(%d)"
)


def run(tmp_path, code):
    """With a line every tenth of a second instead of every ten."""
    script = "import sys; sys.argv = sys.argv[1:]; import steps; steps.EVERY = 0.1; sys.exit(steps.main())"
    command = [
        sys.executable,
        "-c",
        script,
        str(STEPS),
        str(tmp_path / "logs" / "log"),
        sys.executable,
        "-c",
        BUILD % code,
    ]
    environment = {**os.environ, "PYTHONPATH": str(STEPS.parent)}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_a_long_step_says_how_far_it_is(tmp_path):
    done = run(tmp_path, 0)
    assert done.returncode == 0 and done.stderr == ""
    assert "3 of 40 steps of the build" in done.stdout
    assert "voice.cpp.o" in (tmp_path / "logs" / "log").read_text() and "voice.cpp.o" not in done.stdout


def test_a_failure_shows_the_end_of_the_log_and_keeps_its_code(tmp_path):
    done = run(tmp_path, 7)
    assert done.returncode == 7 and "voice.cpp.o" in done.stderr
