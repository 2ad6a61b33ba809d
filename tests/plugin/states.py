"""States as hosts built with JUCE keep them: ours is a text of JSON inside, in an encoding of JUCE's own."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from typing import Any

# The digits of JUCE's MemoryBlock::toBase64Encoding, six bits each, the lowest ones first.
DIGITS = b".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"
MARK = b"ddsp_rt_plugin"
XML = struct.pack("<I", 0x21324356)  # begins a state of VST3; the length of a text follows


def decoded(size: int, text: bytes) -> bytes:
    number = sum(DIGITS.index(digit) << 6 * place for place, digit in enumerate(text))
    return number.to_bytes(len(text) * 6 // 8 + 1, "little")[:size]


def encoded(data: bytes) -> bytes:
    number = int.from_bytes(data, "little")
    digits = (DIGITS[number >> 6 * place & 63] for place in range((8 * len(data) + 5) // 6))
    return str(len(data)).encode() + b"." + bytes(digits)


def document_in(state: bytes) -> tuple[re.Match[bytes], dict[str, Any], str]:
    """Where the plugin's own state lies in a host's, what it says, and what JUCE has put behind it."""
    for found in re.finditer(rb"(\d+)\.([A-Za-z0-9+.]{100,})", state):
        ours = decoded(int(found[1]), found[2])
        if MARK in ours:
            text = ours.decode("latin-1")
            document, end = json.JSONDecoder().raw_decode(text)
            return found, document, text[end:]
    raise AssertionError("there is no state of ours in the host's")


def edited(state: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A host's state in which `change` was done to the plugin's own."""
    found, document, behind = document_in(state)
    change(document)
    ours = encoded((json.dumps(document) + behind).encode("latin-1"))
    whole = state[: found.start()] + ours + state[found.end() :]
    if whole.startswith(XML):
        grown = len(whole) - len(state)
        whole = XML + struct.pack("<I", struct.unpack_from("<I", state, 4)[0] + grown) + whole[8:]
    return whole
