"""Names, consoles and machines as they are: nothing breaks a printed line, and no option means two things."""

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile

import ddsp_rt
from ddsp_rt import console, whole_files
from ddsp_rt.cli import main

RATE = 16_000


@pytest.fixture
def here(tmp_path, monkeypatch, tone):
    """An empty folder to stand in, with take.wav in it."""
    monkeypatch.chdir(tmp_path)
    soundfile.write("take.wav", tone(), RATE, subtype="FLOAT")
    return tmp_path


@pytest.fixture
def run(capfd):
    """Run the command: exit code, standard output, standard error."""

    def run(*arguments):
        code = main([os.fspath(argument) for argument in arguments])
        return code, *capfd.readouterr()

    return run


def process(*arguments, environment=None, **options):
    """Run the command as a process of its own, bytes in and out."""
    command = [sys.executable, "-m", "ddsp_rt", *arguments]
    return subprocess.run(
        command, capture_output="stdout" not in options, env={**os.environ, **(environment or {})}, **options
    )


# ---- names

ODD_NAMES = [
    b"caf\xe9.wav", "näive ☂.wav".encode(), b"take[red].wav", b"[bold] :smile:[].wav", b"-dash.wav", b"two\nlines.wav",
    b"\x1b[31mred.wav", b"a" * 251 + b".wav", "ü".encode() * 125 + b".wav", b"100%.wav", b"spaces  in it .wav",
]  # fmt: skip


# Runs one command line after the other, each in its folder. Exit code, standard output and error of the first come into
# the files 0.0, 0.1 and 0.2.
ONE_BY_ONE = """
import json, os, sys
from ddsp_rt.cli import main
home = os.getcwd()
for number, (folder, *arguments) in enumerate(json.loads(sys.argv[1])):
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        stream.flush()
        os.dup2(os.open(f"{home}/{number}.{descriptor}", os.O_CREAT | os.O_WRONLY), descriptor)
    os.chdir(bytes.fromhex(folder))
    code = main([os.fsdecode(bytes.fromhex(argument)) for argument in arguments])
    with open(f"{home}/{number}.0", "w") as file:
        file.write(str(code))
"""


def one_by_one(folder, encoding, *lines):
    """Runs lines of a folder and a command in one process, whose console has an encoding: [exit code, standard output,
    standard error] of each, bytes."""
    folder.mkdir()
    told = json.dumps([[os.fsencode(word).hex() for word in line] for line in lines])
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", ONE_BY_ONE, told], cwd=folder, env=environment, capture_output=True)
    assert done.returncode == 0 and not done.stdout, done.stderr
    return [[(folder / f"{number}.{stream}").read_bytes() for stream in range(3)] for number in range(len(lines))]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "ascii"])
def test_any_name_is_played_and_printed_on_any_console(here, instrument_path, tmp_path, encoding, tone):
    soundfile.write("take.wav", tone(seconds=0.2), RATE)
    places = {}
    for number, name in enumerate(ODD_NAMES):
        places[name] = here / f"place {number}"
        places[name].mkdir()
        os.link("take.wav", os.fsencode(places[name]) + b"/" + name)
    play = [(place, "transfer", b"./" + name, "--to", instrument_path) for name, place in places.items()]
    look = [(place, "inspect", "--json", b"./" + name) for name, place in places.items()]
    done = one_by_one(tmp_path / "done", encoding, *play, *look)
    for (name, place), (code, out, err), (_, told, _) in zip(places.items(), done, done[len(play) :]):
        assert code == b"0", err
        assert out.count(b"\n") == 1 and b"\x1b" not in out and b"Traceback" not in err
        (made,) = set(os.listdir(os.fsencode(place))) - {name}
        assert made.endswith(b"-tiny.wav") and len(made) <= 255
        if encoding == "utf-8" and made.isascii() and b"\n" not in made and b"\x1b" not in made:
            assert made in out
        assert os.fsencode(json.loads(told)["files"][0]["file"]) == name


