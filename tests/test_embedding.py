"""The installed engine in a program of someone else's: found, built without a warning by each compiler, and played."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "build" / "dev"
LARGEST_LIBRARY = 1_500_000  # bytes, stripped

if not list(BUILT.glob("engine/libddsp_rt.a")):
    pytest.skip("the engine is not built: make engine", allow_module_level=True)


def run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", BUILT, "--prefix", folder, "--component", "engine")
    return folder


def build_example(folder: Path, prefix: Path, *options: str) -> Path:
    run("cmake", "-S", ROOT / "examples" / "embed", "-B", folder, "-G", "Ninja", "-DDDSP_RT_WERROR=ON",
        f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_FIND_ROOT_PATH={prefix}", *options)  # fmt: skip
    run("cmake", "--build", folder)
    return folder


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_the_example_is_built_on_the_installed_engine_and_plays(prefix, tmp_path, compiler):
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    program = build_example(tmp_path / "build", prefix, f"-DCMAKE_CXX_COMPILER={compiler}") / "embed"
    instrument = ROOT / "tests" / "data" / "golden.ddsp"

    said = re.fullmatch(r"(\d+) samples, (\S+) dBFS rms, last heard (\S+) Hz at (\S+) dB\n", run(program, instrument))
    assert said and int(said[1]) == 96_000
    assert -80 < float(said[2]) < 0
    assert abs(float(said[3]) - 440) < 5  # the glide it makes up ends there
    assert -40 < float(said[4]) < 0

    given, played = tmp_path / "in.f32", tmp_path / "out.f32"
    time = np.arange(24_000) / 48_000
    (0.3 * np.sin(2 * np.pi * 330 * time)).astype("<f4").tofile(given)
    run(program, instrument, given, played)
    audio = np.fromfile(played, "<f4")
    assert audio.size == time.size
    assert np.isfinite(audio).all() and np.abs(audio[12_000:]).max() > 1e-4

    chord = tmp_path / "chord.f32"
    assert re.fullmatch(
        r"96000 samples, -\d+\.\d dBFS rms, \d voices still fade\n", run(program.with_name("notes"), instrument, chord)
    )
    audio = np.fromfile(chord, "<f4")
    assert np.isfinite(audio).all() and np.abs(audio[24_000:72_000]).max() > 1e-3
    assert np.abs(audio[-2400:]).max() < 0.1 * np.abs(audio).max()  # its keys are lifted by then

    wrong = subprocess.run([program, tmp_path / "none.ddsp"], capture_output=True, text=True)
    assert wrong.returncode == 1 and wrong.stderr.count("\n") == 1 and "no such file" in wrong.stderr


def test_another_version_is_not_taken_for_this_one(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.22)\nproject(x LANGUAGES CXX)\nfind_package(ddsp_rt 99 REQUIRED)\n"
    )
    done = subprocess.run(["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode != 0 and "99" in done.stderr


def test_the_library_is_small(prefix, tmp_path):
    (library,) = prefix.rglob("libddsp_rt.a")
    run("strip", "--strip-debug", "-o", tmp_path / "stripped.a", library)
    assert (tmp_path / "stripped.a").stat().st_size <= LARGEST_LIBRARY


def test_engine_and_example_are_built_for_windows(tmp_path):
    if not any(map(shutil.which, ("x86_64-w64-mingw32-g++-posix", "x86_64-w64-mingw32-g++"))):
        pytest.skip("mingw-w64 is not installed")
    toolchain = f"-DCMAKE_TOOLCHAIN_FILE={ROOT / 'cmake' / 'mingw-w64.cmake'}"
    built = ROOT / "build" / "windows"
    run("cmake", "-S", ROOT, "-B", built, "-G", "Ninja", "-DDDSP_RT_WERROR=ON", toolchain)
    run("cmake", "--build", built)
    run("cmake", "--install", built, "--prefix", tmp_path / "prefix", "--component", "engine")
    program = build_example(tmp_path / "build", tmp_path / "prefix", toolchain) / "embed.exe"
    assert program.read_bytes()[:2] == b"MZ"
