"""Says whether src/ddsp_rt/_engine.pyi is what the compiled module offers; with --write, makes it so."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

from nanobind.stubgen import StubGen

STUB = Path(__file__).parents[2] / "src/ddsp_rt/_engine.pyi"
HEADING = '"""The compiled engine. Made from it by `make stub`; do not edit."""\n\n'


def generated() -> str:
    """The stub of the module as it is built, without what differs from machine to machine, laid out by ruff."""
    module = importlib.import_module("ddsp_rt._engine")
    generator = StubGen(module=module, recursive=False, quiet=True)
    generator.put(module)
    text = re.sub(r"^([A-Z_]+: \w+) = .*$", r"\1", generator.get(), flags=re.MULTILINE)
    # Shapes are checked when called; NumPy's types do not hold them.
    text = re.sub(r"Annotated\[(NDArray\[numpy\.float32\]), dict\([^\]]*?writable=False\)\]", r"\1", text)
    text = text.replace("NDArray[numpy.float32]", "Array")
    text = text.replace("from typing import Annotated\n", "from typing import Any, TypeAlias\n")
    text = re.sub(r"(\n\n)(ANALYSER_VERSION)", r"\1Array: TypeAlias = NDArray[numpy.float32]\n\n\2", text, count=1)
    # What nanobind knows of a dict, a list and a path is that they are ones.
    text = text.replace("def status(self) -> dict:", "def status(self) -> dict[str, Any]:")  # numbers
    text = re.sub(r"-> dict\b(?!\[)", "-> dict[str, Array]", text)
    text = re.sub(r"-> list(?=:)", "-> list[dict[str, Any]]", text)
    text = re.sub(r"os\.PathLike\b(?!\[)", "os.PathLike[str]", text)
    ruff = [str(Path(sys.executable).parent / "ruff")]
    for step in (["check", "--select", "I", "--fix-only"], ["format"]):
        command = [*ruff, *step, "--quiet", "--stdin-filename", str(STUB), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return HEADING + text


def main() -> int:
    text = generated()
    if "--write" in sys.argv[1:]:
        STUB.write_text(text)
        return 0
    if STUB.is_file() and STUB.read_text() == text:
        return 0
    print(f"{STUB.name} is not what the compiled module offers: run `make stub` and commit it")
    return 1


if __name__ == "__main__":
    sys.exit(main())
