"""The manifest of a rack (TOML): an entry for each instrument, with its recordings, what it starts from, its options.

[alto-saxophone]                          # the file's name: alto-saxophone.ddsp
name = "Alto saxophone"
recordings = ["saxophone/*_alto_notes"]   # globs below the folder of data
held-out = ["saxophone/*/*_G4_*"]         # of these, never trained on
from = "violin"                           # another entry, which is made first
train = { steps = 900, from-notes = true, room = "weresax_alto_notes" }  # as ddsp-rt train has them
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.sound_files.source import shown
from ddsp_rt.training.options import TrainOptions

KEYS = ("name", "recordings", "held-out", "from", "licence", "attribution", "train")
NOT_IN_TRAIN = {  # and why
    "name": "stands beside train, not in it",
    "licence": "stands beside train, not in it",
    "attribution": "stands beside train, not in it",
    "from": "stands beside train, not in it",
    "output": "is the entry's own name",
    "resume": "is what train-all decides",
    "force": "is an option of train-all",
}


@dataclass(frozen=True)
class Entry:
    """An instrument to make. `options`: words for `ddsp-rt train`, without recordings, output and base."""

    stem: str
    recordings: tuple[str, ...]
    held_out: tuple[str, ...]
    base: str | None
    options: tuple[str, ...]


def read_rack(path: Path) -> list[Entry]:
    """The entries of a manifest, each after the one it starts from; otherwise as they stand there.

    Raises:
        DataError: the file cannot be read or is no TOML.
        UsageError: names the entry and the key that cannot be meant.
    """
    entries = {stem: _entry(f"{shown(path)}: [{stem}]", stem, table) for stem, table in _tables(path).items()}
    if not entries:
        raise DataError(f"{shown(path)}: it has no entry, such as [violin]")
    for entry in entries.values():
        if entry.base is not None and entry.base not in entries:
            raise UsageError(
                f"{shown(path)}: [{entry.stem}] from: there is no entry [{entry.base}]{_nearest(entry.base, entries)}"
            )
    return _in_order(entries, shown(path))


def with_bases(entries: list[Entry], wanted: list[str]) -> list[Entry]:
    """Those that are wanted, and what they start from. Raises UsageError for a name that no entry has."""
    by_stem = {entry.stem: entry for entry in entries}
    chosen: set[str] = set()
    for name in wanted:
        if name not in by_stem:
            raise UsageError(f"--only {name}: the manifest has no such entry. Its entries: {', '.join(by_stem)}")
        entry: Entry | None = by_stem[name]
        while entry is not None:
            chosen.add(entry.stem)
            entry = None if entry.base is None else by_stem[entry.base]
    return [entry for entry in entries if entry.stem in chosen]


def _tables(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{shown(path)}: cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{shown(path)}: is no TOML: {error}") from None


def _entry(where: str, stem: str, table: Any) -> Entry:
    if not isinstance(table, dict):
        raise UsageError(f"{where}: is no table; begin an entry with [NAME] on a line of its own")
    if Path(stem).name != stem or stem in ("", ".", ".."):
        raise UsageError(f"{where}: an entry is named as its file: no slashes")
    for key in table:
        if key not in KEYS:
            raise UsageError(f"{where} {key}: no such key{_nearest(key, KEYS)}")
    if not _texts(where, "recordings", table):
        raise UsageError(f"{where} recordings: give a list of globs below the data folder")
    options = []
    for key in ("name", "licence", "attribution"):
        options += [f"--{key}", _text(where, key, table[key])] if key in table else []
    train = table.get("train", {})
    if not isinstance(train, dict):
        raise UsageError(f"{where} train: is no table; write train = {{ steps = 900 }}")
    for key, value in train.items():
        options += _option(f"{where} train.{key}", key, value)
    _check(f"{where} train", options)
    base = _text(where, "from", table["from"]) if "from" in table else None
    return Entry(stem, _texts(where, "recordings", table), _texts(where, "held-out", table), base, tuple(options))


def _text(where: str, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{where} {key}: give a text")
    return value


def _texts(where: str, key: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list):
        raise UsageError(f"{where} {key}: give a list of globs, in square brackets")
    for glob in value:
        if not isinstance(glob, str) or not glob.strip() or Path(glob).is_absolute():
            raise UsageError(f"{where} {key}: {glob!r}: give globs relative to the data folder")
    return tuple(value)


def _option(where: str, key: str, value: Any) -> list[str]:
    """A key of `train` as words of the command line, tried on the command's own parser."""
    known = {name[2:]: option for option in _train_command().params for name in option.opts if name.startswith("--")}
    if key in NOT_IN_TRAIN:
        raise UsageError(f"{where}: {key} {NOT_IN_TRAIN[key]}")
    if key not in known:
        raise UsageError(f"{where}: ddsp-rt train has no option --{key}{_nearest(key, known)}")
    option = known[key]
    if option.is_flag:
        if not isinstance(value, bool):
            raise UsageError(f"{where}: give true or false")
        return [option.opts[0]] if value else option.secondary_opts[:1]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise UsageError(f"{where}: give a number or a text")
    words = [f"--{key}", str(value)]
    _parsed(where, words)
    return words


def _check(where: str, options: list[str]) -> None:
    """What options mean together, as train itself judges it."""
    asked = _parsed(where, options)
    try:
        TrainOptions(**{key: value for key, value in asked.items() if key not in ("recordings", "output")}).check(
            "x.ddsp"
        )
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _parsed(where: str, words: list[str]) -> dict[str, Any]:
    try:
        return _train_command().make_context("train", ["recordings", "-o", "x.ddsp", *words]).params
    except Exception as error:
        if not hasattr(error, "format_message"):  # what typer says of arguments
            raise
        raise UsageError(f"{where}: {error.format_message().rstrip('.')}") from None


def _train_command() -> Any:
    import typer

    from ddsp_rt.training.commands import train

    alone = typer.Typer(add_completion=False)
    alone.command("train")(train)
    return typer.main.get_command(alone)


def _nearest(word: str, words: Any) -> str:
    close = difflib.get_close_matches(word, list(words), 1)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(words)}"


def _in_order(entries: dict[str, Entry], where: str) -> list[Entry]:
    ordered: dict[str, Entry] = {}
    for stem in entries:
        chain: list[str] = []
        at: str | None = stem
        while at is not None and at not in ordered:
            if at in chain:
                circle = " from ".join([*chain[chain.index(at) :], at])
                raise UsageError(f"{where}: [{at}] from: entries start from each other in a circle: {circle}")
            chain.append(at)
            at = entries[at].base
        ordered |= {name: entries[name] for name in reversed(chain)}
    return list(ordered.values())
