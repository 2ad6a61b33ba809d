"""Makes docs/instruments.html: every shipped instrument with its picture, two sounds, and what its card says.

    python docs/listen.py

Each plays the bundled phrase and the tune in examples/, brought into its range, in its own room. Sounds are MP3, which
every browser plays. `make listen` calls it; a test fails where the page is of another instrument than is shipped.
"""

from __future__ import annotations

import html
import re
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from ddsp_rt.cli import main as ddsp_rt
from ddsp_rt.content_hash import content_hash

ROOT = Path(__file__).parents[1]
PAGE, SOUNDS = ROOT / "docs" / "instruments.html", ROOT / "docs" / "listen"
PHRASE, TUNE = ROOT / "examples" / "sung_phrase.flac", ROOT / "examples" / "greensleeves.mid"
ROWS = ("range", "plays evenly", "room", "notes", "life", "data", "training", "licence")  # of a card's first table
PEAK = 0.7  # of every sound: instruments are as loud as they were recorded
PIXELS = 1100  # width of a picture
STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
article { border-top: 1px solid; margin-top: 2rem; }
audio { width: 100%; max-width: 32rem; display: block; }
img { max-width: 100%; height: auto; }
th, td { text-align: left; vertical-align: top; padding: 0.15rem 1rem 0.15rem 0; }
"""


def page() -> str:
    """HTML, of what lies in instruments/ and docs/listen/."""
    paths = sorted((ROOT / "instruments").glob("*.ddsp"), key=lambda path: (path.stem != "violin", path.stem))
    articles = "\n".join(article(path) for path in paths)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The instruments of ddsp-rt</title>
<style>{STYLE}</style>
</head>
<body>
<h1>The instruments of ddsp-rt</h1>
<p>The same sung phrase and the same tune on every instrument that comes with the project, each in its own room where
it has one, brought to the same peak. The pictures show the phrase as it is played.</p>
{audio("The phrase as it was sung", "../examples/sung_phrase.flac")}
<p>Sung phrase: vocadito 10 (Bittner, Pasalo, Bosch, Meseguer-Brocal and Rubinstein 2021),
<a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>; what is made of it is an adaptation.
Tune: Greensleeves, traditional.</p>
{articles}
</body>
</html>
"""


def article(instrument: Path) -> str:
    """One instrument, marked with the hash of its file."""
    stem, card = instrument.stem, instrument.with_suffix(".md").read_text(encoding="utf-8")
    title = re.search(r"^# (.+)$", card, re.MULTILINE)[1]
    title = title[0].upper() + title[1:]
    return f"""<article id="{stem}" data-sha256="{content_hash(instrument)}">
<h2>{html.escape(title)}</h2>
<p>{inline(paragraph(card, "# "))}</p>
{audio(f"{title}: the sung phrase", f"listen/{stem}-phrase.mp3")}
{audio(f"{title}: the tune, from MIDI", f"listen/{stem}-tune.mp3")}
<p><img src="listen/{stem}.webp" width="{PIXELS}" loading="lazy"
alt="The phrase on the {html.escape(title.lower())}, taken apart: spectrogram, pitch, loudness, harmonics, noise"></p>
{table("What it is", [row for row in rows(card, 0) if row[0] in ROWS])}
{table("Measured", rows(card, 1), heads=1)}
<h3>Weaknesses</h3>
{items(section(card, "Weaknesses"))}
<h3>Credits</h3>
{items(section(card, "Credits"))}
</article>"""


def audio(label: str, source: str) -> str:
    return f"""<p>{html.escape(label)}
<audio controls preload="none" src="{source}" aria-label="{html.escape(label)}"></audio></p>"""


def paragraph(card: str, after: str) -> str:
    """The first one after a heading."""
    return re.search(rf"^{re.escape(after)}.*\n+((?:.+\n)+)", card, re.MULTILINE)[1]


def section(card: str, heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", card, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def rows(card: str, number: int) -> list[list[str]]:
    """The cells of one of its tables, its heading first where it has one."""
    tables = re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE)
    lines = tables[number].splitlines() if number < len(tables) else []
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if any(row) and not set("".join(row)) <= set("-")]


def table(caption: str, found: list[list[str]], heads: int = 0) -> str:
    """The first `heads` rows head its columns, the first cell of the others heads its row."""
    lines = []
    for number, row in enumerate(found):
        cells = [f"<td>{inline(cell)}</td>" for cell in row]
        if number < heads:
            cells = [f'<th scope="col">{inline(cell)}</th>' for cell in row]
        else:
            cells[0] = f'<th scope="row">{inline(row[0])}</th>'
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<h3>{caption}</h3>\n<table>\n" + "\n".join(lines) + "\n</table>"


def items(text: str) -> str:
    """A list, and a paragraph for what stands between its items."""
    out = []
    for block in re.split(r"\n(?=- )|\n\n", text.strip()):
        words = " ".join(block.split())
        out.append(
            f"<li>{inline(words[2:])}</li>" if words.startswith("- ") else f"</ul>\n<p>{inline(words)}</p>\n<ul>"
        )
    return "<ul>\n" + "\n".join(out) + "\n</ul>"


def inline(text: str) -> str:
    """A card's words: code stays code, a link keeps its words."""
    text = html.escape(" ".join(text.split()))
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text)


def play(instrument: Path, folder: Path) -> None:
    """The two sounds and the picture, into docs/listen/."""
    stem, picture = instrument.stem, folder / "picture.png"
    phrase, tune = folder / "phrase.wav", folder / "tune.wav"
    commands = (
        ["transfer", str(PHRASE), "--to", str(instrument), "-o", str(phrase), "--figure", str(picture)],
        ["play", str(TUNE), "--to", str(instrument), "-o", str(tune), "--octave", "auto"],
    )
    for command in commands:
        if code := ddsp_rt([*command, "-q"]):
            sys.exit(code)
    for path in (phrase, tune):
        samples, rate = soundfile.read(path)
        samples *= PEAK / np.abs(samples).max()
        soundfile.write(SOUNDS / f"{stem}-{path.stem}.mp3", samples, rate, format="MP3")
    with Image.open(picture) as image:
        small = image.convert("RGB").resize((PIXELS, round(PIXELS * image.height / image.width)))
        small.save(SOUNDS / f"{stem}.webp", quality=60)


def main() -> None:
    SOUNDS.mkdir(exist_ok=True)
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    for instrument in sorted((ROOT / "instruments").glob("*.ddsp")):
        if f'"{content_hash(instrument)}"' in before and (SOUNDS / f"{instrument.stem}.webp").exists():
            continue  # it is there
        print(f"Playing {instrument.stem}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            play(instrument, Path(folder))
    lines = (textwrap.fill(line, 120, break_long_words=False, break_on_hyphens=False) for line in page().splitlines())
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"Made {PAGE.relative_to(ROOT)}: open it in a browser")


if __name__ == "__main__":
    main()
