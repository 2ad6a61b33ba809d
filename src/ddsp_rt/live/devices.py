"""Sound devices as PortAudio lists them: chosen by number, by part of a name, or by being the usual ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ddsp_rt.errors import DataError, UsageError

# Systems through which one device may be reached, the quickest first; others come after them.
APIS = ("jack", "asio", "core audio", "wasapi", "wdm-ks", "alsa", "pulse", "oss", "directsound", "mme")
NONE = "no sound {kind} found: connect a sound card, or start JACK"


@dataclass(frozen=True)
class Device:
    """`rate`: its usual one, Hz. `usual_input`, `usual_output`: what its system takes where none is named."""

    number: int
    name: str
    api: str
    inputs: int
    outputs: int
    rate: int
    usual_input: bool = False
    usual_output: bool = False

    @property
    def is_jack(self) -> bool:
        return "jack" in self.api.lower()

    @property
    def speed(self) -> int:
        """The place of its system among those that reach a device, from 0 for the quickest."""
        return next((place for place, api in enumerate(APIS) if api in self.api.lower()), len(APIS))

    def channels(self, kind: str) -> int:
        return self.inputs if kind == "input" else self.outputs

    def usual(self, kind: str) -> bool:
        return self.usual_input if kind == "input" else self.usual_output


class Devices(NamedTuple):
    """What sound comes from (None: nothing is heard) and where it goes."""

    input: Device | None
    output: Device


def find_devices() -> list[Device]:
    """All devices of this machine.

    Raises:
        DataError: PortAudio is not there, or fails.
        ImportError: sounddevice is not installed.
    """
    try:
        import sounddevice
    except OSError:
        raise DataError("PortAudio is not installed: on Debian, apt-get install libportaudio2") from None
    try:
        apis: Any = sounddevice.query_hostapis()
        rows: Any = sounddevice.query_devices()
    except sounddevice.PortAudioError as error:
        raise DataError(f"the sound devices cannot be listed: {error}") from None
    return [
        Device(
            number,
            row["name"],
            (api := apis[row["hostapi"]])["name"],
            row["max_input_channels"],
            row["max_output_channels"],
            round(row["default_samplerate"]),
            api["default_input_device"] == number,
            api["default_output_device"] == number,
        )
        for number, row in enumerate(rows)
    ]


def choose(found: list[Device], wanted_input: str | None, wanted_output: str | None, hears: bool = True) -> Devices:
    """The devices meant by --input and --output, both of one system; without `hears` only an output is looked for.

    Raises:
        UsageError: a number or name that fits none or several, or devices of two systems.
        DataError: there is none at all.
    """
    output = None if wanted_output is None else _named(found, wanted_output, "output")
    if not hears:
        return Devices(None, output or _usual(found, "output"))
    source = None if wanted_input is None else _named(found, wanted_input, "input")
    if source is None:
        source = _usual(found, "input", output)
    if output is None:
        output = _usual(found, "output", source)
    if source.api != output.api:
        raise UsageError(
            f"{source.name} ({source.api}) and {output.name} ({output.api}) belong to two systems; choose an input and "
            "an output of one"
        )
    return Devices(source, output)


def _usual(found: list[Device], kind: str, beside: Device | None = None) -> Device:
    able = [device for device in found if device.channels(kind)]
    if beside is not None:
        if beside.channels(kind):
            same = [device for device in able if device.api == beside.api and device.usual(kind)]
            return same[0] if same else beside
        able = [device for device in able if device.api == beside.api]
    if not able:
        raise DataError(NONE.format(kind=kind))
    # PortAudio's first system is what the machine uses by itself, where it has devices at all.
    usual = [device for device in able if device.usual(kind)]
    return (usual or able)[0]


def _named(found: list[Device], wanted: str, kind: str) -> Device:
    able = [device for device in found if device.channels(kind)]
    if not able:
        raise DataError(NONE.format(kind=kind))
    if wanted.isdecimal():
        for device in able:
            if device.number == int(wanted):
                return device
        raise UsageError(f"--{kind} {wanted}: no {kind} has that number; there are {listed(able)}")
    exact = [device for device in able if device.name.lower() == wanted.lower()]
    fitting = exact or [device for device in able if wanted.lower() in f"{device.name}, {device.api}".lower()]
    if not fitting:
        raise UsageError(f"--{kind} {wanted}: no {kind} has that in its name; there are {listed(able)}")
    quickest = min(device.speed for device in fitting)
    fitting = [device for device in fitting if device.speed == quickest]
    if len(fitting) > 1:
        raise UsageError(f"--{kind} {wanted}: fits {listed(fitting)}; give one's number")
    return fitting[0]


def listed(devices: list[Device]) -> str:
    """Numbers and names in one line."""
    return ", ".join(f"{device.number} ({device.name}, {device.api})" for device in devices)
