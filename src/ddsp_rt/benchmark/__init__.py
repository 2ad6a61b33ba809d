"""`ddsp-rt benchmark`: what this machine makes of the engine: speed, block times, memory, delays."""

from __future__ import annotations

from typing import Annotated

import typer

from ddsp_rt import arguments, console
from ddsp_rt.benchmark.measures import BLOCKS, RATES, measure

__all__ = ["BLOCKS", "RATES", "benchmark", "measure"]


def benchmark(
    instrument: arguments.To = "violin",
    seconds: Annotated[
        float,
        typer.Option(
            metavar="S", min=0.2, max=60.0, help="Seconds of audio per run, 0.2 to 60; the best of five runs counts."
        ),
    ] = 1.0,
    paced: Annotated[bool, typer.Option(help="Also measure blocks that arrive in real time (three minutes).")] = True,
    latency: Annotated[bool, typer.Option(help="Also measure the delays from input to output.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the measurements as JSON.")] = False,
) -> None:
    """Measure speed, steadiness, memory and delays on this machine, on one core.

    Close other programs first: what they do shows in the paced figures.

    Example: ddsp-rt benchmark --to violin
    """
    result = measure(instrument, seconds, paced, latency)
    if json:
        console.result(console.as_json(result, indent=1))
    else:
        from ddsp_rt.benchmark.tables import show

        show(result)
