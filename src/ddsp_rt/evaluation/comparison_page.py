"""The comparison as one HTML page that needs nothing else: sounds, pictures and the key to a blind test are in it."""

from __future__ import annotations

import base64
import html
import io
import json
import random
from importlib.resources import files

from ddsp_rt.evaluation.comparison import Heard, picture
from ddsp_rt.evaluation.tables import Row

TEMPLATE = "comparison_page.html"


def page(
    names: tuple[str, str],
    sounds: list[Heard],
    rows: list[tuple[Row, Row]],
    notes: list[str],
    blind: bool = True,
    seed: int | None = None,
) -> str:
    """The page.

    names: of A and B. rows: measures, of A and B. blind: the order of the two is drawn for each recording and told only
    when the listener asks, the measures as well; otherwise A is always the first. seed: of the draw.
    """
    draw = random.Random(seed)
    orders = [draw.sample([0, 1], 2) if blind else [0, 1] for _ in sounds]
    parts = {
        "TITLE": html.escape(f"{names[0]} and {names[1]}"),
        "INTRODUCTION": _introduction(blind),
        "RECORDINGS": "\n".join(
            _recording(number, heard, order, names, blind)
            for number, (heard, order) in enumerate(zip(sounds, orders), 1)
        ),
        "REVEAL": '<p><button type="button" id="reveal">Reveal which is which</button></p>' if blind else "",
        "HIDDEN": "hidden" if blind else "",
        "MEASURES": _measures(names, rows, notes),
        # Encoded, so that a glance at the source does not give it away.
        "KEY": base64.b64encode(json.dumps({"names": names, "orders": orders}).encode()).decode(),
    }
    text = files("ddsp_rt.evaluation").joinpath(TEMPLATE).read_text("utf-8")
    for name, value in parts.items():
        text = text.replace(f"<!--{name}-->", value)
    return text


def _introduction(blind: bool) -> str:
    if not blind:
        return "All sounds have the same loudness."
    return (
        "Each recording is played by two instruments, in an order drawn anew for each. All sounds have the same "
        "loudness. Say which you prefer, then reveal which was which."
    )


def _recording(number: int, heard: Heard, order: list[int], names: tuple[str, str], blind: bool) -> str:
    labels = ["Version 1", "Version 2"] if blind else [f"{letter}: {names[i]}" for i, letter in enumerate("AB")]
    players = [("Performance", heard.source)] + [(labels[i], heard.played[order[i]]) for i in (0, 1)]
    span = max(len(audio) for _, audio in players) / heard.rate
    figures = []
    for key, (label, audio) in zip("012", players):
        label = html.escape(label)
        figures.append(f"""<figure>
<figcaption><span class="label" data-version="{key}">{label}</span> <kbd>{key}</kbd></figcaption>
<audio controls preload="auto" data-key="{key}" aria-label="{label}, recording {number}"
 src="data:audio/flac;base64,{_flac(audio, heard.rate)}"></audio>
<img alt="Waveform and spectrogram of {label}, recording {number}"
 src="data:image/png;base64,{base64.b64encode(picture(audio, heard.rate, span)).decode()}">
</figure>""")
    choices = "".join(
        f'<label><input type="radio" name="choice{number}" value="{value}"> {text}</label>'
        for value, text in (("1", "Version 1"), ("0", "no difference"), ("2", "Version 2"))
    )
    asked = f"<fieldset><legend>Which do you prefer?</legend>{choices}</fieldset>" if blind else ""
    return f"""<section tabindex="0" aria-labelledby="recording{number}" data-number="{number}">
<h2 id="recording{number}">{number}. {html.escape(heard.name)}</h2>
<div class="versions">
{"".join(figures)}
</div>
{asked}
</section>"""


def _measures(names: tuple[str, str], rows: list[tuple[Row, Row]], notes: list[str]) -> str:
    lines = []
    for first, second in rows:
        what, unit = html.escape(first[0]), html.escape(first[2])
        indent = ' class="part"' if what.startswith(" ") else ""
        meanings = html.escape(first[3] if first[3] == second[3] else f"A: {first[3]}; B: {second[3]}")
        lines.append(
            f'<tr><th scope="row"{indent}>{what.strip()}</th><td>{html.escape(first[1])}</td>'
            f"<td>{html.escape(second[1])}</td><td>{unit}</td><td>{meanings}</td></tr>"
        )
    a, b = (html.escape(name) for name in names)
    told = "".join(f"<p>Note: {html.escape(note)}</p>" for note in notes)
    return f"""<table>
<caption>Measures over all recordings</caption>
<thead><tr><th scope="col">measure</th><th scope="col">A: {a}</th><th scope="col">B: {b}</th>
<th scope="col">unit</th><th scope="col">meaning</th></tr></thead>
<tbody>
{"".join(lines)}
</tbody></table>
{told}"""


def _flac(audio, rate: int) -> str:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, audio, rate, format="FLAC", subtype="PCM_16")
    return base64.b64encode(file.getvalue()).decode()
