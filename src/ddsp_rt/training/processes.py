"""Work on several cores at once, in processes of its own where there is more than one."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


@contextlib.contextmanager
def side_by_side(
    function: Callable[[Job], Result], jobs: Sequence[Job], workers: int
) -> Iterator[Iterator[tuple[int, Callable[[], Result]]]]:
    """`function` of every job: gives the number of each and its result, to be called for, in the order of their ends.

    A single worker is this process. More are started at once, before any thread that the block starts: a fork copies
    the locks that other threads hold, and where such threads run already the processes are spawned instead. That takes
    0.4 s longer, and a script then needs a guard around its main part.
    """
    workers = min(workers, len(jobs))
    if workers <= 1:
        yield ((index, partial(function, job)) for index, job in enumerate(jobs))
        return
    forked = sys.platform.startswith("linux") and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if forked else "spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        numbers = {pool.submit(function, job): index for index, job in enumerate(jobs)}
        yield ((numbers[future], future.result) for future in as_completed(numbers))
