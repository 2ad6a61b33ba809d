"""What a user would download, and what `make install-plugin` puts where hosts look."""

import re
import subprocess
import sys

import pytest

from .conftest import BUILD, ROOT, built

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
