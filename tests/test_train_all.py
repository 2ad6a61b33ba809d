"""A rack of instruments: what its manifest may say, the order of the jobs, failures, resuming, stopping, a cluster."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ddsp_rt.cli import main
from ddsp_rt.errors import UserError
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.training.rack import cluster
from ddsp_rt.training.rack.cluster import Cluster
from ddsp_rt.training.rack.job import Job
from ddsp_rt.training.rack.manifest import read_rack, with_bases
from ddsp_rt.training.rack.places import ThisMachine
from ddsp_rt.training.rack.recordings import recordings_of
from ddsp_rt.training.rack.schedule import run

ROOT = Path(__file__).parents[1]
# Behaves as `ddsp-rt train` does: a checkpoint at each step, --resume goes on, a signal ends it with what it has.
IMITATION = """
import os, signal, sys, time
from pathlib import Path
steps, output, resume = int(sys.argv[1]), Path(sys.argv[2]), "--resume" in sys.argv
folder = output.with_suffix(".training")
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
if steps < 0:
    print("ddsp-rt: the recordings hold nothing", flush=True)
    sys.exit(1)
(folder / "finished").unlink(missing_ok=True)
step = int((folder / "last.ckpt").read_text()) if resume else 0
print("began at step", step, flush=True)
while step < steps and not stopped:
    step += 1
    (folder / "whole").write_text(str(step))
    os.replace(folder / "whole", folder / "last.ckpt")
    time.sleep(0.02)
output.write_text(str(step))
if not stopped:
    (folder / "finished").touch()
