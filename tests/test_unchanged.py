"""`make check` leaves out only what cannot have changed its mind: what it takes a test file to read."""

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
        ("test_transfer.py", "src/ddsp_rt/figures/__init__.py"),
        ("test_stream.py", "src/ddsp_rt/errors.py"),  # by what it imports
        ("test_stream.py", "src/ddsp_rt/__init__.py"),  # with the packages around it
        ("test_training.py", "src/ddsp_rt/training/trained_life.py"),  # by a fixture
        ("test_live.py", "src/ddsp_rt"),  # in a process of its own
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
