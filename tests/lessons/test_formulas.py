"""Formulas of the lessons as a terminal shows them: indices, exponents, fractions in a line and with a bar."""

import pytest
from rich.cells import cell_len

from lessons.formulas import readable
from lessons.stacked import BAR, END, OVER, flat, stacked


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"$\frac{\partial L}{\partial W_{i,j}}$", "`∂L/∂W[i,j]`"),
        (r"$\left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1$", "`⌊(i + 2p - k)/s⌋ + 1`"),
        (r"$\left\lceil \frac{i}{s} \right\rceil + 1$", "`⌈i/s⌉ + 1`"),
        (r"$\frac{1}{2h}$", "`1/(2h)`"),
        (r"$\frac{x_i^{(l+1)}}{2}$", "`xᵢ⁽ˡ⁺¹⁾/2`"),
        (r"$\frac{\frac{a}{b}}{c + 1}$", "`(a/b)/(c + 1)`"),
        ("$10^{-12}$, $c_{-1}$, $x_{11}$", "`10⁻¹²`, `c₋₁`, `x₁₁`"),
        ("$n_{ij}$, $t_i$, $n_{cl}$, $f_c$", "`nᵢⱼ`, `tᵢ`, `n_cl`, `f_c`"),  # Unicode has no index c
        ("$y_{sr+i,\\,sq+j}$, $W_{0,1}$, $a_{t_i}$", "`y[sr+i, sq+j]`, `W[0,1]`, `a[tᵢ]`"),
        ("$x^{(l+1)}$, $w_1^2$, $s_c^{-\\beta}$", "`x⁽ˡ⁺¹⁾`, `w₁²`, `s_c⁻ᵝ`"),
        ("$e^t$, $e^{z_c}$, $e^{q}$", "`eᵗ`, `e^(z_c)`, `e^q`"),
        (
            r"$\sum_i t_i$, $\sum_{r,q} x$, $\mu \sum_{j=c-2}^{c+2} x_j$",
            "`∑ᵢ tᵢ`, `∑_(r,q) x`, `μ ∑_(j = c-2)^(c+2) xⱼ`",
        ),
        (r"$\max_{i,j} x$", "`max_(i,j) x`"),
        ("a $x=1$, b $C^\\top$", "a `x = 1`, b `Cᵀ`"),
        (r"$b \to \frac{b}{2}$, $R \times R$", "`b → b/2`, `R \N{MULTIPLICATION SIGN} R`"),
        (r"$1 + \mu + \mu^2$, $\eta < 2$", "`1 + μ + μ²`, `η < 2`"),
        (r"$-\log p_i$, $W^\top dy$, $\odot$", "`-log pᵢ`, `Wᵀ dy`, `⊙`"),
        (r"$\frac{|t - 1|}{s}$, $\frac{1}{\partial \tilde{x}_q}$", "`|t - 1|/s`, `1/∂x̃_q`"),
        ("$$a =\nb$$", "```text\na = b\n```"),
        (r"$$\begin{aligned} a &= b \\ c &= d \end{aligned}$$", "```text\na = b\nc = d\n```"),
        ("no formula", "no formula"),
    ],
)
def test_formulas_become_text(latex, text):
    assert readable(latex) == text


FRACTIONS = [
    (r"\frac{\partial L}{\partial x} = C \, \frac{\partial L}{\partial y}", ["∂L     ∂L", "── = C ──", "∂x     ∂y"]),
    (r"\left\lfloor \frac{i + 2p}{s} \right\rfloor + 1", ["⎢i + 2p⎥", "⎢──────⎥ + 1", "⎣  s   ⎦"]),
    (r"\left( \frac{a}{b + 1} \right)", ["⎛  a  ⎞", "⎜─────⎟", "⎝b + 1⎠"]),
    (r"\frac{\frac{a}{b}}{c + d}", ["  a", "  ─", "  b", "─────", "c + d"]),
    (r"\frac{1}{\tilde{x}} y", ["1", "─ y", "x̃"]),
]


@pytest.mark.parametrize(("latex", "lines"), FRACTIONS)
def test_a_formula_of_its_own_has_fractions_with_a_bar(latex, lines):
    assert readable(f"$${latex}$$").splitlines()[1:-1] == lines


def test_a_formula_too_wide_for_the_terminal_has_flat_fractions():
    formula = r"$$\frac{\partial L}{\partial x} = 1234567890$$"
    assert readable(formula, width=19).count("─") == 2
    assert readable(formula, width=18) == "```text\n∂L/∂x = 1234567890\n```"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[0, 1) + 2", ["[0, 1) + 2"]),
        ("(0", ["(0"]),
        ("0)", ["0)"]),
        (f"[0, {OVER}1{BAR}(2{END} + 3", ["⎡   1", "⎢0, ── + 3", "⎣   (2"]),
    ],
)
def test_brackets_that_do_not_match_keep_all_in_its_place(text, lines):
    assert stacked(text) == lines


def test_every_line_of_a_box_ends_where_it_should():
    lines = stacked(f"a + {OVER}1{BAR}{OVER}x\N{COMBINING TILDE} + 1{BAR}3{END}{END} + b")
    assert [cell_len(line) for line in lines] == [7, 13, 9, 9, 7]
    assert flat(f"{OVER}1{BAR}{OVER}x{BAR}3{END}{END}") == "1/(x/3)"