"""


@dataclass
class Imitated(Job):
    """A job whose training takes a fiftieth of a second a step."""

    def command(self):
        words = super().command()
        return [sys.executable, "-c", IMITATION, *self.words, str(self.output), *words[4 + len(self.words) :]]


@pytest.fixture
def job(tmp_path):
    def make(name, steps=2, base=None, **more):
        path = None if base is None else tmp_path / f"{base}.ddsp"
        return Imitated(tmp_path / f"{name}.ddsp", [str(steps)], "", path, **more)

    return make


def trained(jobs, at_once=2, bases=None, place=None):
    lines = []
    bases = {job.name: None if job.base is None else job.base.stem for job in jobs}
    return run(jobs, bases, place or ThisMachine(at_once), lines.append), lines


def states(outcomes):
    return {name: outcome.state for name, outcome in outcomes.items()}


# ---- the manifest


def rack(tmp_path, text):
    path = tmp_path / "rack.toml"
    path.write_text(textwrap.dedent(text))
    return path


def test_an_entry_becomes_words_of_the_command_line(tmp_path):
    (entry,) = read_rack(
        rack(
            tmp_path,
            """
            [alto-saxophone]
            name = "Alto saxophone"
            recordings = ["alto"]
            attribution = "me"
            train = { steps = 900, from-notes = true, z = false, room = "alto", hold-out = 30.0 }
            """,
        )
    )
    expected = "--name Alto_saxophone --attribution me --steps 900 --from-notes --room alto --hold-out 30.0"
    assert [word.replace(" ", "_") for word in entry.options] == expected.split()


def test_what_one_starts_from_comes_first_and_is_made_too(tmp_path):
    entries = read_rack(
        rack(
            tmp_path,
            """
            c = { recordings = ["c"], from = "b" }
            b = { recordings = ["b"], from = "a" }
            x = { recordings = ["x"] }
            a = { recordings = ["a"] }
            """,
        )
    )
    assert [entry.stem for entry in entries] == ["a", "b", "c", "x"]
    assert [entry.stem for entry in with_bases(entries, ["b"])] == ["a", "b"]
    with pytest.raises(UserError, match="--only flute: the manifest has no such entry. Its entries: a, b, c, x"):
        with_bases(entries, ["flute"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('a = { recordings = ["a"], tarin = {} }', r"\[a\] tarin: no such key; did you mean train\?"),
        ("a = { name = 'A' }", r"\[a\] recordings: give a list of globs"),
        ('a = { recordings = "a" }', r"\[a\] recordings: give a list of globs, in square brackets"),
        ('a = { recordings = ["/a"] }', r"\[a\] recordings: '/a': give globs relative"),
        (
            'a = { recordings = ["a"], train = { stpes = 3 } }',
            r"\[a\] train.stpes: .* no option --stpes; did you mean s",
        ),
        ('a = { recordings = ["a"], train = { steps = "many" } }', r"\[a\] train.steps: .*integer"),
        ('a = { recordings = ["a"], train = { steps = 0 } }', r"\[a\] train.steps: "),
        ('a = { recordings = ["a"], train = { steps = true } }', r"\[a\] train.steps: give a number or a text"),
        ('a = { recordings = ["a"], train = { z = 1 } }', r"\[a\] train.z: give true or false"),
        (
            'a = { recordings = ["a"], train = { sample-rate = 44100 } }',
            r"\[a\] train: --sample-rate 44100: give 16000",
        ),
        ('a = { recordings = ["a"], train = { resume = true } }', r"\[a\] train.resume: resume is what train-all"),
        ('a = { recordings = ["a"], from = "b" }', r"\[a\] from: there is no entry \[b\]"),
        (
            'a = { recordings = ["a"], from = "b" }\nb = { recordings = ["b"], from = "a" }',
            r"\[a\] from: entries start from each other in a circle: a from b from a",
        ),
        ("a = 3", r"\[a\]: is no table"),
        ("a = [", "is no TOML"),
        ("", "has no entry"),
    ],
)
def test_a_mistake_names_entry_and_key(tmp_path, text, said):
    with pytest.raises(UserError, match=said):
        read_rack(rack(tmp_path, text))


def test_held_out_recordings_are_not_trained_on_and_globs_that_match_nothing_are_named(tmp_path):
    for name in ("hall/one.wav", "hall/two.wav", "dry/three.wav", "empty/readme.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, np.zeros(10), 8000) if path.suffix == ".wav" else path.write_text("")

    def found(text):
        (entry,) = read_rack(rack(tmp_path, text))
        return [str(path.relative_to(tmp_path)) for path in recordings_of(entry, tmp_path, "[a]")]

    assert found('a = { recordings = ["hall", "dry"] }') == ["hall", "dry"]
    assert found('a = { recordings = ["hall", "dry"], held-out = ["*/two*"] }') == ["hall/one.wav", "dry"]
    for text, said in (
        ('a = { recordings = ["halls"] }', r"\[a\] recordings: 'halls' matches nothing"),
        ('a = { recordings = ["**hall"] }', r"\[a\] recordings: '\*\*hall' (is no glob|matches nothing)"),
        ('a = { recordings = ["hall"], held-out = ["x"] }', r"\[a\] held-out: 'x' matches nothing"),
        ('a = { recordings = ["hall"], held-out = ["hall"] }', r"\[a\] recordings: everything is held out"),
        ('a = { recordings = ["empty"] }', r"\[a\] recordings: there are no sound files"),
    ):
        with pytest.raises(UserError, match=said):
            found(text)


def test_the_projects_own_manifest_holds_and_names_every_shipped_instrument():
    entries = {entry.stem for entry in read_rack(ROOT / "instruments" / "manifest.toml")}
    assert {path.stem for path in (ROOT / "instruments").glob("*.ddsp")} <= entries


# ---- the jobs


def test_jobs_run_side_by_side_but_none_before_its_base(job):
    jobs = [job("a", 10), job("b", 1, base="a"), job("c", 10)]
    outcomes, lines = trained(jobs)
    assert states(outcomes) == {"a": "done", "b": "done", "c": "done"}
    order = [line.split(",")[0].split(" after")[0] for line in lines]
    assert order.index("c: begun") < order.index("a: done") < order.index("b: begun")


def test_what_is_done_is_left_alone_until_something_of_it_changes(job):
    trained([job("a"), job("b", base="a")])
    assert states(trained([job("a"), job("b", base="a")])[0]) == {"a": "done before", "b": "done before"}
    assert states(trained([job("a", 3), job("b", base="a")])[0]) == {"a": "done", "b": "done"}
    assert states(trained([job("a", 3, force=True)])[0]) == {"a": "done"}
    assert job("a").log.read_text().splitlines()[-1] == "began at step 0"


def test_a_failure_is_told_what_hangs_on_it_is_not_begun_and_the_rest_is_made(job):
    outcomes, lines = trained([job("a", -1), job("b", base="a"), job("c")], at_once=1)
    assert states(outcomes) == {"a": "failed", "b": "not begun", "c": "done"}
    assert outcomes["a"].why == "the recordings hold nothing"
    assert "a, which it starts from" in outcomes["b"].why
    assert any(line.startswith("a: failed after") and line.endswith("hold nothing") for line in lines)


def test_one_that_cannot_begin_fails_alone(job):
    blocked = job("a")
    blocked.output.with_suffix(".training").write_text("a file where the folder should be")
    outcomes, lines = trained([blocked, job("b", base="a"), job("c")])
    assert states(outcomes) == {"a": "failed", "b": "not begun", "c": "done"}
    assert "a.training" in outcomes["a"].why and f"a: failed: {outcomes['a'].why}" in lines


def wait_until(condition):
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def steps_of(job):
    checkpoint = job.output.with_suffix(".training") / "last.ckpt"
    return int(checkpoint.read_text() or 0) if checkpoint.exists() else 0


def test_a_killed_job_is_gone_on_with_where_it_was(job):
    killed = job("a", 100)
    process = killed.start()
    wait_until(lambda: steps_of(killed) >= 3)
    process.kill()
    process.wait()
    reached = steps_of(killed)
    assert states(trained([job("a", reached + 2)])[0]) == {"a": "done"}
    assert killed.log.read_text().splitlines()[-1] == f"began at step {reached}"


def test_one_that_somebody_stopped_is_not_called_done(job):
    stopped = job("a", 1000)

    class Stopping(ThisMachine):
        def start(self, job):
            running = super().start(job)
            wait_until(lambda: steps_of(stopped) >= 2)
            running.stop()
            return running

    outcomes, _ = trained([stopped], place=Stopping(1))
    assert outcomes["a"].state == "failed"
    assert "goes on with it" in outcomes["a"].why


def test_ctrl_c_ends_the_jobs_with_what_they_have_learnt(job):
    jobs = [job("a", 1000), job("b", 1000)]

    def press():
        wait_until(lambda: all(steps_of(job) >= 2 for job in jobs))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt):
        trained(jobs)
    for one in jobs:
        assert 2 <= int(one.output.read_text()) < 1000
        assert int(one.output.read_text()) == steps_of(one)


def test_jobs_share_the_threads_and_the_gpus(job, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    jobs = [job(name, 1) for name in "abc"]
    trained(jobs, at_once=2)
    assert [one.environment["OMP_NUM_THREADS"] for one in jobs] == ["3"] * 3
    assert [one.environment["CUDA_VISIBLE_DEVICES"] for one in jobs] == ["4", "7", "4"]


# ---- a cluster


def test_jobs_run_on_submitits_executor(tmp_path, job, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # for what runs there to know this module's classes
    place = Cluster(tmp_path / "submitit", 2, {"cluster": "local", "timeout_min": 5})
    outcomes, _ = trained([job("a"), job("b", base="a"), job("c", -1)], place=place)
    assert states(outcomes) == {"a": "done", "b": "done", "c": "failed"}
    assert outcomes["c"].why == "the recordings hold nothing"


# Four commands of SLURM, as far as train-all needs them: a job is a process group whose number stands in a file.
IMITATED_SLURM = """
import os, signal, subprocess, sys
from pathlib import Path
folder, name, words = Path(__file__).parent / "queue", Path(sys.argv[0]).name, sys.argv[1:]
folder.mkdir(exist_ok=True)
numbers = sorted(folder.glob("*.pid"))
if name == "sbatch":
    script = Path(words[0]).read_text()
    if "--partition=nowhere" in script:
        sys.exit("sbatch: error: invalid partition specified: nowhere\\nsbatch: error: Batch job submission failed")
    number = str(len(numbers) + 1)
    environment = {**os.environ, "SLURM_JOB_ID": number, "SLURM_CPUS_ON_NODE": "3"}
    (folder / f"{number}.sh").write_text(script)
    with open(folder / f"{number}.out", "w") as out:
        job = subprocess.Popen(["bash", words[0]], start_new_session=True, env=environment, stdout=out, stderr=out)
    (folder / f"{number}.pid").write_text(str(job.pid))
    print("Submitted batch job", number)
