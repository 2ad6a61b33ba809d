"""The sound card: opened through PortAudio, whose thread calls the engine and never Python."""

from __future__ import annotations

import atexit
import time
from typing import Any

from ddsp_rt import _engine
from ddsp_rt.errors import DataError
from ddsp_rt.live.devices import Devices

FIRST_BLOCK = 5.0  # seconds in which the first block must come
GONE = 1.5  # seconds without a block after which the device counts as gone
INVALID_RATE, UNAVAILABLE = -9997, -9985  # of PortAudio

_given_up: list[SoundCard] = []  # what their devices may still call must stay


class SoundCard:
    """A stream that plays a session, as a context manager. `check` says when the device is gone."""

    def __init__(self, session: _engine.Session, devices: Devices, rate: int, block: int, inputs: int, outputs: int):
        self.session, self.devices, self.rate = session, devices, rate
        self._channels = (inputs, outputs)
        # JACK's blocks are the server's; any other size costs a block more of delay.
        self._stream = self._opened(0 if devices.output.is_jack else block)
        self._wait_for_sound()
        if devices.output.is_jack and block and session.status()["block"] != block:
            self._stream.close()
            self._stream = self._opened(block)
            self._wait_for_sound()

    def __enter__(self) -> SoundCard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check(self) -> None:
        """DataError where no block has come for a while."""
        frames, now = self.session.frames(), time.monotonic()
        if frames != self._frames:
            self._frames, self._moved = frames, now
        elif now - self._moved > GONE:
            self._give_up()
            raise DataError(f"{self.devices.output.name}: the sound device is gone")

    def close(self) -> None:
        """End the stream, unless its device is gone."""
        if self not in _given_up:
            self._stream.close()

    def _give_up(self) -> None:
        """Leave the stream to the system: of a device that is gone PortAudio waits for ever, or ends the process."""
        import sounddevice

        atexit.unregister(sounddevice._exit_handler)
        _given_up.append(self)

    def _wait_for_sound(self) -> None:
        begun, before = time.monotonic(), self.session.frames()
        while self.session.frames() == before:
            if time.monotonic() - begun > FIRST_BLOCK:
                self._give_up()
                raise DataError(f"{self.devices.output.name}: opened, but no sound comes from it")
            time.sleep(0.01)
        self._frames, self._moved = self.session.frames(), time.monotonic()

    def _opened(self, block: int) -> Any:
        import sounddevice

        source, output = self.devices
        inputs, outputs = self._channels
        callback, user = self.session.callback()
        settings: dict[str, Any] = {
            "samplerate": self.rate,
            "blocksize": block,
            "dtype": "float32",
            "latency": "low",
            "clip_off": False,
            "callback": sounddevice._ffi.cast("void *", callback),
            "userdata": sounddevice._ffi.cast("void *", user),
        }
        try:
            if source is None:
                stream = sounddevice._StreamBase("output", device=output.number, channels=outputs, **settings)
            else:
                numbers, channels = (source.number, output.number), (inputs, outputs)
                stream = sounddevice._StreamBase("duplex", device=numbers, channels=channels, **settings)
            stream.start()
        except sounddevice.PortAudioError as error:
            raise DataError(self._reason(error)) from None
        return stream

    def _reason(self, error: Any) -> str:
        source, output = self.devices
        code = error.args[1] if len(error.args) > 1 else 0
        names = output.name if source is None or source == output else f"{source.name} and {output.name}"
        if code == INVALID_RATE:
            usual = " and ".join(dict.fromkeys(f"{device.rate} Hz" for device in self.devices if device is not None))
            return f"{names}: cannot run at {self.rate} Hz; usual there: {usual} (--sample-rate)"
        if code == UNAVAILABLE:
            return f"{names}: cannot be opened; another program may be using it"
        message = str(error.args[0]).split(" [")[0].rstrip(".")
        return f"{names}: cannot be opened: {message}"