def test_brackets_are_kept_in_tables(here, run):
    for name in ("take[red].wav", "[bold]x[].wav"):
        soundfile.write(name, soundfile.read("take.wav")[0], RATE)
    code, out, _ = run("inspect", here)
    assert code == 0
    flat = "".join(out.split())
    assert "take[red].wav" in flat and "[bold]x[].wav" in flat


def test_an_empty_name_is_refused_and_not_taken_for_the_folder(here, run, instrument_path):
    to = ("--to", instrument_path)
    for arguments in (
        ["transfer", "", *to], ["transfer", "take.wav", *to, "-o", ""], ["figure", "take.wav", *to, "-o", ""],
        ["inspect", ""], ["prepare", "", "-o", "x.safetensors"], ["prepare", "take.wav", "-o", ""],
        ["train", "take.wav", "-o", ""], ["transfer", "take.wav", "--to", ""], ["info", ""],
    ):  # fmt: skip
        code, out, err = run(*arguments)
        assert code == 2 and out == "" and err.count("\n") == 1, (arguments, err)
    assert os.listdir() == ["take.wav"]


def test_links_that_lead_in_a_circle_are_refused(here, run, instrument_path):
    os.symlink("b.wav", "a.wav")
    os.symlink("a.wav", "b.wav")
    code, _, err = run("transfer", "take.wav", "--to", instrument_path, "-o", "a.wav")
    assert code == 2 and "link" in err and os.readlink("a.wav") == "b.wav"
    code, _, err = run("transfer", "a.wav", "--to", instrument_path, "-o", "c.wav")
    assert code == 1 and err.count("\n") == 1 and "a.wav" in err


# ---- consoles


def test_tables_are_plain_letters_where_the_console_has_no_others(here):
    for encoding in ("ascii", "latin-1", "cp1252"):
        done = process("inspect", ".", "take.wav", environment={"PYTHONIOENCODING": encoding})
        assert done.returncode == 0 and not done.stderr, done.stderr
        assert max(done.stdout) < 0x80


@pytest.mark.parametrize("columns", [None, "60", "100", "160"])
def test_tables_fit_eighty_columns_or_the_columns_there_are(here, run, tone, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns or "")
    for name in ("a rather long name of a recording, as people give them.wav", "b.wav"):
        soundfile.write(name, tone(), RATE)
    table = run("inspect", ".")[1].split("\nb.wav: same file")[0].splitlines()
    assert any("─" in line for line in table)
    assert int(columns or 80) - 30 < max(map(len, table)) <= int(columns or 80)
    assert max(map(len, run("transfer", "--help")[1].splitlines())) <= max(int(columns or 80), 80)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_closed_stream_spoils_no_file(here, instrument_path, stream):
    number = {"stdout": 1, "stderr": 2}[stream]
    command = f'exec {sys.executable} -m ddsp_rt transfer take.wav --to "{instrument_path}" -o out.wav {number}>&-'
    done = subprocess.run(["bash", "-c", command], capture_output=True)
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert len(soundfile.read("out.wav")[0]) >= RATE


def test_a_full_standard_output_is_one_line(here, instrument_path):
    with open("/dev/full", "wb") as full:
        for arguments in (
            ["info", str(instrument_path)],
            ["info", str(instrument_path), "--json"],
            ["inspect", "take.wav"],
            ["--help"],
        ):
            done = process(*arguments, stdout=full, stderr=subprocess.PIPE)
            assert done.returncode == 1 and done.stderr.count(b"\n") == 1, (arguments, done.stderr)
            assert b"no space left" in done.stderr
        done = process("transfer", "nowhere.wav", "--to", str(instrument_path), stdout=full, stderr=full)
        assert done.returncode == 1


def test_an_operating_system_error_is_one_line(here, run, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "somewhere/x")

    monkeypatch.setattr(ddsp_rt, "load", refuse, raising=False)
    code, out, err = run("info", "violin")
    assert code == 1 and out == "" and err == "ddsp-rt: somewhere/x: permission denied\n"


