"""The command line itself: quick, helpful, and what `info` and `instruments` say."""

import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest
from typer.main import get_command
from typer.models import OptionInfo

import ddsp_rt
from ddsp_rt import cli
from ddsp_rt.instrument_file import load_instrument, save_instrument
from ddsp_rt.note_names import span
from ddsp_rt.training.data_file import FORMAT_VERSION, write_tensors


def run(capsys, *arguments):
    code = cli.main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_help_needs_neither_numpy_nor_torch_nor_matplotlib_nor_the_engine():
    script = (
        "import sys; from ddsp_rt.cli import main; code = main(['--help'])\n"
        "heavy = {'numpy', 'torch', 'lightning', 'matplotlib', 'soundfile', 'librosa', 'ddsp_rt._engine'}\n"
        "heavy &= set(sys.modules)\n"
        "assert code == 0 and not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "transfer" in done.stdout and "instruments" in done.stdout


def test_the_package_imports_no_torch():
    script = "import sys, ddsp_rt; ddsp_rt.load, ddsp_rt.analyse, ddsp_rt.Instrument; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_every_command_has_help_with_an_example(capsys):
    _, out, _ = run(capsys, "--help")
    commands = [
        line.split()[0] for line in out.split("Commands:")[1].splitlines() if line.startswith("  ") and line[2] != " "
    ]
    assert {"transfer", "info", "instruments"} <= set(commands)
    for command in commands:
        code, out, _ = run(capsys, command, "--help")
        assert code == 0 and f"ddsp-rt {command}" in out.split("xample", 1)[1], command


def test_help_is_written_for_musicians(capsys):
    """No types of Python's, no limits as mathematicians write them."""
    _, out, _ = run(capsys, "--help")
    for command in re.findall(r"^  ([a-z-]+) {2,}", out.split("Commands:")[1], re.MULTILINE):
        _, helped, _ = run(capsys, command, "--help")
        assert not re.search(r"<\w|x>=|<=x|[{}]", helped), helped
        assert helped.startswith(f"Usage: ddsp-rt {command} ") and max(map(len, helped.splitlines())) <= 80
    assert "..." not in out.split("Commands:")[1], "a line is cut short"


def test_without_arguments_the_help_is_shown(capsys):
    code, out, _ = run(capsys)
    assert code == 0 and "Commands:" in out


@pytest.mark.parametrize(
    ("arguments", "word"), [(["trnsfer"], "transfer"), (["transfer"], "INPUT"), (["info"], "INSTRUMENT")]
)
def test_bad_use_is_one_line_and_exit_two(capsys, arguments, word):
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == "" and err.count("\n") == 1 and word in err and "--help" in err


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [(["transfer", "x.wav", "--to", "v", "--sample-rate", "fast"], "whole number"),
     (["evaluate", "v", "x.wav", "--last", "long"], "number")],
)  # fmt: skip
def test_a_word_for_a_number_is_told_in_words(capsys, arguments, wanted):
    code, _, err = run(capsys, *arguments)
    assert code == 2 and err.count("\n") == 1 and arguments[-2] in err and "parse" not in err
    assert f"give a {wanted}" in err or "not a valid" in err  # older typers have words of their own


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [(["transfer", "x.wav", "--to", "v", "--channel", "0"], "give 1 or more"),
     (["train", "x", "-o", "x.ddsp", "--seed", "9999999999"], "give 2147483647 or less")],
)  # fmt: skip
def test_a_number_out_of_range_is_told_in_words(capsys, arguments, wanted):
    code, _, err = run(capsys, *arguments)
    assert code == 2 and err.count("\n") == 1 and arguments[-2] in err and "Input" not in err
    assert wanted in err or "not in the range" in err  # older typers have words of their own


def test_info_tells_range_and_licence(capsys, instrument_path):
    code, out, _ = run(capsys, "info", str(instrument_path))
    assert code == 0
    for words in ("tiny", "G3 to F#6", "16000 Hz", "30 harmonics", "0.4 s", "mss 9.5", "CC0-1.0", "made by a test"):
        assert words in out


def test_info_tells_attack_and_vibrato_with_their_units(capsys, instrument_path, tmp_path):
    metadata, tensors = load_instrument(instrument_path)
    notes = {"attack": 80.2, "vibrato_rate": 5.4, "vibrato_depth": 13.0, "vibrato_delay": 150.0}
    save_instrument(tmp_path / "x.ddsp", tensors, metadata | {"notes": notes})
    _, out, _ = run(capsys, "info", str(tmp_path / "x.ddsp"))
    (line,) = (line for line in out.splitlines() if line.startswith("notes "))
    assert "80 ms" in line and "5.4 Hz" in line and "13 cents" in line and "150 ms" in line


