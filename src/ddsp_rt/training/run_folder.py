"""The folder of a training run: what lies in it, who may write there, and what must not be replaced unasked."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.file_lock import lock_file
from ddsp_rt.whole_files import PREFIX, SUFFIX

_claimed: set[Path] = set()  # by this process, which the system's lock does not keep from itself
_claiming = threading.Lock()


class RunFolder:
    """`violin.training/` beside `violin.ddsp`: checkpoint, log, lock, and the data set when recordings were given."""

    def __init__(self, output: Path):
        self.output = output
        self.path = output.with_suffix(".training")
        self.checkpoint = self.path / "last.ckpt"
        self.data = self.path / "data.safetensors"
        self.log = self.path / "log"
        self.finished = self.path / "finished"  # there when the run came to its own end

    def check(self, resume: bool, force: bool) -> None:
        """Raises UserError when there is nothing to resume, or something that nobody asked to replace."""
        if resume and not self.checkpoint.exists():
            raise DataError(f"{self.checkpoint}: no checkpoint to resume from; train without --resume")
        if resume or force:
            return
        if self.checkpoint.exists():
            raise UsageError(
                f"{self.output}: a run with this output exists; --resume goes on with it, --force replaces it, "
                "and -o with another name leaves it alone"
            )
        if self.output.exists():
            raise UsageError(
                f"{self.output}: exists already; --force replaces it, and -o with another name leaves it alone"
            )

    def make(self) -> None:
        """Make the folder where it is missing."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{self.path}: cannot be made: {error.strerror}") from None

    def clear(self) -> None:
        """Remove the run that is replaced, and what a killed one left half-written."""
        self.checkpoint.unlink(missing_ok=True)
        for other in self.path.glob("network-*.ckpt"):
            other.unlink(missing_ok=True)
        shutil.rmtree(self.log, ignore_errors=True)
        for rest in self.path.glob(f"{PREFIX}*{SUFFIX}"):
            rest.unlink(missing_ok=True)

    def remove_empty(self) -> None:
        """Remove the folder where nothing was kept in it: a run that was refused leaves no trace."""
        if all(path.name == "lock" for path in self.path.iterdir()):
            shutil.rmtree(self.path, ignore_errors=True)

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Keep other runs out; the system ends the claim with the process, however that ends.

        Raises UsageError when another run has it.
        """
        own = self.path.resolve()
        with _claiming:
            if own in _claimed:
                raise UsageError(f"{self.output}: another run in this process trains it")
            _claimed.add(own)
        try:
            with open(self.path / "lock", "a+", encoding="utf-8") as file:
                if lock_file(file.fileno(), alone=True) is False:
                    file.seek(0)
                    who = file.read().strip() or "unknown"
                    raise UsageError(
                        f"{self.output}: another run trains it (process {who}); wait for its end, or "
                        "give -o another name"
                    )
                file.truncate(0)
                file.write(f"{os.getpid()}\n")
                file.flush()
                yield
        except OSError as error:
            if error.filename != str(self.path / "lock"):
                raise
            raise DataError(f"{error.filename}: {error.strerror}") from None
        finally:
            with _claiming:
                _claimed.discard(own)
