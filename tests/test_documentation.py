"""What the documentation shows works: its Python runs and has the types it claims, its commands and files exist."""

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ddsp_rt
from ddsp_rt.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*.md"))]


def fenced(page, language):
    """The blocks of a page in one language, where they begin, and what is in them."""
    pattern = rf"^```{language}\n(.*?)^```$"
    text = page.read_text()
    found = re.finditer(pattern, text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, match.start()) + 2, match.group(1)) for match in found]


PYTHON = [pytest.param(code, id=f"{page.name}:{line}") for page in PAGES for line, code in fenced(page, "python")]
WITH_COMMANDS = [*PAGES, *(ROOT / "instruments").glob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]


def shown(page):
    """What a page shows as typed: the lines of its blocks, and the words between backquotes."""
    text = page.read_text()
    for match in re.finditer(r"^( *)```\w*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
        yield from (line.split("  #")[0].strip() for line in match[2].replace("\\\n", " ").splitlines())
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from (" ".join(match.split()) for match in re.findall(r"`([^`]+)`", prose))


SHOWN = [line for page in WITH_COMMANDS for line in shown(page)]
COMMANDS = sorted(
    {match[1] for line in SHOWN if (match := re.match(r"(?:\w+=\S+ |srun )*(ddsp-rt [a-z].*)", line))}
    | {match[1] for line in SHOWN for match in re.finditer(r"\| (ddsp-rt [a-z].*)", line)}
)


@pytest.fixture
def voice(tmp_path, monkeypatch):
    """A folder with a voice.wav of two sung notes, an octave and more below the violin."""
    time = np.arange(48_000) / 24_000
    pitch = np.where(time < 1, 110.0, 123.5)
    phase = 2 * np.pi * np.cumsum(pitch) / 24_000
    sung = sum(np.sin(h * phase) / h for h in range(1, 9)) * 0.1 * np.minimum(1, 10 * time)
    ddsp_rt.write_audio(tmp_path / "voice.wav", sung, 24_000)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_is_python_in_the_readme():
    assert any(parameter.id.startswith("README.md") for parameter in PYTHON)


@pytest.mark.parametrize("code", PYTHON)
def test_python_in_the_documentation_runs(voice, code):
    names: dict = {}
    exec(compile(code, "documentation", "exec"), names)
    if "stream" in names:  # the live example plays the violin where a violin plays
        assert names["stream"].fitting.octave >= 1
    if "violin.wav" in code:
        played, rate = ddsp_rt.read_audio("violin.wav")
        features = ddsp_rt.analyse(played, rate)
        assert np.median(features.f0[features.voiced]) > 190  # its lowest string is tuned to 196 Hz


@pytest.mark.parametrize("version", ["3.10", "3.13"])
def test_python_in_the_documentation_has_its_types(tmp_path, version):
    pytest.importorskip("mypy")
    files = []
    for number, parameter in enumerate(PYTHON):
        files.append(tmp_path / f"example_{number}.py")
        files[-1].write_text(parameter.values[0])
    options = ["--strict", "--no-error-summary", "--python-version", version]
    command = [sys.executable, "-m", "mypy", *options, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_in_the_documentation_have_their_options(capsys, line):
    words = line.split()
    assert main([words[1], "--help"]) == 0
    helped = capsys.readouterr().out
    for option in re.findall(r"(?<=\s)--?[a-z][a-z-]*", line):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", helped), f"{option} is not an option of {words[1]}"


def test_options_in_the_documentation_belong_to_a_command(capsys):
    assert main(["--help"]) == 0
    names = re.findall(r"^  ([a-z-]+) {2,}", capsys.readouterr().out.split("Commands:")[1], re.MULTILINE)
    known = set()
    for name in names:
        assert main([name, "--help"]) == 0
        known |= set(re.findall(r"(?<!\S)(--?[a-z][a-z-]*)", capsys.readouterr().out))
    alone = {word for line in SHOWN if re.match(r"--[a-z]", line) for word in re.findall(r"--[a-z][a-z-]*", line)}
    assert alone and alone <= known, sorted(alone - known)


def test_targets_in_the_documentation_are_in_the_makefile():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for line in SHOWN if line.startswith("make ") for word in re.findall(r" ([a-z-]+)(?= |$)", line)}
    assert len(named) > 5 and named <= targets, sorted(named - targets)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_examples_in_docstrings_hold():
    for module in pkgutil.walk_packages(ddsp_rt.__path__, "ddsp_rt."):
        if module.name.endswith("__main__"):
            continue
        try:
            loaded = importlib.import_module(module.name)
        except ImportError:  # it needs an extra that is not installed
            continue
        failed, _ = doctest.testmod(loaded)
        assert failed == 0, module.name
