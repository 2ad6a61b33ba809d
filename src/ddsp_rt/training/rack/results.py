"""What has become of a rack: one table, or JSON."""

from __future__ import annotations

from typing import Any

from ddsp_rt import console
from ddsp_rt.errors import UserError
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.training.rack.job import Job
from ddsp_rt.training.rack.schedule import Outcome

COLUMNS = {  # key: heading, how a figure is shown
    "minutes_of_data": ("data,\nmin", "{:.1f}"),
    "steps": ("steps", "{}"),
    "held_out_loss": ("loss", "{:.3f}"),
    "loudness_l1_db": ("off,\ndB", "{:.2f}"),
    "loudness_slope": ("dB/dB", "{:.2f}"),
    "onset_ms": ("onset\nms", "{:.1f}"),
    "megabytes": ("MB", "{:.2f}"),
}


def results(jobs: list[Job], outcomes: dict[str, Outcome]) -> list[dict[str, Any]]:
    """An object for each instrument: name, state, what went wrong, and, where it is there, the figures in its file."""
    return [_result(job, outcomes[job.name]) for job in jobs]


def _result(job: Job, outcome: Outcome) -> dict[str, Any]:
    result: dict[str, Any] = {"name": job.name, "state": outcome.state, "path": str(job.output)}
    if outcome.why:
        result["why"] = outcome.why
    if not outcome.is_there:
        return result
    try:
        metadata, _ = load_instrument(job.output)
    except UserError as error:
        return result | {"why": str(error)}
    training, scores = metadata["training"], metadata.get("scores", {})
    figures = {
        "minutes_of_data": training["seconds_of_data"] / 60,
        "steps": training["steps"],
        "held_out_loss": training.get("held_out_loss"),
        "loudness_l1_db": scores.get("held_out_loudness_l1_db"),
        "loudness_slope": scores.get("loudness_slope"),
        "onset_ms": scores.get("onset_ms"),
        "megabytes": job.output.stat().st_size / 1e6,
    }
    return result | {key: value for key, value in figures.items() if value is not None}


def show(found: list[dict[str, Any]]) -> None:
    """The table, on standard output."""
    table = console.table()
    for heading in ("instrument", "state"):
        table.add_column(heading, no_wrap=True)
    for heading, _ in COLUMNS.values():
        table.add_column(heading, justify="right")
    for result in found:
        figures = [form.format(result[key]) if key in result else "" for key, (_, form) in COLUMNS.items()]
        table.add_row(*map(console.cell, [result["name"], result["state"], *figures]))
    console.tables().print(table)
