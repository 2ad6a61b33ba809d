"""One instrument of a rack being made: a process `python -m ddsp_rt train`, here or on a machine of a cluster."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ddsp_rt.content_hash import content_hash
from ddsp_rt.training.run_folder import RunFolder
from ddsp_rt.whole_files import write_whole

PATIENCE = 60.0  # seconds that a process has to keep what was learnt before a cluster takes its machine away
TAIL = 4096  # bytes of a log that hold its last line


@dataclass
class Job:
    """`python -m ddsp_rt train` for one output. A cluster's machine gets it pickled, and calls it.

    `words`: its arguments without those that depend on what is there already; `recordings`: their digest; `base`: the
    instrument file it starts from.
    """

    output: Path
    words: list[str]
    recordings: str
    base: Path | None = None
    force: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    child: subprocess.Popen | None = None

    @property
    def name(self) -> str:
        return self.output.stem

    @property
    def log(self) -> Path:
        return self.output.with_suffix(".log")

    def finished(self) -> bool:
        """Whether its run came to its own end."""
        return RunFolder(self.output).finished.exists() and self.output.exists()

    def is_done(self) -> bool:
        """Whether that was with the same words, recordings and base, and it need not be made again."""
        if self.force or not self.finished():
            return False
        try:
            return json.loads(self._stamp_file.read_bytes()) == self.stamp()
        except (OSError, ValueError):
            return False

    def command(self) -> list[str]:
        """What is run now: a run that was begun is gone on with, and train says if it cannot be."""
        begun = RunFolder(self.output).checkpoint.exists()
        more = ["--force"] if self.force else ["--resume"] if begun else []
        return [sys.executable, "-m", "ddsp_rt", "train", *self.words, *more]

    def start(self, own_session: bool = True) -> subprocess.Popen:
        """Begin, with the output at the end of the log. In a session of its own Ctrl-C does not reach the process."""
        RunFolder(self.output).make()
        write_whole(self._stamp_file, json.dumps(self.stamp(), indent=1).encode())
        command = self.command()
        with open(self.log, "ab") as log:
            log.write(os.fsencode(f"$ ddsp-rt {shlex.join(command[3:])}\n"))
            log.flush()
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=own_session,
                preexec_fn=_ignore_warnings_of_the_cluster if hasattr(signal, "SIGUSR2") else None,
            )

    def last_line(self) -> str:
        """What its log ends in."""
        with contextlib.suppress(OSError), open(self.log, "rb") as log:
            log.seek(max(log.seek(0, os.SEEK_END) - TAIL, 0))
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
            return lines[-1] if lines else ""
        return ""

    def why_it_failed(self, code: int) -> str:
        """In one line: what train said of it, or how it ended."""
        line = self.last_line()
        if line.startswith("ddsp-rt: "):
            return line.removeprefix("ddsp-rt: ")
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        return f"{how}; its log ends in: {line}"

    def __call__(self) -> int:
        """Run it here to its end: the exit code. Called by submitit."""
        cpus = os.environ.get("SLURM_CPUS_PER_TASK") or os.environ.get("SLURM_CPUS_ON_NODE")
        if cpus and "OMP_NUM_THREADS" not in os.environ:  # not every SLURM keeps a job from others' processors
            self.environment = {"OMP_NUM_THREADS": cpus}
        # SLURM may tell what belongs to a job, and has to be ended with it, by its session.
        self.child = self.start(own_session=os.environ.get("SUBMITIT_EXECUTOR") != "slurm")
        try:
            while (code := self.child.poll()) is None:
                time.sleep(0.2)
        except BaseException:
            self.stop()
            raise
        return code

    def stop(self) -> None:
        """Ask the process to end with what was learnt, and wait for that."""
        child = self.child
        if child is None:
            return
        child.terminate()
        until = time.monotonic() + PATIENCE
        while child.poll() is None and time.monotonic() < until:
            time.sleep(0.1)

    def checkpoint(self, *_: Any) -> Any:
        """The machine will be taken away: keep what was learnt and be queued again. Called by submitit."""
        import submitit

        self.stop()
        return submitit.helpers.DelayedSubmission(replace(self, force=False, child=None))

    @property
    def _stamp_file(self) -> Path:
        return RunFolder(self.output).path / "train-all.json"

    def stamp(self) -> dict[str, Any]:
        """What it is made with: when that is the same, so is it."""
        base = None if self.base is None or not self.base.exists() else content_hash(self.base)
        return {"words": self.words, "recordings": self.recordings, "base": base}


def _ignore_warnings_of_the_cluster() -> None:
    """The signal that a machine will be taken away reaches every process; this job passes it on in its own way."""
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