elif name == "srun":
    words = [word for word in words if not word.startswith("--cpus-per-task")]
    words = words[next(at for at, word in enumerate(words) if "python" in word and not word.startswith("-")):]
    os.execvp(words[0], words)
elif name == "squeue":
    if (folder / "restarting").exists():
        sys.exit("slurm_load_jobs error: Unable to contact slurm controller (connect failure)")
    for path in numbers:
        alive = subprocess.run(["pgrep", "--pgroup", path.read_text(), "--runstates", "R,S,D"], capture_output=True)
        print(path.stem, "CANCELLED" if alive.returncode else "RUNNING")
elif name == "scancel" and "--state=PENDING" not in words:
    number = signal.SIGTERM if "--signal=TERM" in words else signal.SIGKILL
    os.killpg(int((folder / f"{words[-1]}.pid").read_text()), number)
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """The folder of the imitated commands, first on the PATH; nothing is waited for long."""
    pytest.importorskip("submitit")
    folder = tmp_path / "slurm"
    folder.mkdir()
    for name in ("sbatch", "srun", "squeue", "scancel"):
        (folder / name).write_text(f"#!{sys.executable}{IMITATED_SLURM}")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # for what runs there to know this module's classes
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(cluster, "LATE", 0.5)
    monkeypatch.setattr(cluster, "ASKED", 0.5)
    monkeypatch.setattr(cluster, "EVERY", 0.1)
    return folder


