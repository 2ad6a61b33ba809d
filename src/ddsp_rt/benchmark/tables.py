"""The figures as tables on standard output."""

from __future__ import annotations

from rich.table import Table

from ddsp_rt import console
from ddsp_rt.benchmark.measures import BLOCKS, RATES


def show(result: dict) -> None:
    out = console.tables()
    out.print(console.cell(f"{result['instrument']} on {result['processor']}, one core, {result['kernels']} kernels"))
    out.print(
        f"analysis {result['analysis_speed']:.0f} and whole transfer {result['transfer_speed']:.0f} times real time "
        f"at 48 kHz: "
        f"about {result['instances_per_core']} instances a core; loads in {result['load_ms']:.0f} ms; "
        f"{result['first_instance_mb']:.1f} MB, {result['further_instance_mb']:.1f} MB for each further voice"
    )
    for kind, title in (("back_to_back", "back to back"), ("paced", "in real time")):
        if kind in result["live"]:
            out.print(blocks(result["blocks"], kind, title))
    if "paced" in result["live"]:
        live = result["live"]
        p, empty = live["paced"], live["paced"]["empty"]
        out.print(
            f"{live['block']} samples at {live['rate']} Hz in real time: mean {percent(p)} "
            f"(an empty callback: {percent(empty)})"
        )
    out.print(contents(result["content"]))
    if "latency" in result:
        out.print(delays(result["latency"]))


def percent(figures: dict) -> str:
    return f"{100 * figures['mean']:.1f} %, {100 * figures['p999']:.1f} %"


def blocks(rows: list[dict], kind: str, title: str) -> Table:
    table = Table(
        "block (samples)",
        *(f"{rate / 1000:g} kHz" for rate in RATES),
        title=f"block time / block duration, {title}: mean, 99.9th percentile",
    )
    by_size = {(row["rate"], row["block"]): row[kind] for row in rows}
    for block in BLOCKS:
        table.add_row(str(block), *(percent(by_size[rate, block]) for rate in RATES))
    return table


def contents(rows: dict) -> Table:
    table = Table(
        "input", "mean, 99.9th percentile", "mean / the tone's", title="what the input is, 64 samples, back to back"
    )
    for name, row in rows.items():
        table.add_row(name, percent(row), f"{row['to_tone']:.2f}")
    return table


def delays(rows: dict) -> Table:
    engine, instrument = rows["engine"], rows["instrument"]
    table = Table("ms", "the engine's own", "with the instrument", title="delay, reverb off, without host buffers")
    for label, key in (
        ("loudness lag", "loudness_lag_ms"),
        ("onset, median", "onset_ms"),
        ("onset, jitter", "onset_jitter_ms"),
    ):
        table.add_row(label, f"{engine[key]:.1f}", f"{instrument[key]:.1f}")
    for f0 in engine["pitch_lag_ms"]:
        table.add_row(f"pitch lag at {f0} Hz", *(f"{row['pitch_lag_ms'][f0]:.1f}" for row in (engine, instrument)))
    return table
