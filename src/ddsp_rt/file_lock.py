"""Locks on open files, which go with the process that holds them, however it ends."""

from __future__ import annotations

import sys


def lock_file(descriptor: int, *, wait: bool = False, alone: bool = False) -> bool | None:
    """Lock an open file; False when another process has it, None where the file system has no locks.

    Args:
        wait: until nobody else has it.
        alone: for this process, so that no child goes on holding it; the file must be open for writing. Otherwise the
            lock is the open file's, which keeps it from another opening of it in this process too.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            (fcntl.lockf if alone else fcntl.flock)(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return None
    return True