def on_slurm(tmp_path, **parameters):
    return Cluster(tmp_path / "submitit", 9, {"cluster": "slurm", "timeout_min": 5, **parameters})


def test_jobs_run_on_slurm_without_its_data_base_of_jobs(tmp_path, job, slurm):
    class Telling(Imitated):
        def command(self):
            return [sys.executable, "-c", "import os; print('threads:', os.environ['OMP_NUM_THREADS'])"]

    jobs = [job("a"), job("b", base="a"), job("c", -1), Telling(tmp_path / "d.ddsp", [], "")]
    outcomes, lines = trained(jobs, place=on_slurm(tmp_path, cpus_per_task=2))
    assert states(outcomes) == {"a": "done", "b": "done", "c": "failed", "d": "failed"}  # d is not finished
    assert jobs[3].log.read_text().splitlines()[-1] == "threads: 3"
    assert outcomes["c"].why == "the recordings hold nothing"
    assert f"a: handed in as job 1, its log is {jobs[0].log}" in lines
    script = (slurm / "queue" / "1.sh").read_text()  # since SLURM 22.05 srun does not ask for what sbatch has
    assert "#SBATCH --cpus-per-task=2" in script and "srun --unbuffered" in script
    assert script.count("--cpus-per-task=2") == 2


def test_a_job_that_is_killed_on_slurm_is_told_and_gone_on_with(tmp_path, job, slurm):
    killed = job("a", 1000)

    def kill():
        wait_until(lambda: steps_of(killed) >= 3)
        (slurm / "queue" / "restarting").touch()  # that says nothing of the job
        subprocess.run(["scancel", "1"], check=True)
        time.sleep(1.5)
        (slurm / "queue" / "restarting").unlink()

    threading.Thread(target=kill).start()
    outcomes, _ = trained([killed, job("b", base="a")], place=on_slurm(tmp_path))
    assert states(outcomes) == {"a": "failed", "b": "not begun"}
    assert outcomes["a"].why == "job 1 ended on the cluster (cancelled); the same command goes on with it"
    reached = steps_of(killed)
    assert states(trained([job("a", reached + 2)], place=on_slurm(tmp_path))[0]) == {"a": "done"}
    assert killed.log.read_text().splitlines()[-1] == f"began at step {reached}"


def test_ctrl_c_lets_jobs_on_slurm_end_with_what_they_have_learnt(tmp_path, job, slurm):
    stopped = job("a", 1000)

    def press():
        wait_until(lambda: steps_of(stopped) >= 2)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt):
        trained([stopped], place=on_slurm(tmp_path))
    assert 2 <= int(stopped.output.read_text()) == steps_of(stopped) < 1000


def test_what_an_earlier_command_handed_in_is_waited_for_not_handed_in_twice(tmp_path, job, slurm):
    first = on_slurm(tmp_path).start(job("a", 150))
    outcomes, lines = trained([job("a", 150)], place=on_slurm(tmp_path))
    assert states(outcomes) == {"a": "done"} and lines[0].startswith("a: still at work as job 1,")
    assert first.poll() == 0
    on_slurm(tmp_path).start(job("b", 1000))
    outcomes, _ = trained([job("b", 500)], place=on_slurm(tmp_path))
    assert outcomes["b"].why == "job 2 still makes it otherwise: wait for that, or end it (scancel 2)"
    subprocess.run(["scancel", "2"], check=True)
    assert len(list((slurm / "queue").glob("*.pid"))) == 2


