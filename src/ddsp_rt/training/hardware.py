"""Which process this is among those that train together, and what the machine should know about training."""

from __future__ import annotations

import ctypes
import os
import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # of glibc's mallopt
LARGEST_KEPT = 1 << 30  # bytes


def keep_memory() -> None:
    """Let the C library keep large blocks it was given back.

    Every step asks for the same hundreds of megabytes; by default they are returned to the system each time, and a
    sixth of a step on a CPU goes into getting them back zeroed, page by page.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # another C library
        return
    mallopt(MMAP_THRESHOLD, LARGEST_KEPT)
    mallopt(TRIM_THRESHOLD, (1 << 31) - 1)


def process_number() -> int:
    """The number of this process among those that train together, as Lightning, torchrun and SLURM say it."""
    for name in ("RANK", "SLURM_PROCID", "LOCAL_RANK"):
        if os.environ.get(name, "").isdigit() and (name != "SLURM_PROCID" or "SLURM_NTASKS" in os.environ):
            return int(os.environ[name])
    return 0
