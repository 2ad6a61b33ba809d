"""`ddsp-rt live`: opens everything, looks on and listens to the keys until it is ended."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from ddsp_rt import _engine, arguments, console
from ddsp_rt.checks import as_rate
from ddsp_rt.errors import UsageError, UserError
from ddsp_rt.instrument import Instrument, list_instruments, load

BLOCKS = (16, 4096)  # samples
LOOKS = 0.08  # seconds from one to the next
WORST_OF = 3.0  # seconds back that the worst block is told of
REVERB_STEP = 0.1
FARTHEST = 48  # semitones of transposition
MOST_CHANNELS = 64


def _show_devices(value: bool) -> None:
    if value:
        from ddsp_rt.live.devices import find_devices

        console.result(_table(find_devices()))
        raise typer.Exit()


def live(
    to: arguments.To,
    source: Annotated[
        str | None,
        typer.Option("--input", metavar="DEV", help="Sound device to hear, by number or part of its name."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", metavar="DEV", help="Sound device to play on, by number or part of its name."),
    ] = None,
    block: Annotated[
        int | None, typer.Option("--block", metavar="N", help="Samples at a time, 16 to 4096. [default: the device's]")
    ] = None,
    midi: Annotated[
        str | None,
        typer.Option(
            "--midi",
            metavar="PORT",
            help="Play from a MIDI port instead, by number or part of its name; virtual makes one to connect to.",
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            metavar="TAKE",
            parser=arguments.path,
            help="Keep input (left) and output (right) in this WAV, FLAC or AIFF file.",
        ),
    ] = None,
    sample_rate: Annotated[
        int | None, typer.Option("--sample-rate", metavar="HZ", help="8000 to 192000. [default: the device's]")
    ] = None,
    channel: Annotated[
        int, typer.Option("--channel", metavar="N", min=1, help="Channel of the input to hear, counted from 1.")
    ] = 1,
    reverb: arguments.Reverb = 1.0,
    devices: Annotated[
        bool,
        typer.Option("--devices", callback=_show_devices, is_eager=True, help="List sound devices and MIDI ports."),
    ] = False,
) -> None:
    """Play an instrument live: sing or play into the default input, hear it from the default output.

    It finds the octave in the first notes and goes on fitting octave and loudness. Keys: left and right change the
    instrument, up and down the octave, r and R the reverb, b passes the input through, l learns the fit anew, q ends.

    Example: ddsp-rt live --to violin --block 128 --record take.wav
    """
    from ddsp_rt.instrument import check_reverb
    from ddsp_rt.live.devices import choose, find_devices
    from ddsp_rt.live.sound_card import SoundCard
    from ddsp_rt.live.take import WAITING, Take, check_take

    reverb = check_reverb(reverb)
    if block is not None and not BLOCKS[0] <= block <= BLOCKS[1]:
        raise UsageError(f"--block {block}: give {BLOCKS[0]} to {BLOCKS[1]} samples")
    if record is not None:
        check_take(record)
    instrument = load(to)
    chosen = choose(find_devices(), source, output, hears=midi is None)
    rate = as_rate(sample_rate if sample_rate is not None else chosen.output.rate)
    inputs = 0 if chosen.input is None else channel
    if chosen.input is not None and channel > min(chosen.input.inputs, MOST_CHANNELS):
        raise UsageError(f"--channel {channel}: {chosen.input.name} has {chosen.input.inputs}")
    outputs = min(2, chosen.output.outputs)
    kept = round(WAITING * rate) if record is not None else 0
    session = _engine.Session(instrument.instruments, rate, inputs, max(channel - 1, 0) if inputs else 0, outputs, kept)
    session.set("reverb", reverb)
    session.set("morph", instrument.amount)
    player = _Player(session, instrument, rate, reverb, from_keys=midi is not None)
    with contextlib.ExitStack() as stack:
        port = None
        if midi is not None:
            from ddsp_rt.live.midi_ports import MidiPort

            port = MidiPort(midi, session.midi)
            stack.callback(port.close)
        take = None if record is None else stack.enter_context(Take(session, record, rate, 2 if inputs else 1))
        card = stack.enter_context(SoundCard(session, chosen, rate, block or 0, inputs, outputs))
        names = (
            chosen.output.name
            if chosen.input in (None, chosen.output)
            else f"{chosen.input.name} → {chosen.output.name}"
        )
        player.card = f"{names}, {rate} Hz, {session.status()['block']} samples"
        from_port = "" if port is None else f" from {port.name}"
        try:
            failure = _watch(player, card, port, take, f"{instrument.name}{from_port} on {player.card}")
        finally:
            card.close()
            if take is not None:
                take.finish()
                _say_of_take(take, 2 if inputs else 1, session)
        _sum_up(player)
        if failure is not None:
            raise failure


class _Player:
    """What the keys change, and what the view shows of it."""

    def __init__(self, session: _engine.Session, instrument: Instrument, rate: int, reverb: float, from_keys: bool):
        from ddsp_rt.live.screen import Look

        self.session, self.instrument, self.rate, self.card = session, instrument, rate, ""
        paths = list_instruments()
        listed = [place for place, path in enumerate(paths) if all(_same(path, file) for file in instrument.files)]
        self._shelf: list[Path | Instrument] = [*paths] if listed else [instrument, *paths]
        self._place = listed[0] if listed else 0
        self._bypassed = False
        self._worst: list[tuple[float, float]] = []
        self.load_sum, self.looks, self.worst = 0.0, 0, 0.0
        self.last: dict[str, Any] = {}
        self.look = Look(instrument.name, _pitch(instrument), 0.0, reverb, from_keys, "")

    def status(self) -> dict[str, Any]:
        """What the engine tells now, with the worst block of late."""
        status, now = self.session.status(), time.monotonic()
        self._worst = [(when, peak) for when, peak in self._worst if now - when < WORST_OF]
        self._worst.append((now, status["peak"]))
        status["worst"] = max(peak for _, peak in self._worst)
        if self.looks:  # the first look sees the opening, in which everything is cold
            self.worst = max(self.worst, status["peak"])
        self.load_sum += status["load"]
        self.looks += 1
        self.last = status
        return status

    def press(self, key: str) -> bool:
        """Do what a key asks; False when it ends the session."""
        look = self.look
        if key in ("q", "Q", "\x03", "\x04"):
            return False
        if key in ("left", "right", "[", "]"):
            self._change_instrument(1 if key in ("right", "]") else -1)
        elif key in ("up", "down", "+", "-"):
            step = 12 if key in ("up", "+") else -12
            look.transpose = max(-FARTHEST, min(FARTHEST, look.transpose + step))
            self.session.set("transpose", look.transpose)
        elif key in ("r", "R"):
            step = REVERB_STEP if key == "R" else -REVERB_STEP
            look.reverb = max(0.0, min(2.0, round(look.reverb + step, 1)))
            self.session.set("reverb", look.reverb)
        elif key in ("b", "B", " ") and not look.from_keys:
            self._bypassed = not self._bypassed
            self.session.bypass(self._bypassed)
        elif key in ("l", "L") and not look.from_keys:
            self.session.learn()
            look.message = "play for five seconds: learning octave and loudness"
        return True

    def _change_instrument(self, step: int) -> None:
        if len(self._shelf) == 1:
            self.look.message = "there is no other instrument"
            return
        self._place = (self._place + step) % len(self._shelf)
        chosen = self._shelf[self._place]
        try:
            self.instrument = chosen if isinstance(chosen, Instrument) else Instrument(chosen)
        except UserError as error:
            self.look.message = str(error)
            return
        self.session.swap(self.instrument.instruments)
        self.look.instrument, self.look.pitch = self.instrument.name, _pitch(self.instrument)
        self.look.message = ""


def _watch(player: _Player, card: Any, port: Any, take: Any, title: str) -> UserError | None:
    """Show what is played until a key, Ctrl-C or the loss of the device or the port ends it; returns that loss."""
    from ddsp_rt.live.keyboard import Keyboard
    from ddsp_rt.live.screen import delay_line

    player.look.card = player.card
    with contextlib.suppress(KeyboardInterrupt), Keyboard() as keyboard, _screen() as show:
        time.sleep(LOOKS)
        status = player.status()
        if show is None:
            console.say(f"{title}; {delay_line(status, player.look.from_keys)}; Ctrl-C ends")
        while True:
            try:
                card.check()
                if port is not None:
                    port.check()
                if take is not None:
                    if take.failure is not None:
                        return None  # `finish` tells of it
                    player.look.recorded = take.seconds
            except UserError as error:
                return error
            if show is not None:
                show(status, player.look)
            key = keyboard.wait(LOOKS)
            if key is not None and not player.press(key):
                return None
            status = player.status()
    return None


@contextlib.contextmanager
def _screen():
    """A function that shows the view, or None where nobody looks."""
    if not sys.stdout.isatty() or console.verbosity < console.NORMAL:
        yield None
        return
    from rich.console import Console
    from rich.live import Live

    from ddsp_rt.live.screen import view

    terminal = Console(file=sys.stdout, highlight=False, emoji=False)
    with Live(console=terminal, screen=True, auto_refresh=False) as screen:
        yield lambda status, look: screen.update(view(status, look, terminal.width), refresh=True)


def _say_of_take(take: Any, tracks: int, session: _engine.Session) -> None:
    what = "input left, output right" if tracks == 2 else "output"
    lost = session.status()["lost"]
    console.say(f"{console.as_text(take.path)}: {take.seconds:.1f} s, {what}")
    if lost:
        console.note(f"{console.as_text(take.path)}: {lost} samples are missing, the disk was too slow")
    if take.full:
        console.note(f"{console.as_text(take.path)}: full; the rest was not kept")


def _sum_up(player: _Player) -> None:
    status = player.last
    if not status:
        return
    seconds = status["frames"] / player.rate
    mean = player.load_sum / max(player.looks, 1)
    console.say(
        f"{seconds:.1f} s played, {status['dropouts']} dropouts, {status['late']} of our own; "
        f"block headroom {100 * (1 - mean):.0f} %, at worst {100 * (1 - player.worst):.0f} %"
    )


def _pitch(instrument: Instrument) -> tuple[float, float]:
    pitch = instrument.metadata["quantiles"]["pitch_midi"]
    return pitch[0], pitch[-1]


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _table(devices: list[Any]) -> str:
    from ddsp_rt.live.midi_ports import find_ports

    lines = ["Sound devices:" if devices else "Sound devices: none"]
    for device in devices:
        usual = [kind for kind in ("input", "output") if device.channels(kind) and device.usual(kind)]
        note = f"; its system's usual {' and '.join(usual)}" if usual else ""
        lines.append(
            f"{device.number:4}  {device.name} ({device.api}): {device.inputs} in, {device.outputs} out, "
            f"{device.rate} Hz{note}"
        )
    try:
        ports = find_ports()
    except ImportError:
        return "\n".join([*lines, "MIDI ports: python-rtmidi is not installed (pip install 'ddsp-rt[live]')"])
    lines.append("MIDI ports:" if ports else "MIDI ports: none")
    lines += [f"{number:4}  {name}" for number, name in enumerate(ports)]
    return "\n".join(lines)