def test_what_slurm_refuses_fails_by_a_line(tmp_path, job, slurm):
    outcomes, _ = trained([job("a")], place=on_slurm(tmp_path, slurm_partition="nowhere"))
    assert outcomes["a"].why == "the cluster does not take it: invalid partition specified: nowhere"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"timeout_min": "long"}, '--submitit: Parameter "timeout_min" expected type'),
        ({"slurm_partitoin": "gpu"}, "--submitit: Unknown argument 'partitoin' for executor 'slurm'"),
        ({"slurm_max_num_timeout": "often"}, "--submitit slurm_max_num_timeout: give a number"),
        ({"cluster": "pbs"}, "--submitit: AutoExecutor doesn't know any executor named pbs"),
        ({"timeout_min": None}, "--submitit: give timeout_min=MINUTES too, how long a job may take"),
    ],
)
def test_a_parameter_that_cannot_be_meant_is_told_in_a_line(tmp_path, slurm, parameters, said):
    given = {"cluster": "slurm", "timeout_min": 5, **parameters}
    with pytest.raises(UserError) as caught:
        Cluster(tmp_path / "submitit", 2, {key: value for key, value in given.items() if value is not None})
    assert str(caught.value).startswith(said)


def test_a_job_whose_machine_is_taken_away_is_queued_again(tmp_path, job):
    submitit = pytest.importorskip("submitit")
    taken = job("a", 1000, force=True)
    taken.child = taken.start()
    wait_until(lambda: steps_of(taken) >= 2)
    again = taken.checkpoint()
    assert isinstance(again, submitit.helpers.DelayedSubmission)
    assert taken.child.returncode == 0
    assert again.function.command()[-1] == "--resume"


def test_without_submitit_one_line_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "submitit", None)
    (tmp_path / "a").mkdir()
    soundfile.write(tmp_path / "a" / "a.wav", np.zeros(10), 8000)
    path = rack(tmp_path, 'a = { recordings = ["a"] }')
    command = ["train-all", str(path), "--data", str(tmp_path), "-o", str(tmp_path / "out")]
    assert main([*command, "--submitit", "timeout_min=5"]) == 1
    assert capsys.readouterr().err == (
        "ddsp-rt: --submitit needs submitit, which is not installed: pip install 'ddsp-rt[cluster]'\n"
    )
    assert main([*command, "--submitit", "timeout"]) == 2
    assert "give KEY=VALUE" in capsys.readouterr().err


# ---- all of it


@pytest.mark.slow  # a training, with PyTorch to be loaded, in a process of its own
def test_a_rack_is_made_from_recordings(tmp_path):
    pytest.importorskip("lightning")
    seconds = np.arange(16_000 * 4) / 16_000
    (tmp_path / "a").mkdir()
    for name, hertz in (("one", 220), ("two", 330)):
        tone = sum(np.sin(2 * np.pi * hertz * h * seconds) / h for h in range(1, 6))
        soundfile.write(tmp_path / "a" / f"{name}.wav", 0.1 * (0.6 + 0.4 * np.sin(3 * seconds)) * tone, 16_000)
    path = rack(
        tmp_path,
        """
        [first]
        name = "The first"
        recordings = ["a"]
        held-out = ["a/two*"]
        attribution = "A. Player"
        train = { steps = 1 }
        [second]
        recordings = ["a"]
        train = { room = "nowhere" }
        """,
    )
    command = [sys.executable, "-m", "ddsp_rt", "train-all", str(path), "--data", str(tmp_path), "--json"]
    command += ["-o", str(tmp_path / "out")]
    environment = os.environ | {"DDSP_RT_CACHE": str(tmp_path / "cache")}
    on_a_cluster = ["--submitit", "cluster=local"] if importlib.util.find_spec("submitit") else []
    for state, place in (("done", on_a_cluster), ("done before", [])):
        ended = subprocess.run([*command, *place], capture_output=True, text=True, env=environment, check=False)
        assert ended.returncode == 1
        first, second = json.loads(ended.stdout)
        assert (first["name"], first["state"], first["steps"]) == ("first", state, 1)
        assert first["minutes_of_data"] == pytest.approx(4 / 60, abs=0.01)
        assert second["state"] == "failed"
        assert "no room 'nowhere'" in ended.stderr.splitlines()[-1]
    metadata, _ = load_instrument(tmp_path / "out" / "first.ddsp")
    assert (metadata["name"], metadata["attribution"]) == ("The first", ["A. Player"])
