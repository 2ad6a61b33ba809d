"""Writes a folder's PNGs into another one with 256 colours, which a window of few colours does not show.

usage: shrink.py FROM TO
"""

import sys
from pathlib import Path

from PIL import Image


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    for path in sorted(source.glob("*.png")):
        picture = Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE)
        picture.save(target / path.name, optimize=True)


if __name__ == "__main__":
    main()