def test_json_escapes_what_is_no_text(monkeypatch):
    text = console.as_json({"name": os.fsdecode(b"caf\xe9")})
    text.encode()  # any console takes it
    assert os.fsencode(json.loads(text)["name"]) == b"caf\xe9"
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert console.as_json({"a": "ü"}).isascii()


def test_progress_shows_names_as_they_are_on_a_terminal(here, instrument_path):
    """In a terminal of its own, so that the bar is drawn."""
    os.rename("take.wav", "take[red].wav")
    main_end, terminal = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "ddsp_rt",
        "transfer",
        "take[red].wav",
        "--to",
        str(instrument_path),
        "-o",
        "o.wav",
    ]
    with subprocess.Popen(command, stderr=terminal, stdout=subprocess.DEVNULL) as running:
        os.close(terminal)
        seen = b""
        while select.select([main_end], [], [], 20)[0]:
            try:
                seen += os.read(main_end, 4096)
            except OSError:
                break
    os.close(main_end)
    assert running.returncode == 0 and b"take[red].wav" in seen


# ---- the command line people expect


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_has_a_short_name_everywhere(run, flag):
    for command in ([], ["transfer"], ["info"], ["inspect"], ["prepare"], ["evaluate"], ["figure"], ["benchmark"]):
        code, out, err = run(*command, flag)
        assert code == 0 and "Usage: ddsp-rt" in out and "xample" in out and err == ""


def test_the_version_has_a_short_name_and_the_package_runs(run):
    assert run("-V") == run("--version") == (0, f"ddsp-rt {ddsp_rt.__version__}\n", "")
    done = process("-V")
    assert done.stdout.decode() == f"ddsp-rt {ddsp_rt.__version__}\n"


@pytest.mark.parametrize("place", ["before", "after"])
def test_quiet_says_nothing_and_verbose_more(here, run, instrument_path, place):
    def transfer(*flags):
        arguments = ["transfer", "take.wav", "--to", instrument_path, "-o", "out.wav"]
        return run(*flags, *arguments) if place == "before" else run(*arguments, *flags)

    code, out, err = transfer()
    assert code == 0 and out and err == ""
    assert transfer("-q") == (0, "", "")
    code, more, err = transfer("-v")
    assert code == 0 and more and str(instrument_path) in err
    code, out, err = run("-q", "transfer", "none.wav", "--to", instrument_path, "-o", "out.wav")
    assert code == 1 and out == "" and "none.wav" in err
    assert run("-q", "info", instrument_path)[1]  # what was asked for is no chatter


def test_one_rule_tells_a_file_from_a_folder(here, run, instrument_path, tone):
    def transfer(*arguments):
        return run("transfer", *arguments, "--to", instrument_path)

    assert transfer("take.wav", "-o", "one")[0] == 0
    assert os.listdir("one") == ["take-tiny.wav"]
    assert transfer("take.wav", "-o", "two/")[0] == 0
    assert os.listdir("two") == ["take-tiny.wav"]
    assert transfer("take.wav", "-o", "sub/three.flac")[0] == 0
    assert soundfile.info("sub/three.flac").format == "FLAC"
    code, _, err = transfer("take.wav", "-o", "four.take")
    assert code == 2 and ".wav" in err
    code, _, err = transfer("take.wav", "sub/three.flac", "-o", "five.wav")
    assert code == 2 and "folder" in err
    (here / "six").write_text("a file without an ending")
    code, _, err = transfer("take.wav", "-o", "six")
    assert code == 2 and "six" in err


def test_a_folder_as_input_keeps_its_own_folders(here, run, instrument_path, tone):
    for name in ("in/a.wav", "in/sub/a.wav"):
        os.makedirs(os.path.dirname(name), exist_ok=True)
        soundfile.write(name, tone(), RATE)
    assert run("transfer", "in", "--to", instrument_path, "-o", "out")[0] == 0
    assert os.path.isfile("out/a-tiny.wav") and os.path.isfile("out/sub/a-tiny.wav")
    assert run("transfer", "in", "--to", instrument_path, "-o", "in")[0] == 0
    code, out, err = run("transfer", "in", "--to", instrument_path, "-o", "in")  # once more: results are no inputs
    assert code == 0 and err.count("earlier transfer") == 2 and out.count("replacing") == 2
    assert sorted(os.listdir("in")) == ["a-tiny.wav", "a.wav", "sub"]


