"""Formulas for a terminal: LaTeX between dollars becomes Unicode text."""

import re

from pylatexenc.latex2text import (
    LatexNodes2Text,
    MacroTextSpec,
    get_default_latex_context_db,
)

from lessons.stacked import BAR, END, OVER, flat, stacked

LETTERS = {  # those that Unicode has as an index or an exponent
    "_": dict(
        zip("0123456789+-aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
    ),
    "^": dict(
        zip(
            "0123456789+-()abcdefghijklmnoprstuvwxyzβ\N{DOWN TACK}",
            "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵝᵀ",
        )
    ),
}
# An index or exponent that has none inside.
SCRIPT = re.compile(r"([_^])(?:{([^{}_^]*)}|([^\s{}_^]))")
# What has a range below it instead of an index.
RANGED = re.compile("(∑|max|min)(\ue003[(][^()]*[)])?$")
KEPT = {"_": "\ue003", "^": "\ue004"}  # those that stay, until all are set


def readable(markdown, width=80):
    """Markdown whose `$...$` is code in the line, `$$...$$` a block of code.

    width   of the terminal: a block that would be wider has flat fractions
    """

    def block(found):
        text = _text(found[1])
        lines = [line for part in text.split("\n") for line in stacked(part)]
        if max(map(len, lines)) > width - 4:  # with the block's margin
            lines = flat(text).split("\n")
        return "\n".join(["```text", *lines, "```"])

    def inline(found):
        return f"`{flat(_text(found[1]))}`"

    markdown = re.sub(r"\$\$(.+?)\$\$", block, markdown, flags=re.DOTALL)
    return re.sub(r"\$(.+?)\$", inline, markdown, flags=re.DOTALL)


def _text(latex):
    """A formula's text, with marked fractions."""
    # A line's end is a space in LaTeX; a new line is two backslashes.
    text = _converter.latex_to_text(" ".join(latex.split()))
    lines = [line.strip() for line in text.splitlines()]
    text = _tidy("\n".join(line for line in lines if line))
    text = re.sub(r"(?<=[⌊⌈⟨(]) | (?=[⌋⌉⟩)])", "", text)
    text = re.sub(r"(?<=[⌋⌉⟩])(?=[+-])", " ", text)
    while (found := SCRIPT.search(text)) is not None:
        before, after = text[: found.start()], text[found.end() :]
        text = before + _script(found, RANGED.search(before)) + after
    for sign, kept in KEPT.items():
        text = text.replace(kept, sign)
    # Where a command's name ends there was a space, which LaTeX swallows.
    text = re.sub(r"(?<=\w)(?=[+-] |∑)|(?<=[ᵀ…∑])(?=[A-Za-z∂])", " ", text)
    text = re.sub(r"(log)(?=\w)", r"\1 ", text)
    return re.sub(
        r" *([=≈≠≤≥<>∈·⊙→←\N{MULTIPLICATION SIGN}]) *", r" \1 ", text
    ).strip()


def _script(found, ranged):
    """An index or exponent: ᵢ, _cl, [i,j], ², ^(c); of a sum _(i,j)."""
    sign, inside = found[1], found[2] or found[3]
    letters, kept = LETTERS[sign], KEPT[sign]
    is_short = sign == "^" or re.fullmatch(r"[a-z]|[ij]{2}|-?\d+", inside)
    plain = inside.replace(" ", "")
    if is_short and set(plain) <= set(letters) and not (ranged and sign == "^"):
        return "".join(letters[letter] for letter in plain)
    if len(inside) == 1 or (re.fullmatch("[a-z]+", inside) and sign == "_"):
        return kept + inside
    if ranged or sign == "^":
        return f"{kept}({inside})"
    return f"[{inside}]"


def _tidy(text):
    return re.sub(" {2,}", " ", text.replace("∂ ", "∂"))


def _fraction(node, l2tobj):  # pylatexenc passes its converter by this name
    parts = [_tidy(l2tobj.nodelist_to_text([part])) for part in node.nodeargs]
    above, below = (p[1:-1] if p.startswith("{") else p for p in parts)
    return f"{OVER}{above}{BAR}{below}{END}"


def _make_converter():
    context = get_default_latex_context_db()
    fraction = MacroTextSpec("frac", simplify_repl=_fraction)
    context.add_context_category("ours", prepend=True, macros=[fraction])
    # Keeping braces tells the index "i,j" of a W from a comma that follows it.
    return LatexNodes2Text(
        context, keep_braced_groups=True, keep_braced_groups_minlen=2
    )


_converter = _make_converter()
