"""The jobs of a rack one after the other or several at once, each after the one it starts from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ddsp_rt.errors import UserError
from ddsp_rt.training.rack.job import Job
from ddsp_rt.training.rack.places import Running, wait_for

EVERY = 30.0  # seconds between two lines on a job
POLL = 0.1  # seconds

DONE, SKIPPED, FAILED, NOT_BEGUN = "done", "done before", "failed", "not begun"


class Place(Protocol):
    """Where jobs run."""

    at_once: int

    def start(self, job: Job) -> Running: ...


@dataclass
class Outcome:
    """How a job ended, and why where it went wrong."""

    state: str
    why: str = ""

    @property
    def is_there(self) -> bool:
        return self.state in (DONE, SKIPPED)


@dataclass
class _Working:
    job: Job
    running: Running
    since: float
    told: float
    line: str = ""


def run(jobs: list[Job], bases: dict[str, str | None], place: Place, tell: Callable[[str], None]) -> dict[str, Outcome]:
    """All jobs, in an order in which what one starts from comes first; `bases` names that.

    `tell` hears a line when a job begins and ends, and now and then what its log ends in. KeyboardInterrupt is passed
    on when every job has ended with what it had learnt; a second one ends them at once.
    """
    outcomes: dict[str, Outcome] = {}
    waiting, working = list(jobs), list[_Working]()
    try:
        while waiting or working:
            for job in list(waiting):
                base = bases[job.name]
                if base in outcomes and not outcomes[base].is_there:
                    outcomes[job.name] = Outcome(NOT_BEGUN, f"{base}, which it starts from, is not there")
                    tell(f"{job.name}: not begun: {outcomes[job.name].why}")
                elif base is not None and base not in outcomes:
                    continue
                elif job.is_done():
                    outcomes[job.name] = Outcome(SKIPPED)
                    tell(f"{job.name}: done before")
                elif len(working) < place.at_once:
                    now = time.monotonic()
                    try:
                        working.append(_Working(job, running := place.start(job), now, now, job.last_line()))
                        tell(f"{job.name}: {running.begun}, its log is {job.log}")
                    except (UserError, OSError) as error:  # the others go on
                        outcomes[job.name] = Outcome(FAILED, str(error))
                        tell(f"{job.name}: failed: {error}")
                else:
                    continue
                waiting.remove(job)
            time.sleep(POLL)
            for one in list(working):
                code = one.running.poll()
                if code is None:
                    _tell_now_and_then(one, tell)
                    continue
                working.remove(one)
                outcomes[one.job.name] = _ended(one, code)
                minutes = (time.monotonic() - one.since) / 60
                state, why = outcomes[one.job.name].state, outcomes[one.job.name].why
                tell(f"{one.job.name}: {state} after {minutes:.1f} min{why and ': '}{why}")
    except KeyboardInterrupt:
        _stop([one.running for one in working], tell)
        raise
    return outcomes


def _ended(one: _Working, code: int) -> Outcome:
    if code == 0 and one.job.finished():
        return Outcome(DONE)
    if code == 0:
        return Outcome(FAILED, "it was stopped; the same command goes on with it")
    return Outcome(FAILED, one.running.why or one.job.why_it_failed(code))


def _tell_now_and_then(one: _Working, tell: Callable[[str], None]) -> None:
    if time.monotonic() - one.told < EVERY:
        return
    one.told = time.monotonic()
    if (line := one.job.last_line()) != one.line:
        one.line = line
        tell(f"{one.job.name}: {line}")


def _stop(running: list[Running], tell: Callable[[str], None]) -> None:
    if not running:
        return
    tell("stopping: each keeps what it has learnt (once more to end them at once)")
    try:
        for job in running:
            job.stop()
        wait_for(running, math.inf)
    except KeyboardInterrupt:
        for job in running:
            job.kill()
