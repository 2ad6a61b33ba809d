"""What a data set says of the phrases that its notes were joined into."""

from __future__ import annotations

from typing import Any

from ddsp_rt.console import counted
from ddsp_rt.training.data_file import PreparedData


def joined_in(data: PreparedData) -> dict[str, Any]:
    """{"notes", "phrases", "seconds"}: of how many recordings how many phrases were made, those held out included."""
    marked = sum("held_out" in table and "joined" not in table for table in data.recordings)
    seconds = [float(table["seconds"]) for table in data.recordings if "joined" in table]
    return {"notes": marked, "phrases": len(seconds), "seconds": round(sum(seconds), 1)}


def in_phrases(table: dict[str, Any]) -> str:
    """What `joined_in` found, in words."""
    notes, phrases = counted(table["notes"], "note"), counted(table["phrases"], "phrase")
    return f"{notes} joined into {phrases} of {table['seconds'] / 60:.1f} min"