def test_overwriting_is_said(here, run, instrument_path):
    arguments = ("transfer", "take.wav", "--to", instrument_path, "-o", "out.wav")
    assert "replacing" not in run(*arguments)[1]
    assert "replacing the old file" in run(*arguments)[1]


def test_standard_input_and_output(here, instrument_path):
    data = (here / "take.wav").read_bytes()
    to = ["--to", str(instrument_path), "--bit-depth", "float"]
    assert process("transfer", "take.wav", *to, "-o", "file.wav").returncode == 0
    done = process("transfer", "-", *to, "-o", "-", input=data)
    assert done.returncode == 0 and b"standard output: 1.0 s" in done.stderr
    streamed, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    assert rate == RATE and np.array_equal(streamed, soundfile.read("file.wav", dtype="float32")[0])
    done = process("transfer", "-", *to, input=data)
    assert done.returncode == 0 and os.path.isfile("standard-input-tiny.wav")
    done = process("transfer", "-", *to, "-o", "-", input=b"")
    assert done.returncode == 1 and done.stdout == b"" and b"standard input: is empty" in done.stderr
    done = process("transfer", "-", *to, "-o", "-", input=b"words" * 100)
    assert done.returncode == 1 and done.stdout == b"" and done.stderr.count(b"\n") == 1


def test_instruments_as_json(run, instrument_path, tmp_path, monkeypatch):
    (tmp_path / "broken.ddsp").write_bytes(b"no")
    monkeypatch.setenv("DDSP_RT_PATH", f"{instrument_path.parent}:{tmp_path}")
    code, out, _ = run("instruments", "--json")
    entries = {entry["name"]: entry for entry in json.loads(out)}
    assert code == 0 and entries["tiny"]["model_rate"] == RATE and "error" in entries["broken"]


def test_a_shell_completes_commands_options_and_instruments(instrument_path):
    def completions(words):
        environment = {
            "_DDSP_RT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1),
            "DDSP_RT_PATH": str(instrument_path.parent),
        }  # fmt: skip
        script = "from ddsp_rt.cli import app; app(prog_name='ddsp-rt')"
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, **environment}
        )
        return done.stdout.split()

    assert "transfer" in completions("ddsp-rt tr")
    assert "--octave" in completions("ddsp-rt transfer --oct")
    assert "--hold-out" in completions("ddsp-rt prepare --ho")
    assert "tiny" in completions("ddsp-rt transfer x.wav --to t")


