"""Folders are read alike by every command, every file is accounted for, and no credit is lost silently."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ddsp_rt.cli import main
from ddsp_rt.errors import DataError
from ddsp_rt.sound_files import decoders
from ddsp_rt.sound_files.finder import find_sound_files, suffixes
from ddsp_rt.training.recordings import find_recordings

FILES = Path(__file__).parent / "data" / "files"


def silence(path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(100), 16_000, **options)
    return path


def names(folder, **options):
    return [file.name for file in find_sound_files(folder, **options).files]


def test_every_format_that_libsndfile_writes_is_found_by_its_ending(tmp_path):
    expected = []
    for kind in sorted(set(soundfile.available_formats()) - {"RAW", "SD2"}):
        name = f"a.{kind.lower()}"
        try:
            silence(tmp_path / name, format=kind, subtype=soundfile.default_subtype(kind))
        except (soundfile.SoundFileError, ValueError, TypeError):
            (tmp_path / name).unlink(missing_ok=True)
            continue
        try:
            soundfile.info(tmp_path / name)
        except soundfile.SoundFileError:  # written, but not read again, as a sample dump
            (tmp_path / name).unlink()
            continue
        expected.append(name)
    assert len(expected) > 12 and {"a.caf", "a.w64", "a.au", "a.aiff"} <= set(expected)
    assert names(tmp_path) == sorted(expected)


def test_endings_count_in_upper_case_and_by_their_other_names(tmp_path):
    for name, kind in (("A.WAV", "WAV"), ("b.Wave", "WAV"), ("c.AIF", "AIFF"), ("d.aifc", "AIFF"), ("e.OGA", "OGG")):
        silence(tmp_path / name, format=kind)
    silence(tmp_path / "f.opus", format="OGG", subtype="OPUS")
    assert names(tmp_path) == ["A.WAV", "b.Wave", "c.AIF", "d.aifc", "e.OGA", "f.opus"]
    assert ".raw" not in suffixes()


def test_hidden_parts_and_what_systems_leave_behind_are_passed_over(tmp_path):
    silence(tmp_path / "take.wav")
    for name in (
        "._take.wav",
        ".ipynb_checkpoints/take.wav",
        ".Trash-0/files/take.wav",
        "__MACOSX/take.wav",
        "sub/.x/a.wav",
    ):
        silence(tmp_path / name)
    found = find_sound_files(tmp_path)
    assert [file.name for file in found.files] == ["take.wav"] and not found.left_out
    hidden_root = tmp_path / ".hidden" / "takes"
    silence(hidden_root / "a.wav")
    assert names(hidden_root) == ["a.wav"]  # what was asked for by name
    assert names(tmp_path / "._take.wav") == ["._take.wav"]


def test_linked_folders_are_followed_once(tmp_path):
    silence(tmp_path / "in" / "real" / "a.wav")
    silence(tmp_path / "elsewhere" / "b.wav")
    (tmp_path / "in" / "again").symlink_to("real")
    (tmp_path / "in" / "out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "real" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "a-link.wav").symlink_to("real/a.wav")
    assert names(tmp_path / "in") == ["out/b.wav", "real/a.wav"]
    assert (
        len(find_sound_files([tmp_path / "in", tmp_path / "in" / "real", tmp_path / "in" / "real" / "a.wav"]).files)
        == 2
    )


def test_everything_else_is_counted_and_named(tmp_path):
    silence(tmp_path / "a.wav")
    for name in ("notes.txt", "b.txt", "score.pdf", "README", "weights.mat"):
        (tmp_path / name).write_text("words")
    (tmp_path / "gone.wav").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.wav")
    (line,) = find_sound_files(tmp_path).notes()
    for words in (
        "2 .txt (b.txt, notes.txt)", "1 .pdf (score.pdf)", "1 without an ending (README)", "1 .mat (weights.mat)",
        "broken link (gone.wav)", "pipe or device (pipe.wav)",
    ):  # fmt: skip
        assert words in line


def test_phone_recordings_are_found_or_named_with_the_commands_that_help(tmp_path, monkeypatch):
    silence(tmp_path / "a.wav")
    shutil.copy(FILES / "voice_memo.m4a", tmp_path / "Memo 1.M4A")
    monkeypatch.setattr(decoders, "have_decoder", lambda: True)
    assert names(tmp_path) == ["Memo 1.M4A", "a.wav"]
    monkeypatch.setattr(decoders, "have_decoder", lambda: False)
    found = find_sound_files(tmp_path)
    (line,) = found.notes()
    assert [file.name for file in found.files] == ["a.wav"]
    assert "1 .m4a (Memo 1.M4A)" in line and "pip install 'ddsp-rt[formats]'" in line
    assert "ffmpeg -i 'Memo 1.M4A' 'Memo 1.wav'" in line
    (tmp_path / "a.wav").unlink()
    with pytest.raises(DataError, match=r"no audio files.*1 \.m4a \(Memo 1\.M4A\).*ddsp-rt\[formats\]"):
        find_sound_files(tmp_path)


def test_a_closed_folder_is_named(tmp_path, monkeypatch):
    silence(tmp_path / "a.wav")
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert "closed folder: permission denied (closed)" in find_sound_files(tmp_path).notes()[0]


def test_names_are_bytes(tmp_path):
    name = b"caf\xe9 [red]\n.wav"
    silence(tmp_path / "a.wav")
    os.rename(tmp_path / "a.wav", os.path.join(os.fsencode(tmp_path), name))
    (file,) = find_sound_files(tmp_path).files
    assert os.fsencode(file.path).endswith(name)


@pytest.mark.usefixtures("few_onsets", "no_judges")
def test_every_command_reads_the_same_files(tmp_path, instrument_path, tone, capfd, monkeypatch):
    """An upper-case W64 in a linked folder, and a text beside it."""
    monkeypatch.setenv("DDSP_RT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "elsewhere").mkdir()
    soundfile.write(tmp_path / "elsewhere" / "TAKE.W64", tone(seconds=6), 16_000, format="W64", subtype="PCM_16")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "notes.txt").write_text("words")
    to = ["--to", str(instrument_path)]
    commands = {
        "transfer": [str(tmp_path / "in"), *to, "-o", str(tmp_path / "played")],
        "figure": [str(tmp_path / "in"), *to, "-o", str(tmp_path / "fig.png"), "--seconds", "1"],
        "inspect": [str(tmp_path / "in"), "--json"],
        "prepare": [str(tmp_path / "in"), "-o", str(tmp_path / "data.safetensors"), "--jobs", "1"],
        "evaluate": [str(instrument_path), str(tmp_path / "in"), "--json"],
    }
    for command, arguments in commands.items():
        assert main([command, *arguments]) == 0, command
        out, err = capfd.readouterr()
        if command in ("inspect", "evaluate"):
            (entry,) = json.loads(out)["files"]
            assert entry["file"].endswith("TAKE.W64")
        assert "left out: 1 .txt (notes.txt)" in out + err, command
    assert (tmp_path / "played" / "link" / "TAKE-tiny.wav").exists()


# ---- credits

ROWS = [("File", "Licence", "Attribution"), ("a.wav", "CC BY 4.0", "Zoë; a player"), ("sub/b.wav", "CC0", "")]
MANIFESTS = {
    "a comma": ",".join(ROWS[0]) + '\na.wav,CC BY 4.0,"Zoë; a player"\nsub/b.wav,CC0,\n',
    "semicolons and a mark": '\ufeffFILE;LICENCE;ATTRIBUTION\r\na.wav;CC BY 4.0;"Zoë; a player"\r\nsub\\b.wav;CC0;\r\n',
    "tabs, American": "file\tlicense\tattribution\na.wav\tCC BY 4.0\tZoë; a player\nSub/B.wav\tCC0\t\n",
    "a spreadsheet's own mark": 'sep=;\r\nfile ;licence; attribution\r\n a.wav;CC BY 4.0;"Zoë; a player"\r\n;;\r\n'
    "sub/b.wav;CC0;\r\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_is_read_as_spreadsheets_write_it(tmp_path, kind, encoding):
    text = MANIFESTS[kind].lstrip("\ufeff") if encoding != "utf-8" else MANIFESTS[kind]
    silence(tmp_path / "a.wav")
    silence(tmp_path / "sub" / "b.wav")
    (tmp_path / "manifest.csv").write_bytes(text.encode(encoding))
    said = []
    first, second = find_recordings(tmp_path, said.append)
    assert (first.licence, first.attribution) == ("CC BY 4.0", "Zoë; a player")
    assert (second.licence, second.attribution) == ("CC0", "")
    assert said == []


def test_a_name_with_accents_matches_however_it_is_composed(tmp_path):
    silence(tmp_path / "e\u0301tude.wav")  # as macOS writes it
    (tmp_path / "manifest.csv").write_text("file,licence\n\u00e9tude.wav,CC0\n", encoding="utf-8")
    assert find_recordings(tmp_path)[0].licence == "CC0"


def test_a_link_may_be_credited_by_its_own_name(tmp_path):
    silence(tmp_path / "store" / "1234.wav")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "take.wav").symlink_to(tmp_path / "store" / "1234.wav")
    (tmp_path / "in" / "manifest.csv").write_text("file,licence\ntake.wav,CC0\n")
    assert find_recordings(tmp_path / "in")[0].licence == "CC0"


def test_rows_without_a_file_and_recordings_without_a_row_are_named(tmp_path):
    for name in ("a.wav", "b.wav"):
        silence(tmp_path / name)
    (tmp_path / "manifest.csv").write_text("file,licence\na.wav,CC0\nc.wav,CC0\n")
    said = []
    find_recordings(tmp_path, said.append)
    assert "no file for 1 row (c.wav)" in said[0] and "no row for 1 recording (b.wav)" in said[1]
    said.clear()
    find_recordings(tmp_path / "a.wav", said.append)  # b.wav is there, it was not asked for
    assert "c.wav" in said[0] and len(said) == 1


@pytest.mark.parametrize("text", ["name,licence\na.wav,CC0\n", "file,licence\n,CC0\n"])
def test_a_manifest_that_cannot_be_meant_is_named(tmp_path, text):
    silence(tmp_path / "a.wav")
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(DataError, match=r"manifest\.csv"):
        find_recordings(tmp_path)
