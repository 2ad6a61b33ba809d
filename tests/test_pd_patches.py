"""What ships for Pd: patches open without an error, the control example sounds as it says, storms leave nothing."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pure_data import FOLDER, RATE, ROOT, Patch, layout, needs_pd, run_pd

import ddsp_rt
from ddsp_rt.notes import Notes

pytestmark = needs_pd
PATCHES = sorted([*(ROOT / "pd" / "help").glob("*.pd"), *(ROOT / "pd" / "examples").glob("*.pd")])


@pytest.fixture(scope="module")
def folder(tmp_path_factory, instrument_path):
    """The folder as a user has it, with the tiny instrument as the violin."""
    folder = tmp_path_factory.mktemp("externals") / "ddsp-rt"
    shutil.copytree(FOLDER, folder)
    for source in PATCHES:  # as they are now
        shutil.copy(source, folder / ("examples" if source.parent.name == "examples" else ""))
    shutil.copy(ROOT / "pd" / "examples" / "phrase.wav", folder / "examples")
    (folder / "instruments").mkdir(exist_ok=True)
    shutil.copy(instrument_path, folder / "instruments" / "violin.ddsp")
    return folder


@pytest.mark.parametrize("name", [path.relative_to(ROOT / "pd") for path in PATCHES], ids=str)
def test_every_patch_opens_and_plays_without_an_error(folder, name):
    patch = folder / (name if name.parts[0] == "examples" else name.name)
    command = ["pd", "-nogui", "-stderr", "-batch", "-noaudio", "-nrt", "-noprefs"]
    stop = folder / "stop.pd"
    p = Patch()
    wait = p.obj("del 500")
    p.connect(p.obj("loadbang"), 0, wait, 0)
    p.connect(wait, 0, p.msg("; pd quit"), 0)
    p.write(stop)
    done = subprocess.run([*command, "-send", "pd dsp 1", patch, stop], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert not re.findall(r".*(?:error|create|no such).*", done.stdout + done.stderr)


def test_nothing_but_vanilla_and_our_objects_is_used():
    vanilla = {
        "adc~", "dac~", "*~", "-~", "*", "+", "/", "line~", "vline~", "pack", "mtof", "osc~", "phasor~", "lop~",
        "hip~", "env~", "cos~", "random", "metro", "expr", "print", "r", "s", "loadbang", "t", "f", "del",
        "notein", "stripnote", "bendin", "ctlin", "spigot", "openpanel", "savepanel", "soundfiler", "tabplay~",
        "tabwrite~", "declare", "cnv", "tgl", "bng", "hsl", "route", "inlet", "midiin", "makenote", "int",
    }  # fmt: skip
    for patch in PATCHES:
        for name in re.findall(r"^#X obj \d+ \d+ ([^ ,;]+)", patch.read_text(), re.MULTILINE):
            assert name in vanilla | {"ddsp~", "ddsp.transfer~", "ddsp.notes~"}, f"{name} in {patch.name}"


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.stem)
def test_the_first_click_is_at_the_top_and_nothing_lies_over_something_else(path):
    boxes = layout(path)
    (switch,) = [box for box in boxes if box.text == "click here first: sound on/off"]
    assert switch.bottom < 60
    assert min(box.top for box in boxes if box.kind in ("tgl", "bng", "hsl", "msg", "floatatom")) >= switch.top - 1
    assert not [box.text for box in boxes if box.kind == "text" and ";" in box.text]  # Pd would break the line there
    lying = [(a, b) for n, a in enumerate(boxes) for b in boxes[:n] if a.overlaps(b)]
    assert not lying


@pytest.mark.parametrize("name", ["ddsp.transfer~", "ddsp~", "ddsp.notes~"])
def test_the_boxes_of_a_help_patch_show_the_values_in_force(folder, name):
    """The object tells its parameters as the patch opens, and each has a box within its limits that listens."""
    text = (ROOT / "pd" / "help" / f"{name}-help.pd").read_text()
    door = Notes if "notes" in name else ddsp_rt.Stream
    known = {parameter["name"]: parameter for parameter in door.parameters()}
    boxes = re.findall(r"#X floatatom \d+ \d+ \d+ (\S+) (\S+) 0 - \\\$0-(\w+) - 0;\n#X msg \d+ \d+ (\w+) ", text)
    assert len(boxes) >= 9
    for low, high, listens, sends in boxes:
        assert listens == sends
        assert (float(low), float(high)) == pytest.approx((known[sends]["minimum"], known[sends]["maximum"]))
        assert f"s \\$0-{sends};" in text
    listener = Patch()  # what the object tells, its console lines aside
    patch = folder / f"{name}-help.pd"
    stop = listener.obj("del 300")
    listener.connect(listener.obj("loadbang"), 0, stop, 0)
    listener.connect(stop, 0, listener.msg("; pd quit"), 0)
    console = run_pd(listener.write(folder / "values.pd"), "-open", patch.name)
    for _, _, _, sends in boxes:
        assert re.search(rf"info {sends} {known[sends]['initial']:g}\b", console), console


def test_the_file_example_plays_the_sound_that_ships_with_it(folder):
    driver = Patch()
    begin = driver.obj("loadbang")
    for milliseconds, text in ((0, "; pd dsp 1"), (100, "; ddsp-bundled bang"), (300, "; ddsp-play-file bang")):
        delay, message = driver.obj(f"del {milliseconds}"), driver.msg(text)
        driver.connect(begin, 0, delay, 0)
        driver.connect(delay, 0, message, 0)
    end, filer = driver.obj("del 4500"), driver.obj("soundfiler")
    order = driver.obj("t b b")
    write = driver.msg("write -wave -bytes 4 made.wav ddsp-made")
    driver.connect(begin, 0, end, 0)
    driver.connect(end, 0, order, 0)
    driver.connect(order, 1, write, 0)
    driver.connect(write, 0, filer, 0)
    driver.connect(order, 0, driver.msg("; pd quit"), 0)
    console = run_pd(driver.write(folder / "driver-file.pd"), "-open", "examples/file-to-violin.pd", rate=44_100)
    assert "error" not in console and "can't" not in console
    made, _ = soundfile.read(folder / "made.wav", dtype="float32")
    shipped, rate = soundfile.read(folder / "examples" / "phrase.wav", dtype="float32")
    assert rate == 44_100 and len(made) >= len(shipped) and np.abs(made).max() > 1e-3
    whole, _ = soundfile.read(ROOT / "examples" / "sung_phrase.flac", dtype="float32")
    assert np.array_equal(shipped, whole[: len(shipped)])


def test_the_control_example_plays_what_its_sliders_say(folder):
    driver = Patch()
    begin = driver.obj("loadbang")

    def at(milliseconds, text):
        delay, message = driver.obj(f"del {milliseconds}"), driver.msg(text)
        driver.connect(begin, 0, delay, 0)
        driver.connect(delay, 0, message, 0)

    at(0, "; ddsp-note 69; ddsp-ratio 0; pd dsp 1")
    at(100, "; ddsp-play bang")
    filer = driver.obj("soundfiler")
    for end, name in ((2200, "plain"), (4400, "modulated")):
        delay, message = driver.obj(f"del {end}"), driver.msg(f"write -wave -bytes 4 {name}.wav ddsp-sound")
        driver.connect(begin, 0, delay, 0)
        driver.connect(delay, 0, message, 0)
        driver.connect(message, 0, filer, 0)
    at(2250, "; ddsp-ratio 0.2; ddsp-modulator 150; ddsp-depth 1")
    at(2300, "; ddsp-play bang")
    at(4500, "; pd quit")
    driver.write(folder / "driver.pd")
    console = run_pd(folder / "driver.pd", "-open", "examples/control.pd")
    assert "error" not in console
    sounds = [soundfile.read(folder / f"{name}.wav", dtype="float32")[0] for name in ("plain", "modulated")]

    def level(audio, hertz):
        x = audio[round(0.3 * RATE) : round(0.5 * RATE)] * np.hanning(round(0.2 * RATE))
        return 20 * np.log10(abs(np.sum(x * np.exp(-2j * np.pi * hertz * np.arange(len(x)) / RATE))) + 1e-9)

    features = ddsp_rt.analyse(sounds[0], RATE)
    assert np.median(features.f0[features.voiced]) == pytest.approx(440, rel=0.005)
    assert features.loudness[50:120].min() > -60  # sounds while the envelope is up
    assert features.loudness[-10] < features.loudness[80] - 20  # and has ended with it
    for sideband in (290, 590):
        assert level(sounds[1], sideband) - level(sounds[1], 440) > -20
        assert level(sounds[1], sideband) > level(sounds[0], sideband) + 10


def storm(count):
    """Objects made, played, swapped and deleted `count` times while the sound is on."""
    p = Patch()
    begin = p.obj("loadbang")
    p.connect(begin, 0, p.msg("; pd dsp 1"), 0)
    metro, counter = p.obj("metro 30"), p.obj("f")
    p.connect(begin, 0, metro, 0)
    order = p.obj("t b b")
    p.connect(metro, 0, order, 0)
    make = p.msg(
        "; pd-scratch clear; pd-scratch obj 10 10 osc~ 330; pd-scratch obj 10 40 ddsp.transfer~ violin @range 80 900"
        "; pd-scratch obj 10 70 ddsp~ violin 220; pd-scratch obj 10 100 dac~; pd-scratch connect 0 0 1 0"
        "; pd-scratch connect 0 0 2 2; pd-scratch connect 1 0 3 0; pd-scratch connect 2 0 3 1"
        "; pd-scratch obj 10 130 r swap; pd-scratch connect 4 0 1 0; pd-scratch connect 4 0 2 0"
        "; pd-scratch obj 10 160 ddsp.notes~ violin; pd-scratch connect 4 0 5 0; pd-scratch connect 5 0 3 0"
        "; pd-scratch obj 10 190 r keys; pd-scratch connect 6 0 5 0"
    )
    swap = p.msg("; keys note 60 100; swap instrument violin; swap reverb 0.5; swap instrument nowhere")
    p.connect(order, 1, make, 0)
    p.connect(order, 0, swap, 0)
    add, limit = p.obj("+ 1"), p.obj(f"sel {count}")
    p.connect(metro, 0, counter, 0)
    p.connect(counter, 0, add, 0)
    p.connect(add, 0, counter, 1)
    p.connect(add, 0, limit, 0)
    p.connect(limit, 0, p.msg("; pd-scratch clear; pd quit"), 0)
    p.sub("scratch", Patch())
    return p


def test_a_storm_of_objects_and_swaps_ends_well(folder):
    console = run_pd(storm(60).write(folder / "storm.pd"))
    lines = [line for line in console.splitlines() if "error" in line]
    assert lines and all("nowhere" in line or "before '@'" in line for line in lines)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_a_storm_leaks_nothing_and_touches_nothing_it_should_not(folder):
    log = folder / "valgrind.log"
    valgrind = ("valgrind", "--leak-check=full", "--show-leak-kinds=all", "--num-callers=30", f"--log-file={log}")
    run_pd(storm(6).write(folder / "storm.pd"), prefix=valgrind, timeout=300)
    reports = [block for block in re.split(r"==\d+== \n", log.read_text()) if "ddsp" in block]
    assert reports  # such as the classes, which stay
    faults = [block for block in reports if re.search(r"Invalid|uninitialised|definitely lost|Mismatched", block)]
    # A forgotten object would still be reachable, by its thread.
    kept = [
        int(n.replace(",", "")) for block in reports for n in re.findall(r"([\d,]+) (?:\([^)]*\) )?bytes in", block)
    ]
    assert not faults and sum(kept) < 20_000, "\n".join(faults or reports)


def test_the_binaries_are_small_and_need_only_the_system(folder):
    for name in ("ddsp~.pd_linux", "ddsp.transfer~.pd_linux", "ddsp.notes~.pd_linux"):
        assert (folder / name).stat().st_size < 1.5e6
        needed = subprocess.run(["ldd", folder / name], capture_output=True, text=True, check=True).stdout
        libraries = {line.split()[0].split(".so")[0] for line in needed.splitlines()}
        assert {Path(library).name.split("-")[0] for library in libraries} <= {
            "linux",
            "libstdc++",
            "libm",
            "libgcc_s",
            "libc",
            "ld",
            "libpthread",
        }


def test_the_package_for_deken_holds_one_folder(tmp_path):
    make = ["make", "-s", "pd-archive", f"PD_FOLDER={FOLDER}", f"DIST={tmp_path}"]
    subprocess.run(make, cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.dek")
    assert re.fullmatch(r"ddsp-rt\[v\d+\.\d+\.\d+\]\([A-Za-z]+-\w+-32\)\.dek", archive.name)
    names = zipfile.ZipFile(archive).namelist()
    assert {name.split("/")[0] for name in names} == {"ddsp-rt"}
    for needed in ("ddsp~.pd_linux", "ddsp.transfer~.pd_linux", "ddsp~-help.pd", "ddsp.transfer~-help.pd", "LICENSE"):
        assert f"ddsp-rt/{needed}" in names
    assert (tmp_path / f"{archive.name}.sha256").read_text().split()[1].strip("*") == archive.name


def test_what_the_docs_show_and_link_to_is_there():
    """In the checkout, and for the page that goes into the externals' folder beside it as well."""
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if not re.match(r"\w+:", target):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
    assert (FOLDER / "pure-data.md").exists()
    for target in re.findall(r"!\[[^]]*\]\(([^)]+)", (FOLDER / "pure-data.md").read_text()):
        assert (FOLDER / target).exists(), target
