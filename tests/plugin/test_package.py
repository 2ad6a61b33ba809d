"""What a user would download, and what `make install-plugin` puts where hosts look."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from .conftest import BUILD, RATE, ROOT, built
from .states import document_in
from .test_minihost import notes, played

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="folders differ")
PLUGINS = ["Transfer", "Instrument"]
SHIPPED = sorted(path.name for path in (ROOT / "instruments").iterdir())


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(autouse=True)
def everything_is_built():
    for plugin in PLUGINS:
        for kind in ("VST3", "LV2", "Standalone"):
            built(plugin, kind)


def test_the_package_holds_all_formats_all_instruments_and_both_licences(tmp_path):
    subprocess.run(["plugin/package.sh", str(BUILD), str(tmp_path / "made")], cwd=ROOT, check=True)
    made = tmp_path / "made"
    for plugin in PLUGINS:
        name = f"DDSP-RT {plugin}"
        assert list((made / "VST3" / f"{name}.vst3" / "Contents").glob("*/*.so"))
        assert names(made / "VST3" / f"{name}.vst3" / "Contents" / "Resources" / "instruments") == SHIPPED
        assert {"manifest.ttl", "dsp.ttl", "ui.ttl", f"lib{name}.so"} <= set(names(made / "LV2" / f"{name}.lv2"))
        assert names(made / "LV2" / f"{name}.lv2" / "instruments") == SHIPPED
        assert (made / "Standalone" / name).stat().st_mode & 0o111
    assert names(made / "Standalone" / "instruments") == SHIPPED
    assert "GNU GENERAL PUBLIC LICENSE" in (made / "GPL-3.txt").read_text()
    assert "MIT License" in (made / "MIT-source.txt").read_text()
    for page in ("README.md", "LICENCES.md"):
        text = (made / page).read_text()
        for place in re.findall(r"\]\(([^)#]+)\)", text):
            assert "://" in place or (made / place).exists(), place
    assert sum(path.stat().st_size for path in made.rglob("*") if path.is_file()) < 100e6  # unpacked


@pytest.mark.parametrize("kind", ["VST3", "LV2"])
def test_an_archive_that_is_unpacked_elsewhere_plays_the_instruments_in_it(kind, sung, tmp_path, monkeypatch):
    """Nothing of the checkout, nor of this machine's user, is needed."""
    minihost = pytest.importorskip("minihost")
    subprocess.run(["plugin/package.sh", str(BUILD), str(tmp_path / "made")], cwd=ROOT, check=True)
    archive, home = tmp_path / "made.tar.gz", tmp_path / "home"
    home.mkdir()
    subprocess.run(["tar", "-czf", archive, "made"], cwd=tmp_path, check=True)
    shutil.rmtree(tmp_path / "made")
    subprocess.run(["tar", "-xzf", archive], cwd=home, check=True)
    assert os.access(home / "made" / "Standalone" / "DDSP-RT Transfer", os.X_OK)
    instruments = sum((ROOT / "instruments" / name).stat().st_size for name in SHIPPED)
    assert archive.stat().st_size < 20e6 + 1.2 * instruments  # which are in it once, and in each bundle that comes out
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    for plugin in PLUGINS:
        bundle = home / "made" / kind / f"DDSP-RT {plugin}.{kind.lower()}"
        host = minihost.Plugin(str(bundle), RATE, 512, 1 if plugin == "Transfer" else 0, 1)
        slots = document_in(host.get_state())[1]["instruments"]
        assert {f"{slot['name']}.ddsp" for slot in slots} == {name for name in SHIPPED if name.endswith(".ddsp")}
        assert all(Path(slot["path"]).is_relative_to(home) for slot in slots)
        heard = notes(host, [(0.0, 0x90, 64, 100)], 0.5) if plugin == "Instrument" else played(host, sung[:RATE])
        assert np.abs(heard).max() > 0.01


def test_it_is_installed_where_hosts_look_and_programs_have_their_instruments_beside_them(tmp_path):
    command = ["plugin/install.sh", str(BUILD), str(tmp_path)]
    for _ in range(2):  # over what is there, too
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert len(said.splitlines()) == 8
    for plugin in PLUGINS:
        name = f"DDSP-RT {plugin}"
        assert (tmp_path / ".vst3" / f"{name}.vst3" / "Contents" / "Resources" / "instruments").is_dir()
        assert (tmp_path / ".lv2" / f"{name}.lv2" / "manifest.ttl").is_file()
        program = tmp_path / ".local" / "bin" / f"ddsp-rt-{plugin.lower()}"
        assert program.resolve().parent == tmp_path / ".local" / "share" / "ddsp-rt" / "programs"
        assert names(program.resolve().parent / "instruments") == SHIPPED
