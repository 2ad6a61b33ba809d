"""A rack's jobs on a cluster, through submitit: SLURM's queue, or processes here that stand for one."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.training.rack.job import Job
from ddsp_rt.training.run_folder import RunFolder
from ddsp_rt.whole_files import write_whole

KILLED = 128 + 9  # exit code of what a cluster ended
WEEK = 7 * 24 * 60  # minutes
REQUEUED = "slurm_max_num_timeout"  # how often at most, which submitit takes when it makes an executor
EVERY = 1.0  # seconds between two looks for a result
ASKED = 10.0  # seconds between two questions to the queue
LATE = 20.0  # seconds by which a shared disk may show a result later than the queue shows the end
GONE = "GONE"  # of what the queue knows no more
OVER = (*"BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PREEMPTED TIMEOUT".split(), GONE)


class Cluster:
    """submitit's executor: SLURM's, or with cluster=local its own. `parameters` are its own, such as timeout_min.

    Raises UsageError for a parameter that it does not know, DataError where submitit is missing.
    """

    def __init__(self, folder: Path, at_once: int, parameters: Mapping[str, Any]):
        try:
            import submitit
        except ImportError:
            raise DataError(
                "--submitit needs submitit, which is not installed: pip install 'ddsp-rt[cluster]'"
            ) from None
        self.at_once = at_once
        parameters = dict(parameters)
        cluster = parameters.pop("cluster", None)
        of_the_executor = {REQUEUED: parameters.pop(REQUEUED)} if REQUEUED in parameters else {}
        if not all(isinstance(value, int) for value in of_the_executor.values()):
            raise UsageError(f"--submitit {REQUEUED}: give a number")
        try:
            self._executor = submitit.AutoExecutor(folder, cluster=cluster, **of_the_executor)
            self._queue = _Queue() if self._executor.cluster == "slurm" else None
            self._executor.update_parameters(**_completed(parameters, self._queue is not None))
        except (AssertionError, NameError, RuntimeError, TypeError, ValueError) as error:  # it has no class of its own
            raise UsageError(f"--submitit: {str(error).splitlines()[0]}") from None

    def start(self, job: Job) -> _Submitted:
        """Hand it in, or where an earlier `train-all` did and is gone, wait for what it handed in.

        Raises DataError with what the cluster says where it is not taken, and where that earlier one is not the same.
        """
        import submitit

        if self._queue is not None and (earlier := self._earlier(job, self._queue)):
            return earlier
        self._executor.update_parameters(name=f"ddsp-rt-{job.name}")
        try:
            submitted = self._executor.submit(job)
        except (submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError) as error:
            said = str(error).strip().splitlines()[0].removeprefix("sbatch: error: ")
            raise DataError(f"the cluster does not take it: {said}") from None
        if self._queue is not None:
            self._queue.forget()
            note = {"job": submitted.job_id, "tasks": submitted.num_tasks, "makes": job.stamp()}
            RunFolder(job.output).make()
            write_whole(_note_of(job), json.dumps(note).encode())
        return _Submitted(submitted, self._queue, f"handed in as job {submitted.job_id}")

    def _earlier(self, job: Job, queue: _Queue) -> _Submitted | None:
        import submitit

        try:
            note = json.loads(_note_of(job).read_bytes())
        except (OSError, ValueError):
            return None
        number = note["job"]
        if queue.state(number) in OVER:
            return None
        if job.force or note["makes"] != job.stamp():
            raise DataError(f"job {number} still makes it otherwise: wait for that, or end it (scancel {number})")
        submitted = submitit.SlurmJob(self._executor.folder, number, range(note["tasks"]))
        return _Submitted(submitted, queue, f"still at work as job {number}")


def _note_of(job: Job) -> Path:
    return RunFolder(job.output).path / "cluster.json"


def _completed(parameters: dict[str, Any], slurm: bool) -> dict[str, Any]:
    """With what has to be said to submitit and goes without saying.

    Raises UsageError where no time is given: submitit asks for five minutes, and no training is over by then.
    """
    if not slurm:
        return {"timeout_min": WEEK} | parameters
    if not {"timeout_min", "slurm_timeout_min", "slurm_time"} & set(parameters):
        raise UsageError("--submitit: give timeout_min=MINUTES too, how long a job may take, such as timeout_min=240")
    cpus = parameters.get("slurm_cpus_per_task", parameters.get("cpus_per_task"))
    if cpus is None:
        return parameters
    return {"slurm_srun_args": [f"--cpus-per-task={cpus}"]} | parameters  # from SLURM 22.05 on srun gives one otherwise


class _Queue:
    """The states of one's own jobs as SLURM's queue shows them, asked for all at once.

    `squeue` knows those that ended a while ago too, and unlike `sacct`, which submitit asks, needs no data base.
    """

    def __init__(self) -> None:
        self._states: dict[str, str] | None = None
        self._until = float("-inf")

    def forget(self) -> None:
        """What is known is older than a job that was handed in."""
        self._until = float("-inf")

    def state(self, number: str) -> str | None:
        """Of a job, such as PENDING; `GONE` where the queue does not know it; None while the queue does not answer."""
        if time.monotonic() > self._until:
            command = ["squeue", "--me", "--states=all", "--noheader", "--format=%A %T"]
            asked = subprocess.run(command, capture_output=True, text=True, check=False)
            answers = asked.returncode == 0  # not while its controller is being restarted, say
            self._states = dict(line.split() for line in asked.stdout.splitlines()) if answers else None
            self._until = time.monotonic() + ASKED
        return None if self._states is None else self._states.get(number, GONE)


class _Submitted:
    """A job that was handed in."""

    def __init__(self, job: Any, queue: _Queue | None, begun: str):
        self.job = job
        self.begun, self.why = begun, ""
        self._queue = queue
        self._next = float("-inf")
        self._stopping = False
        self._ended_at: float | None = None

    def poll(self) -> int | None:
        if time.monotonic() < self._next:
            return None
        self._next = time.monotonic() + EVERY
        if self._queue is None:
            return self._code() if self.job.done() else None
        if all(self.job.task(number).paths.result_pickle.exists() for number in range(self.job.num_tasks)):
            return self._code()
        state = self._queue.state(self.job.job_id)
        if self._stopping and state == "PENDING":  # its time was up just then, and it was queued again
            self._scancel("--state=PENDING")
        if state not in OVER:
            self._ended_at = None
            return None
        self._ended_at = self._ended_at or time.monotonic()
        if time.monotonic() < self._ended_at + LATE:
            return None
        self.why = f"job {self.job.job_id} ended on the cluster ({state.lower()}); the same command goes on with it"
        return KILLED

    def _code(self) -> int:
        import submitit

        error = self.job.exception()
        if error is None:
            return max(map(int, self.job.results()))
        lines = str(error).splitlines()
        if isinstance(error, submitit.core.utils.FailedJobError):  # between dashed lines stands a traceback
            lines = lines[: max(at for at, line in enumerate(lines) if line.startswith("-----"))][-1:]
        self.why = f"job {self.job.job_id} ended on the cluster: {lines[0]}; {self.job.paths.stderr} may tell more"
        return KILLED

    def stop(self) -> None:
        if self._queue is None:
            self.job.cancel(check=False)
        else:
            self._stopping = True
            # What waits has learnt nothing; SIGTERM alone leaves the others as long as they need
            self._scancel("--state=PENDING")
            self._scancel("--signal=TERM")

    def kill(self) -> None:
        if self._queue is None:
            self.job.cancel(check=False)
        else:
            self._scancel()

    def _scancel(self, *options: str) -> None:
        subprocess.run(["scancel", *options, self.job.job_id], capture_output=True, check=False)
