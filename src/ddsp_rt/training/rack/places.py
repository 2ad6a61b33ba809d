"""Where the jobs of a rack run, and processes on this machine (a cluster: cluster.py)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Protocol

from ddsp_rt.training.rack.job import Job


class Running(Protocol):
    """A job at work.

    `begun`: in words; `why`: once it has ended, what ended it that its log does not tell of.
    """

    begun: str
    why: str

    def poll(self) -> int | None:
        """Its exit code, None while it works."""

    def stop(self) -> None:
        """Ask it to end with what was learnt."""

    def kill(self) -> None:
        """End it at once."""


class ThisMachine:
    """Plain processes. Each gets its share of threads and, in turn, one of the GPUs."""

    def __init__(self, at_once: int):
        self.at_once = at_once
        self._threads = max(1, (os.cpu_count() or 1) // at_once)
        self._gpus = _gpus()
        self._begun = 0

    def start(self, job: Job) -> Running:
        environment = {} if "OMP_NUM_THREADS" in os.environ else {"OMP_NUM_THREADS": str(self._threads)}
        if self.at_once > 1 and len(self._gpus) > 1 and "--devices" not in job.words:
            environment["CUDA_VISIBLE_DEVICES"] = self._gpus[self._begun % len(self._gpus)]
        self._begun += 1
        job.environment = environment
        return _Process(job.start())


class _Process:
    def __init__(self, process: subprocess.Popen):
        self.process = process
        self.begun, self.why = "begun", ""

    def poll(self) -> int | None:
        return self.process.poll()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        if self.process.poll() is None:
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
            self.process.wait()


def _gpus() -> list[str]:
    """The numbers of the GPUs that may be used."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [number for number in visible.split(",") if number]
    return [str(number) for number in range(len(list(Path("/dev").glob("nvidia[0-9]*"))))]


def wait_for(running: list[Running], seconds: float) -> list[Running]:
    """Those still at work after so long."""
    until = time.monotonic() + seconds
    while (left := [job for job in running if job.poll() is None]) and time.monotonic() < until:
        time.sleep(0.1)
    return left
