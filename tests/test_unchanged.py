"""`make check` leaves out only what cannot have changed its mind: what it takes a test file to read."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "lint"))

import unchanged


def read(name):
    """Paths that a test file is taken to read, from the top of the checkout."""
    return {str(path.relative_to(ROOT)) for path in unchanged.inputs(ROOT / "tests" / name)}


@pytest.mark.parametrize(
    ("name", "of_those"),
    [
        ("test_transfer.py", "src/ddsp_rt/transfer.py"),  # by the command line, which imports by names in quotes
        ("test_transfer.py", "src/ddsp_rt/figures/__init__.py"),  # imported in a function of the command's
        ("test_stream.py", "src/ddsp_rt/errors.py"),  # by what it imports
        ("test_stream.py", "src/ddsp_rt/__init__.py"),  # with the packages around it
        ("test_training.py", "src/ddsp_rt/training/trained_life.py"),  # by a fixture
        ("test_live.py", "src/ddsp_rt/live/screen.py"),  # in a process of its own, by a command
        ("test_evaluate_command.py", "src/ddsp_rt/evaluation/tone.py"),
        ("test_training.py", "src/ddsp_rt/training/trainer.py"),  # by a function of the package
        ("test_cli.py", "src/ddsp_rt/training/rack/commands.py"),  # by the whole table of commands
        ("test_same_as.py", "src/ddsp_rt/instrument.py"),
        ("test_documentation.py", "src/ddsp_rt"),  # which goes through all modules
        ("test_pd_notes.py", "tests/pure_data.py"),
        ("test_pd_notes.py", "build/dev/pd/ddsp-rt"),
        ("test_documentation.py", "README.md"),
        ("test_documentation.py", "docs"),
        ("test_engine_layout.py", "engine"),
        ("test_shipped.py", "benchmarks/every_note.py"),
        ("test_export_torchscript.py", "tests/libtorch"),
        ("plugin/test_morph.py", "tests/plugin/conftest.py"),
    ],
)
def test_what_a_test_file_reads_is_found(name, of_those):
    assert of_those in read(name)


def test_what_it_does_not_read_is_left_out():
    assert not {"README.md", "docs", "pd", "plugin", "src/ddsp_rt"} & read("test_network.py")
    assert not any(path.startswith("src/ddsp_rt/evaluation") for path in read("test_network.py"))


def test_a_module_that_a_test_file_does_not_reach_is_left_out():
    """Nor are commands that it does not call."""
    assert not any(path.startswith("src/ddsp_rt/training") for path in read("test_evaluation_tone.py"))
    assert not any(path.startswith("src/ddsp_rt/evaluation/tone") for path in read("test_live.py"))
    assert not any(path.startswith("src/ddsp_rt/live") for path in read("test_export_torchscript.py"))


TELL = """
import atexit, os, sys
def tell():
    with open(os.environ["TOLD"], "a") as file:
        file.writelines(f"{module.__file__}\\n" for module in list(sys.modules.values()) if hasattr(module, "__file__"))
atexit.register(tell)
"""


@pytest.mark.parametrize("test", ["test_fitting.py::test_the_command_takes_a_range"])
def test_what_is_loaded_is_among_what_is_read(test, tmp_path):
    """In the test's own process and in those that it starts."""
    (tmp_path / "sitecustomize.py").write_text(TELL)
    told = tmp_path / "told"
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "TOLD": str(told)}
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", ROOT / "tests" / test]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    loaded = {Path(line) for line in told.read_text().splitlines() if line != "None"}
    ours = {str(path.relative_to(ROOT)) for path in loaded if path.is_relative_to(unchanged.PACKAGE)}
    modules = {path for path in ours if path.endswith(".py")}
    assert len(modules) > 20 and modules <= read(test.split("::")[0])


def test_a_file_has_passed_when_all_of_its_tests_have():
    record = unchanged.Record()
    record.pytest_xdist_node_collection_finished(["a.py::one", "a.py::two", "b.py::one", "c.py::one", "d.py::one"])

    def tell(nodeid, when="call", outcome="passed"):
        record.pytest_runtest_logreport(
            SimpleNamespace(nodeid=nodeid, when=when, passed=outcome == "passed", outcome=outcome)
        )

    tell("a.py::one")
    tell("b.py::one")
    tell("b.py::one", "teardown", "failed")
    tell("c.py::one", "setup", "skipped")
    assert record.files() == set()  # of a file one test is still to come, the others failed and were skipped
    tell("a.py::two")
    tell("d.py::one", outcome="failed")
    assert record.files() == {"a.py"}
