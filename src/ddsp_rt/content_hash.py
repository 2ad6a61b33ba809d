"""Files told apart by what is in them."""

from __future__ import annotations

import hashlib
import os

from ddsp_rt.errors import DataError

BLOCK = 1 << 20  # bytes


def content_hash(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, hexadecimal. Raises DataError when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError as error:
        raise DataError(f"{os.fspath(path)}: {error.strerror or error}") from None
    return digest.hexdigest()