def test_a_terminated_run_leaves_nothing_half_made(here, instrument_path):
    from test_bad_input import long_performance

    long_performance(here / "long.wav", minutes=5)
    (here / "out.wav").write_bytes(b"the old file")
    command = [sys.executable, "-m", "ddsp_rt", "transfer", "long.wav", "--to", str(instrument_path), "-o", "out.wav"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        while not list(here.glob(".ddsp-rt-*.part")) and running.poll() is None:
            pass
        running.terminate()
        _, err = running.communicate()
    assert running.returncode == 143 and err.count(b"\n") == 1
    assert (here / "out.wav").read_bytes() == b"the old file"
    assert sorted(os.listdir()) == ["long.wav", "out.wav", "take.wav"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_what_a_killed_run_left_is_removed_by_the_next_and_what_another_writes_is_not(here, run, instrument_path):
    script = (
        "import sys; from ddsp_rt.whole_files import WholeFile; file = WholeFile('out.wav')\n"
        "print(flush=True); sys.stdin.read()"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in started:
        process.stdout.readline()
    killed, alive = started
    killed.kill()
    killed.communicate()
    left = list(here.glob(".ddsp-rt-*.part"))
    assert len(left) == 2
    for path in left:
        os.utime(path, (path.stat().st_atime - 60, path.stat().st_mtime - 60))
    whole_files._swept.clear()
    assert run("transfer", "take.wav", "--to", instrument_path, "-o", "out.wav")[0] == 0
    assert len(list(here.glob(".ddsp-rt-*.part"))) == 1
    alive.communicate(b"")  # it ends, and takes its own away
    assert sorted(os.listdir()) == ["out.wav", "take.wav"]


# ---- samples and files


@pytest.mark.parametrize("depth", ["16", "24"])
def test_the_command_and_python_write_the_same_bytes(here, run, instrument_path, tone, depth):
    """Also a file of several blocks, and one turned down to fit."""
    soundfile.write("long.wav", tone(44_100, 5.0, 330.0, 0.9), 44_100, subtype="FLOAT")
    for loudness in ("auto", "50"):
        assert (
            run(
                "transfer",
                "long.wav",
                "--to",
                instrument_path,
                "-o",
                "a.wav",
                "--bit-depth",
                depth,
                "--loudness",
                loudness,
            )[0]
            == 0
        )
        voice, rate = ddsp_rt.read_audio("long.wav")
        audio = ddsp_rt.load(instrument_path).transfer(voice, rate, loudness=loudness)
        ddsp_rt.write_audio("b.wav", audio, rate, depth)
        assert (here / "a.wav").read_bytes() == (here / "b.wav").read_bytes()


def test_dither_does_not_depend_on_how_the_samples_are_cut(here, tone):
    from ddsp_rt.audio import AudioWriter

    audio = tone(seconds=3)
    for name, cuts in (("a.wav", [48_000]), ("b.wav", [1, 64, 65_000]), ("c.wav", range(0, 48_000, 441))):
        with AudioWriter(name, RATE, "16") as writer:
            for part in np.split(audio, cuts):
                writer.write(part)
            writer.commit()
    assert (here / "a.wav").read_bytes() == (here / "b.wav").read_bytes() == (here / "c.wav").read_bytes()


@pytest.mark.parametrize(
    ("name", "value"), [("HOME", ""), ("HOME", "~"), ("XDG_CACHE_HOME", "~/.cache"), ("XDG_CACHE_HOME", "cache")]
)
def test_a_user_without_a_home_gets_no_folder_of_that_name(here, run, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    code, _, err = run("prepare", "take.wav", "-o", "data.safetensors", "--jobs", "1")
    assert code in (0, 1), err
    assert set(os.listdir()) <= {"take.wav", "data.safetensors"}


def test_an_old_file_keeps_its_permissions(here, run, instrument_path):
    (here / "out.wav").write_bytes(b"old")
    os.chmod("out.wav", 0o640)
    assert run("transfer", "take.wav", "--to", instrument_path, "-o", "out.wav")[0] == 0
    assert os.stat("out.wav").st_mode & 0o777 == 0o640


# ---- instruments among other files


def test_a_damaged_or_foreign_file_does_not_hide_a_good_instrument(here, run, instrument_path, monkeypatch):
    os.makedirs("mine")
    (here / "mine" / "tiny.ddsp").write_bytes(b"damaged")
    (here / "mine" / "._tiny.ddsp").write_bytes(b"\0\5\26\7")
    (here / "tiny").write_text("notes about it")
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("DDSP_RT_PATH", f"~/mine:{instrument_path.parent}")
    for name in ("tiny", "tiny.ddsp"):
        assert ddsp_rt.load(name).path == instrument_path
    code, out, _ = run("instruments", "--json")
    entries = {entry["name"]: entry for entry in json.loads(out)}
    assert code == 0 and entries["tiny"]["path"] == str(instrument_path) and "._tiny" not in entries
    monkeypatch.setenv("DDSP_RT_PATH", "~/mine")
    code, _, err = run("info", "tiny.ddsp")
    assert code == 1 and "mine/tiny.ddsp" in err and err.count("\n") == 1
