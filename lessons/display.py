"""A figure in a notebook, with its alternative text; what moves, in stills too.

Exports show what an output's HTML says, and know no GIF by itself; so the
picture stands in the HTML, and needs no other file.
"""

import base64
from html import escape

from PIL import Image

STILLS, WIDEST, GAP = 4, 560, 12  # frames of a film strip, their pixels
FITTING = "max-width: 100%; height: auto"
SCROLLING = "overflow-x: auto; margin-top: 0.5em"


def output(path, alt):
    """What a notebook's cell puts out: {MIME type: data}.

    path   of a .png, or of a .gif, whose film strip is there already
    alt    the alternative text: what is to be seen, in a sentence or two
    """
    still, html = path, _image(path, alt, FITTING)
    if path.suffix == ".gif":
        still = strip_of(path)
        stills = _image(still, "Stills of this animation.", "max-width: none")
        html = (
            f"<details open><summary>Animation: hide it</summary>{html}"
            f'</details><div style="{SCROLLING}" tabindex="0">{stills}</div>'
        )
    return {"text/html": html, "image/png": _base64(still), "text/plain": alt}


def strip_of(animation):
    """Where the film strip of a GIF lies: 07_a.gif's in 07_a_stills.png."""
    return animation.with_name(f"{animation.stem}_stills.png")


def save_strip(animation):
    """Save a few frames of a GIF in a row, for there is no pausing it."""
    with Image.open(animation) as moving:
        last, frames = moving.n_frames - 1, []
        for number in sorted({last * n // (STILLS - 1) for n in range(STILLS)}):
            moving.seek(number)
            frames.append(moving.convert("RGB"))
            frames[-1].thumbnail((WIDEST, WIDEST), Image.Resampling.LANCZOS)
    width, height = frames[0].size
    size = len(frames) * (width + GAP) - GAP, height
    strip = Image.new("RGB", size, "white")
    for place, frame in enumerate(frames):
        strip.paste(frame, (place * (width + GAP), 0))
    strip.quantize(256).save(strip_of(animation), optimize=True)


def _image(path, alt, style):
    kind, data = path.suffix[1:], _base64(path)
    return (
        f'<img alt="{escape(alt)}" style="{style}"'
        f' src="data:image/{kind};base64,{data}">'
    )


def _base64(path):
    return base64.b64encode(path.read_bytes()).decode("ascii")
