"""What looks at plugins without playing them: Ardour's scanner and LV2's validator."""

import re
import subprocess
from pathlib import Path

import pytest

from .conftest import built

PLUGINS = ["Transfer", "Instrument"]
ARDOUR = Path("/usr/lib/ardour7/ardour-vst3-scanner")

# What the validator says of what JUCE 7.0.5 writes, and why it may stand.
ALLOWED = {
    # JUCE marks its parameters, which are no ports, as switches and choices; hosts read it, the vocabulary has no word.
    "Subject not in domain <http://lv2plug.in/ns/lv2core#Port>",
    # A preset of the one program that each JUCE plugin has: it names a property that is JUCE's own.
    "Use of undefined property",
    "Property <urn:ddsp-rt:transfer:Program> has no label",
    "Property <urn:ddsp-rt:instrument:Program> has no label",
}


@pytest.mark.skipif(not ARDOUR.exists(), reason="Ardour is not installed")
@pytest.mark.parametrize("plugin", PLUGINS)
def test_ardour_finds_the_plugin(plugin, tmp_path):
    done = subprocess.run(
        [str(ARDOUR), "-f", "-v", str(built(plugin, "VST3"))],
        env={"LD_LIBRARY_PATH": "/usr/lib/ardour7", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    entry = re.search(r"<VST3Info ([^>]*)>", said)
    assert entry, said
    assert f'name="DDSP-RT {plugin}"' in entry[1]
    assert 'n_outputs="2"' in entry[1]
    assert f'n_inputs="{2 if plugin == "Transfer" else 0}"' in entry[1]
    # By these hosts know it in every session that was ever saved: they never change.
    assert f'uid="ABCDEF019182FAEB44647370{"54726672" if plugin == "Transfer" else "496E7374"}"' in entry[1]


@pytest.mark.parametrize("plugin", PLUGINS)
def test_lv2_is_valid_but_for_what_is_allowed(plugin):
    bundle = built(plugin, "LV2")
    done = subprocess.run(
        ["lv2_validate", *(str(file) for file in sorted(bundle.glob("*.ttl")))],
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert re.search(r"among \d+ files", said), said
    errors = set(re.findall(r"error: (.*)", said))
    assert errors <= ALLOWED, said
    assert f"<urn:ddsp-rt:{plugin.lower()}>" in (bundle / "manifest.ttl").read_text()


@pytest.mark.parametrize("plugin", PLUGINS)
def test_lv2_hosts_are_told_true_values(plugin):
    """A parameter's choices lie within its range, one at each end, and every stepped one has one for each step."""
    text = (built(plugin, "LV2") / "dsp.ttl").read_text()
    stepped = {}
    for block in re.split(r"\n\n", text):
        values = [float(value) for value in re.findall(r"rdf:value ([-\d.e]+)", block)]
        if values:
            assert min(values) == float(re.search(r"lv2:minimum ([-\d.e]+)", block)[1])
            assert max(values) == float(re.search(r"lv2:maximum ([-\d.e]+)", block)[1])
            words = re.findall(r'rdfs:label "([^"]*)"', block)
            stepped[words[0]] = dict(zip(values, words[1:], strict=True))
    assert stepped["Instrument"] == {slot: str(slot + 1) for slot in range(128)}
    assert stepped["Bypass"] == {0: "off", 1: "on"}
    if plugin == "Instrument":
        assert stepped["Voices"] == {voices: str(voices) for voices in range(1, 9)}
        assert stepped["Bend range"] == {bend: f"{bend} semitones" for bend in range(97)}
