"""Names in pictures, in whatever script: fonts of this machine that have their letters, or else numbers.

Every name in a picture is drawn so: `texts, fonts = readable(names)`, then for each `write(text, texts[i], fonts)`.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from matplotlib import get_data_path
from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager, get_font
from matplotlib.text import Text

from minifcn.errors import caution
from minifcn.text import one_line

FIRST = "DejaVu Sans"  # comes with matplotlib
LONGEST = 40  # letters of a name in a picture
INSTALL = "install one (on Debian and Ubuntu fonts-noto-cjk or fonts-nanum) to see the names"


def readable(names: Sequence[str], kind: str = "class") -> tuple[list[str], list[str]]:
    """What to draw of each name, and the fonts to draw it in -> (texts, matplotlib's `family`).

    A name that no fonts here have all letters of becomes its kind and number, "class 3", and a caution says so once;
    control characters are escaped, and the middle of a long name is left out.
    """
    texts, fonts = _readable(tuple(names), kind)
    return list(texts), list(fonts)


def write(text: Text, words: str, fonts: Sequence[str]) -> None:
    """Let a text of a figure show these words in these fonts, as they are: $ begins no formula."""
    text.set_parse_math(False)
    text.set_fontfamily(list(fonts))
    text.set_text(words)


@lru_cache
def _readable(names, kind):
    texts = [_shortened(one_line(name)) for name in names]
    fonts, missing = fonts_for(frozenset("".join(texts)))
    lost = [number for number, text in enumerate(texts) if missing.intersection(text)]
    if lost:
        which = ", ".join(f"{kind} {number} is {texts[number]}" for number in lost[:3])
        more = f" and {len(lost) - 3} more" * (len(lost) > 3)
        caution(f"pictures have numbers for names that no font here has the letters of ({which}{more}): {INSTALL}")
    return [f"{kind} {number}" if number in lost else text for number, text in enumerate(texts)], fonts


@lru_cache
def fonts_for(letters: frozenset[str]) -> tuple[list[str], frozenset[str]]:
    """Fonts that have these letters between them, the usual one first, and the letters that none has."""
    fonts, missing = [FIRST], letters - _letters_in(_file(FIRST), letters)
    for name in _others(missing) if missing else []:
        if found := _letters_in(_file(name), missing):
            fonts.append(name)
            missing -= found
    return fonts, missing


def _others(letters):
    """The regular fonts of this machine, those with most of the letters first."""
    _add_new_fonts()
    own = get_data_path()  # matplotlib's: signs for formulas, and a font that has a box for every letter
    regular = [entry for entry in fontManager.ttflist if entry.style == "normal" and entry.weight == 400]
    files = {entry.name: entry.fname for entry in regular if not entry.fname.startswith(own)}
    counts = {name: len(_letters_in(file, letters)) for name, file in files.items()}
    # Of equals one without serifs, as the usual one is.
    return sorted(files, key=lambda name: (-counts[name], "Sans" not in name and "Gothic" not in name, name))


def _file(name):
    """The file that matplotlib draws a font from."""
    return findfont(FontProperties(family=[name]), fallback_to_default=False)


def _letters_in(file, letters):
    """Those of the letters that a font's file has."""
    try:
        font = get_font(file)
    except (OSError, RuntimeError):  # it is damaged, or gone
        return frozenset()
    return frozenset(letter for letter in letters if font.get_char_index(ord(letter)))


@lru_cache
def _add_new_fonts():
    """Tell matplotlib of fonts that were installed after it made its list, which it keeps for good."""
    known = {Path(entry.fname) for entry in fontManager.ttflist}
    for path in findSystemFonts():
        if Path(path) not in known:
            try:
                fontManager.addfont(path)
            except Exception:  # of many kinds: a font of pictures, as of emoji, is none for matplotlib
                continue


def _shortened(text):
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[1 - LONGEST // 2 :]}"
