"""What sessions, hosts and a public workflow rely on, and what needs no build to be checked."""

import re
from pathlib import Path

import pytest

from ddsp_rt import Stream

ROOT = Path(__file__).parents[1]
PLUGIN = ROOT / "plugin"


def test_what_hosts_know_the_plugins_by_never_changes():
    text = (PLUGIN / "CMakeLists.txt").read_text()
    assert 'add_ddsp_rt_plugin(Transfer "DDSP-RT Transfer" Trfr' in text
    assert 'add_ddsp_rt_plugin(Instrument "DDSP-RT Instrument" Inst' in text
    for kept in ['COMPANY_NAME "DDSP-RT"', 'BUNDLE_ID "ddsp-rt.${id}"', "PLUGIN_MANUFACTURER_CODE Ddsp"]:
        assert kept in text
    assert text.count("urn:ddsp-rt:${id}") == 2


def test_no_parameter_of_the_plugins_own_has_a_name_of_the_engines():
    text = (PLUGIN / "source" / "host_parameter.h").read_text()
    own = re.findall(r'ParameterInfo\{"(\w+)"', text)
    assert len(own) == len(set(own)) >= 5
    assert not set(own) & {parameter["name"] for parameter in Stream.parameters()}


def test_the_workflow_is_one_and_builds_both_other_systems():
    yaml = pytest.importorskip("yaml")
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "plugin.yml").read_text())
    systems = {entry["name"] for entry in workflow["jobs"]["others"]["strategy"]["matrix"]["include"]}
    assert systems == {"macos", "windows"}
    assert any("--target plugins" in step.get("run", "") for step in workflow["jobs"]["others"]["steps"])
