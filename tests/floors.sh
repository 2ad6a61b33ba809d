#!/usr/bin/env bash
# Installs the package with the oldest versions it declares of everything it needs, and nothing else, and tries it.
# usage: floors.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
home=$PWD/build/floors
mkdir -p "$home"
if ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 10), (3, 11)))'; then
  echo "floors: not tried; they have no wheels for this Python, only for 3.10 and 3.11"
  exit 0
fi

# Of "name>=1.2" in pyproject.toml, name==1.2.
floors() {
  "$python" -c '
import re, pathlib
text = pathlib.Path("pyproject.toml").read_text()
block = re.search(r"^dependencies = \[(.*?)\]", text, re.DOTALL | re.MULTILINE).group(1)
print(*(f"{name}=={version}" for name, version in re.findall(r"\"([\w-]+)>=([\w.]+)", block)))'
}

pip() { "$home/venv/bin/python" -m pip install -q --disable-pip-version-check "$@"; }
[ -x "$home/venv/bin/python" ] || "$python" -m venv "$home/venv"
# shellcheck disable=SC2046  # one word each
pip $(floors)
pip --no-deps --force-reinstall --config-settings build-dir="$home/cmake" .

cd "$home"
rm -f violin.wav violin.png
"$home/venv/bin/ddsp-rt" transfer ../../examples/sung_phrase.flac --to violin -o violin.wav --figure violin.png
for name in transfer play figure inspect prepare train train-all evaluate compare benchmark info instruments; do
  "$home/venv/bin/ddsp-rt" "$name" --help >/dev/null
done
"$home/venv/bin/python" - <<'END'
from importlib.metadata import version
from pathlib import Path

import soundfile

import ddsp_rt

package = Path(ddsp_rt.__file__).parent
assert (package / "py.typed").is_file() and (package / "_engine.pyi").is_file(), "the wheel lacks its types"
assert not [*package.rglob("*.h"), *package.rglob("*.cpp")], "sources in the wheel"
audio, rate = soundfile.read("violin.wav")
assert rate == 44_100 and len(audio) > 9 * rate and abs(audio).max() > 0.1 and Path("violin.png").stat().st_size > 1e5
names = ("numpy", "soundfile", "soxr", "typer", "rich", "matplotlib")
print("the demo runs with", *(f"{name} {version(name)}" for name in names))
END
