"""Whether a run that is resumed is asked for what it began with, and what is taken anew."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ddsp_rt.content_hash import content_hash
from ddsp_rt.errors import DataError, UsageError
from ddsp_rt.instrument_file import load_instrument
from ddsp_rt.training.options import TrainOptions, base_path
from ddsp_rt.training.settings import Settings
from ddsp_rt.training.sources import Sources, difference

BUDGET = ("seed", "steps", "minutes", "networks")  # of the settings, which options of their own replace
TAKEN_ANEW = ("name", "licence", "attribution", "room")  # what a resumed run may be asked to change

JOINING = {True: "--from-notes", False: "--no-from-notes"}  # the options, by what they ask for


def what_was_asked(
    options: TrainOptions, settings: Settings, sources: Sources, used: Sources, joined: bool
) -> dict[str, Any]:
    """What a checkpoint keeps of a new run's options, as plain values.

    `used`: of the data set made of `sources`, whose notes are `joined` or not.
    """
    return {
        "recordings": sources.contents,
        "used": used.contents,
        "sample_rate": options.rate,
        "hold_out": options.hold_out or 0.0,
        "channel": options.channel,
        "from_notes": joined,
        "z": options.z,
        "base": None if options.base is None else content_hash(base_path(options.base)),
        "base_credits": _credits(options),
        "decoder": None if options.decoder is None else asdict(options.decoder),
        "settings": {k: v for k, v in (options.settings or Settings()).table().items() if k not in BUDGET},
        "seed": settings.seed,
        **{key: getattr(options, key) for key in TAKEN_ANEW},
    }


def _credits(options: TrainOptions) -> dict[str, Any]:
    """Licence and attribution of the instrument to start from, whose recordings are in what is learnt from it."""
    metadata = {} if options.base is None else load_instrument(base_path(options.base))[0]
    return {"licence": metadata.get("licence", ""), "attribution": list(metadata.get("attribution", ()))}


def check_resumed(options: TrainOptions, state: dict[str, Any], sources: Sources) -> list[str]:
    """Lines on what a resumed run takes anew. Raises UsageError, which names all that it cannot."""
    asked = state.get("asked")
    if not isinstance(asked, dict):
        raise DataError("the checkpoint is of another version of ddsp-rt; train without --resume")
    found = [_recordings(asked, sources)]
    for option, given, before in (
        ("--seed", options.seed, asked["seed"]),
        ("--sample-rate", options.sample_rate, asked["sample_rate"]),
        ("--hold-out", options.hold_out, asked["hold_out"]),
        ("--channel", options.channel, asked.get("channel")),
        ("--z", True if options.z else None, asked["z"]),
    ):
        if given is not None and given != before:
            found.append("--z (the run is without)" if option == "--z" else f"{option} {given} (the run has {before})")
    joined = asked.get("from_notes", False)
    if options.from_notes is not None and options.from_notes != joined:
        found.append(f"{JOINING[options.from_notes]} (the run's notes are {'joined' if joined else 'not joined'})")
    if options.base is not None and content_hash(base_path(options.base)) != asked["base"]:
        other = "another instrument" if asked["base"] else "nothing"
        found.append(f"--from {options.base} (the run started from {other})")
    if options.decoder is not None and _plain(asdict(options.decoder)) != _plain(asked["decoder"]):
        found.append("the sizes of the network")
    if options.settings is not None:
        table = options.settings.table()
        changed = [k for k, v in asked["settings"].items() if k not in table or _plain(table[k]) != _plain(v)]
        found += [f"{k} {table.get(k)} (the run has {asked['settings'][k]})" for k in changed]
    found = [difference for difference in found if difference]
    if found:
        raise UsageError(
            f"--resume: the run began with something else: {'; '.join(found)}. Give it what it began with, or begin a "
            "new run under another name (--from starts it with what this one has learnt)"
        )
    taken = []
    for option in TAKEN_ANEW:
        given, before = getattr(options, option), asked[option]
        if given is not None and given != before:
            taken.append(f"--{option} {given} takes the place of {'the default' if before is None else before}")
    return taken


def _recordings(asked: dict[str, Any], sources: Sources) -> str:
    """In words, how the recordings differ from the run's."""
    if set(sources.contents) == set(asked["used"]):
        return ""
    words = difference(asked["recordings"], sources.contents)
    return f"other recordings ({words})" if words else ""


def _plain(value: Any) -> Any:
    """As a checkpoint gives it back: lists for tuples."""
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return {key: _plain(entry) for key, entry in value.items()} if isinstance(value, dict) else value
