"""Formulas for a terminal: LaTeX between dollars becomes Unicode text."""

import re

from pylatexenc.latex2text import (
    LatexNodes2Text,
    MacroTextSpec,
    get_default_latex_context_db,
)

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# What needs no brackets in a fraction: a number, a name with its indices, an
# absolute value, a function of something plain.
PLAIN = re.compile(
    r"∂?[^\W\d][\w\N{COMBINING TILDE}]*([_^](\w|{.*}))*|\d+|\|[^|]*\||\w+\(\w\)"
)


def readable(markdown):
    """Markdown whose `$...$` is code in the line, `$$...$$` a block of code."""
    markdown = re.sub(r"\$\$(.+?)\$\$", _block, markdown, flags=re.DOTALL)
    return re.sub(r"\$(.+?)\$", _inline, markdown, flags=re.DOTALL)


def _block(found):
    return f"```text\n{_text(found[1])}\n```"


def _inline(found):
    return f"`{_text(found[1])}`"


def _text(latex):
    lines = _converter.latex_to_text(_one_line(latex)).splitlines()
    text = "\n".join(line.strip() for line in lines if line.strip())
    text = _tidy(text).replace("^\N{DOWN TACK}", "ᵀ")
    text = re.sub(r"(?<=[⌊⌈⟨(]) | (?=[⌋⌉⟩)])", "", text)
    text = re.sub(r"(?<=[⌋⌉⟩])(?=[+-])", " ", text)
    # Where a command's name ends there was a space, which LaTeX swallows.
    text = re.sub(r"(?<=\w)(?=[+-] )|(?<=[ᵀ…∑])(?=[^\W\d_])", " ", text)
    text = re.sub(r"(log)(?=\w)", r"\1 ", text)
    text = re.sub(
        r" *([=≈≠≤≥<>∈·⊙→←\N{MULTIPLICATION SIGN}]) *", r" \1 ", text
    ).strip()
    return re.sub(r"\^(\d|{-?\d+})", _superscript, text)


def _superscript(found):
    return found[1].strip("{}").translate(SUPERSCRIPTS)


def _one_line(latex):
    """A line's end is a space in LaTeX; a new line is two backslashes."""
    return " ".join(latex.split())


def _tidy(text):
    return re.sub(" {2,}", " ", text.replace("∂ ", "∂"))


def _fraction(node, l2tobj):  # pylatexenc passes its converter by this name
    parts = [_tidy(l2tobj.nodelist_to_text([part])) for part in node.nodeargs]
    parts = [part[1:-1] if part.startswith("{") else part for part in parts]
    return "/".join(p if PLAIN.fullmatch(p) else f"({p})" for p in parts)


def _make_converter():
    context = get_default_latex_context_db()
    fraction = MacroTextSpec("frac", simplify_repl=_fraction)
    context.add_context_category("ours", prepend=True, macros=[fraction])
    # Keeping braces tells the index "i,j" of a W from a comma that follows it.
    return LatexNodes2Text(
        context, keep_braced_groups=True, keep_braced_groups_minlen=2
    )


_converter = _make_converter()
