"""What an installed package must do, far from the checkout: run by `make wheel-test` in an environment of its own."""

import json
import math
import os
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "ddsp_rt", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ddsp-rt {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def write_tune(path: str, rate: int = 44_100) -> None:
    """Two seconds of a sung kind of tone, by the standard library alone."""
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        samples = bytearray()
        for n in range(2 * rate):
            phase = 2 * math.pi * 330 * n / rate + 3 * math.sin(2 * math.pi * 5 * n / rate)
            value = sum(math.sin(h * phase) / h**1.5 for h in range(1, 8))
            samples += int(6000 * value).to_bytes(2, "little", signed=True)
        file.writeframes(bytes(samples))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        import ddsp_rt

        home = Path(ddsp_rt.__file__).resolve().parent
        assert CHECKOUT not in home.parents or "site-packages" in home.parts, f"imported from the checkout: {home}"
        command = Path(sys.executable).with_name("ddsp-rt")
        version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
        assert version == run("-V") == f"ddsp-rt {ddsp_rt.__version__}\n"
        listed = {entry["name"]: entry for entry in json.loads(run("instruments", "--json"))}
        assert home in Path(listed["violin"]["path"]).resolve().parents, listed
        write_tune("tune.wav")
        assert "tune-violin" in run("transfer", "tune.wav", "--to", "violin", "--figure", "fig.png")
        audio, rate = ddsp_rt.read_audio("tune-violin.wav")
        assert rate == 44_100 and len(audio) >= 2 * rate and abs(audio).max() > 0.01
        assert Path("fig.png").read_bytes().startswith(b"\x89PNG")
        assert json.loads(run("inspect", "tune.wav", "--json"))["files"]
        assert "licence" in run("info", "violin")
        assert "torch" not in sys.modules
        for name in ("transfer", "train", "evaluate", "prepare", "benchmark"):
            assert "Example" in run(name, "--help")
        os.chdir(CHECKOUT)
    print(f"ddsp-rt {ddsp_rt.__version__} works as installed in {home}")


if __name__ == "__main__":
    main()