def test_info_as_json_is_the_metadata(capsys, instrument_path):
    code, out, _ = run(capsys, "info", str(instrument_path), "--json")
    data = json.loads(out)
    assert code == 0 and data["model_rate"] == 16_000 and data["path"] == str(instrument_path)


def test_instruments_lists_the_search_path_and_names_what_is_broken(capsys, instrument_path, monkeypatch, tmp_path):
    (tmp_path / "broken.ddsp").write_bytes(b"no")
    monkeypatch.setenv("DDSP_RT_PATH", f"{instrument_path.parent}:{tmp_path}")
    code, out, _ = run(capsys, "instruments")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0
    assert "G3 to F#6" in lines["tiny"] and str(instrument_path) in lines["tiny"]
    assert "cannot be played" in lines["broken"]


def test_the_longest_name_of_an_instrument_stands_apart_from_its_range(capsys, instrument_path, monkeypatch, tmp_path):
    for name in ("soprano-saxophone-of-mine", "tin"):
        (tmp_path / f"{name}.ddsp").write_bytes(instrument_path.read_bytes())
    monkeypatch.setenv("DDSP_RT_PATH", str(tmp_path))
    code, out, _ = run(capsys, "instruments")
    starts = {line.split()[0]: line.index("G3 to F#6") for line in out.splitlines() if "G3 to F#6" in line}
    assert code == 0 and starts["soprano-saxophone-of-mine"] == starts["tin"] == len("soprano-saxophone-of-mine") + 2


def test_output_cut_short_by_its_reader_is_no_error(instrument_path):
    script = f"{sys.executable} -m ddsp_rt.cli info {instrument_path} --json | head -c 1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.stdout == "{" and "Traceback" not in done.stderr


def test_a_missing_extra_is_named_in_one_line(tmp_path):
    """As where PyTorch is not installed: importing it fails."""
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('No module named torch', name='torch')")
    table = {"format_version": FORMAT_VERSION, "model_rate": 16_000, "recordings": []}
    write_tensors(tmp_path / "data.safetensors", table, {})
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from ddsp_rt.cli import main\n"
        f"sys.exit(main(['train', {str(tmp_path / 'data.safetensors')!r}, '-o', {str(tmp_path / 'x.ddsp')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "ddsp-rt[train]" in done.stderr


def options_of(command):
    """What the signature of a command declares: its options, by parameter."""
    for name, annotation in get_type_hints(command, include_extras=True).items():
        for declared in getattr(annotation, "__metadata__", ()):
            if isinstance(declared, OptionInfo):
                yield name, declared


def test_every_option_goes_by_its_name():
    """Some versions of typer lose an option whose name is left to them and whose metavar is that name in capitals."""
    here = {command.callback.__name__: command.callback for command in cli.app.registered_commands}
    elsewhere = {
        name: getattr(import_module(module), function) for name, (module, function, _) in cli.ELSEWHERE.items()
    }
    seen = 0
    for command, callback in (here | elsewhere).items():
        if command not in ("transfer", "info", "instruments", *elsewhere):
            continue  # a stub of one elsewhere
        known = cli._from_elsewhere(command) if command in elsewhere else get_command(cli.app).commands[command]
        spelt = {option for parameter in known.params for option in parameter.opts}
        for name, declared in options_of(callback):
            option = f"--{name.rstrip('_').replace('_', '-')}"
            # In an annotation typer keeps the first name where the default would be.
            words = [
                part for word in (declared.default, *(declared.param_decls or ())) for part in str(word).split("/")
            ]
            named = [word for word in words if word.startswith("-")]
            assert set(named or [option]) & spelt, f"{command} has lost {name}"
            if (declared.metavar or "").lower() == name.replace("_", "-"):
                assert named, f"{command}: name {option} in so many words"
            seen += 1
    assert seen > 40


def test_a_card_and_info_agree_on_the_range():
    root = Path(__file__).parents[1] / "instruments"
    for path in sorted(root.glob("*.ddsp")):
        pitch = ddsp_rt.load(path).metadata["quantiles"]["pitch_midi"]
        assert f"{span(pitch)} (98 %" in path.with_suffix(".md").read_text(), path.stem
