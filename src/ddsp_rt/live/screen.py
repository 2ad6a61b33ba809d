"""The terminal view: what a player reads from a metre away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ddsp_rt.analysis import VOICED
from ddsp_rt.note_names import midi_from_hz, note_name

GLYPHS = {
    "A": "▄▀▀▄ █▄▄█ █  █", "B": "█▀▀▄ █▀▀▄ █▄▄▀", "C": "▄▀▀▀ █    ▀▄▄▄", "D": "█▀▀▄ █  █ █▄▄▀", "E": "█▀▀▀ █▀▀  █▄▄▄",
    "F": "█▀▀▀ █▀▀  █   ", "G": "▄▀▀▀ █ ▀█ ▀▄▄▀", "#": "▄█▄█ ▄█▄█ ▀█ █", "0": "▄▀▀▄ █  █ ▀▄▄▀", "1": " ▄█   █  ▄▄█▄",
    "2": "▄▀▀▄  ▄▄▀ █▄▄▄", "3": "▀▀▀▄  ▀▀▄ ▄▄▄▀", "4": "█  █ ▀▀▀█    █", "5": "█▀▀▀ ▀▀▀▄ ▄▄▄▀", "6": "▄▀▀  █▀▀▄ ▀▄▄▀",
    "7": "▀▀▀█   █   █  ", "8": "▄▀▀▄ ▄▀▀▄ ▀▄▄▀", "9": "▄▀▀▄ ▀▄▄█  ▄▄▀", "+": "  ▄  ▀▀█▀   ▀ ", "-": "     ▀▀▀▀     ",
    " ": "              ", ".": "             ▄",
}  # fmt: skip
ROWS, COLUMNS = 3, 4  # of a glyph
FLOOR = -60.0  # dB at the left end of a level bar
SOFT, CLIPPING = -40.0, -1.0  # dBFS between which an input is well recorded
MARGIN = 2.0  # semitones around an instrument's range that it still plays well
UNSURE_DB = -60.0  # A-weighted dB above which something sounds


@dataclass
class Look:
    """What is shown besides what the engine tells."""

    instrument: str
    pitch: tuple[float, float]  # MIDI, of the instrument's range
    transpose: float  # semitones
    reverb: float
    from_keys: bool
    card: str  # what it plays through
    message: str = ""
    recorded: float | None = None  # seconds


def note_and_cents(f0: float) -> tuple[str, int]:
    """The nearest note of a frequency in Hz, and how far it is off."""
    midi = float(midi_from_hz(max(f0, 1.0)))
    return note_name(midi), round(100 * (midi - round(midi)))


def warning(status: dict[str, Any], look: Look) -> str:
    """In words what the player should change, or an empty text."""
    if not look.from_keys and status["input_db"] > CLIPPING:
        return "the input clips: turn it down"
    if status["outside"]:
        return f"too {'low' if status['outside'] < 0 else 'high'} to be followed"
    sounds = status["sounding"] > 0 if look.from_keys else status["loudness"] > UNSURE_DB
    if not sounds:
        return ""
    if status["periodicity"] < VOICED:
        return "unsure of the pitch"
    shift = 0.0 if look.from_keys else look.transpose + 12 * status["octave"]
    played = midi_from_hz(max(status["f0"], 1.0)) + shift
    if played < look.pitch[0] - MARGIN:
        return f"too low for the {look.instrument}: ↑ plays an octave higher"
    if played > look.pitch[1] + MARGIN:
        return f"too high for the {look.instrument}: ↓ plays an octave lower"
    if not look.from_keys and status["input_db"] < SOFT:
        return "the input is soft: come closer, or turn it up"
    return ""


def big(text: str) -> list[str]:
    """The text in letters three rows high."""
    rows = [""] * ROWS
    for letter in text:
        glyph = GLYPHS.get(letter, GLYPHS[" "])
        for row in range(ROWS):
            rows[row] += glyph[row * (COLUMNS + 1) :][:COLUMNS].ljust(COLUMNS) + " "
    return rows


def bar(db: float, width: int) -> str:
    """A level bar from FLOOR to full scale."""
    filled = max(0.0, min(1.0, 1 - db / FLOOR)) * width
    whole = int(filled)
    return ("█" * whole + ("▌" if filled - whole >= 0.5 else "")).ljust(width, "░")


def needle(cents: int, width: int) -> str:
    """A tuner's scale from -50 to +50 cents."""
    place = round((max(-50, min(50, cents)) + 50) / 100 * (width - 1))
    scale = ["─"] * width
    scale[width // 2] = "┼"
    scale[place] = "█"
    return "".join(scale)


def view(status: dict[str, Any], look: Look, width: int) -> Any:
    """The whole view, for rich."""
    from rich.text import Text

    width = max(40, min(width, 100))
    sounds = status["periodicity"] >= VOICED and (status["sounding"] if look.from_keys else status["loudness"] > -75)
    note, cents = note_and_cents(status["f0"]) if sounds else ("-", 0)
    text = Text(no_wrap=True, overflow="crop")
    state = "bypassed" if status["bypassed"] else "learning" if status["learning"] else ""
    loading = "" if status["settled"] else " ..."
    text.append(f" {look.instrument}{loading}".ljust(width - len(state) - 1), "bold")
    text.append(f"{state}\n\n", "bold reverse" if state else "")
    middle = big(f"{note:<3} {cents:+03d}") if sounds else big("-")
    for row in middle:
        text.append(f"  {row}\n", "bold green" if sounds and abs(cents) <= 10 else "bold")
    text.append(f"  {needle(cents, width - 4) if sounds else '─' * (width - 4)}\n\n", "bold")
    levels = (("out", "output_db"),) if look.from_keys else (("in", "input_db"), ("out", "output_db"))
    for name, key in levels:
        db = status[key]
        style = "bold red" if db > CLIPPING else "bold yellow" if name == "in" and db < SOFT else "bold green"
        line = bar(db, width - 20)
        for label, figure in ((name, f"{db:5.0f} dB"), ("", "")):  # two rows high
            text.append(f"  {label:<4}")
            text.append(line, style)
            text.append(f" {figure}\n", "bold")
    text.append(f"\n  loudness {status['loudness']:6.1f} dB   ")
    text.append(f"{warning(status, look)}\n", "bold yellow")
    dropouts = status["dropouts"] + status["late"]
    text.append(f"  headroom {100 * (1 - status['load']):3.0f} %, at worst {100 * (1 - status['worst']):3.0f} %   ")
    text.append(f"dropouts {status['dropouts']}, own {status['late']}\n", "bold red" if dropouts else "")
    text.append(f"  {delay_line(status, look.from_keys)}\n")
    octave = status["octave"] + round(look.transpose / 12)
    text.append(f"  octave {octave:+d}   reverb {look.reverb:.1f}   {look.card}\n", "dim")
    if look.recorded is not None:
        text.append(f"  ● recording {look.recorded:.0f} s\n", "bold red")
    text.append(f"  {look.message}\n" if look.message else "\n", "yellow")
    keys = "←→ instrument  ↑↓ octave  r R reverb  " + ("" if look.from_keys else "b bypass  l learn  ") + "q end"
    text.append(f"  {keys}", "dim")
    return text


def delay_line(status: dict[str, Any], from_keys: bool) -> str:
    """The delay from the input (or a key) to the output, and what it is made of."""
    card, frame = 1000 * status["delay"], 4.0
    return f"delay {card + frame:.1f} ms: sound card {card:.1f}, instrument {frame:.1f}"
