"""What is put after an option of a command: valid, on the border, absurd, or strange to read."""

# ruff: noqa: SIM905

import argparse
import random

from command_workspace import FILES, FOLDERS, ODD_PLACES

WHOLE = [1, 2, 3, 8, 16, 32, 48, 100, 0, -1, -8, 254, 255, 256, 4096, 65535, 65536, 999_999, 1_000_000, 1_000_001]
WHOLE += [10**7, 2**31 - 1, 2**31, 2**32, 10**12, 2**63 - 1, 2**63, 10**18, 10**19, 10**30, -(2**63), -(10**30)]
REAL = "0.5 0.1 1.0 1e-3 0 -0 -0.5 2 100 1e6 1e9 1e18 1e308 1e400 -1e400 1e-320 1e-400 nan -nan inf -inf .5 5.".split()
REAL += "Infinity 1e 0x1p3".split()
NO_NUMBERS = "five ٣ \uff11\uff12 ½ 1_0 0x10 1e3 +5 --5 5,0 5.5 NaN None true %s {w} [1] 5\udcff \x1b[31m5".split()
NO_NUMBERS += ["", " ", " 5 ", "5\n6", "9" * 25, "9" * 5000, "-" + "9" * 5000]
SIZES = "32 32x32 48x24 16X16 1 1x1 0 0x0 5x0 10x x10 1.5x3 5x5x5 -5x5 65535 65535x65535 65536 65535x1 1x65535".split()
SIZES += ["999999999x999999999", "10000000000x1", "٣x٣", "9" * 5000]
NAMES = (
    "a train val test trainval ../val /etc 배경 \udcff \x1b[2J * [ $x$ - -- conv* fc* ** conv[ [red] b c %s {}".split()
)
NAMES += ["", " ", "a\nb", "a" * 300, "nul", "a/b", "'", '"', "\\"]
WORDS = ["same", "SAME", "yes", "no", "0"]


def values_for(action: argparse.Action, rng: random.Random) -> list[str]:
    """Values for an option, as many as it takes, and seldom one more or none."""
    if action.nargs == 0:
        return ["5"] if rng.random() < 0.05 else []
    count = rng.choice([1, 1, 2, 3, 12]) if action.nargs in ("+", "*") else 1
    count += rng.choice([-1, 1]) if rng.random() < 0.05 else 0
    return [_value(action, rng) for _ in range(count)]


def _value(action, rng):
    metavar = action.metavar or ""
    if action.choices and rng.random() < 0.8:
        return rng.choice(list(action.choices))
    if action.choices or rng.random() < 0.03:
        return rng.choice(NAMES + NO_NUMBERS)
    if any(word in metavar for word in ("DIR", "FILE", "WEIGHTS", "IMAGE")):
        return _place(rng)
    if "WxH" in metavar:
        return rng.choice(rng.choice([SIZES, SIZES, SIZES, NO_NUMBERS]))
    if metavar in ("N", "X", "P", "100|same"):
        good, other = (REAL, WHOLE) if metavar in "XP" else (WHOLE, REAL)
        kinds = [good] * 6 + [other, NO_NUMBERS] + [WORDS] * ("same" in metavar)
        return str(rng.choice(rng.choice(kinds)))
    return rng.choice(NAMES)


def _place(rng):
    return rng.choice(rng.choice([FILES, FOLDERS, ODD_PLACES, ODD_PLACES]))


def absurd(given: dict[str, list[str]], rng: random.Random) -> None:
    """Spoil a line as a whole: {option: values}, "" for those before the first."""
    names = [name for name in given if name]
    how = rng.randrange(8)
    if how == 0 and names:
        del given[rng.choice(names)]
    elif how == 1 and names:
        given[rng.choice(names)] = []
    elif how == 2:
        given[rng.choice(["--speed", "--n", "-x", "-", "--out-of", "--=", "--\udcff", "--a\nb", "--é"])] = ["3"]
    elif how == 3 and names:  # short for it, and maybe for others
        name = rng.choice(names)
        given[name[: rng.randrange(3, len(name) + 1)]] = given.pop(name)
    elif how == 4:
        given.setdefault("", []).append(rng.choice(NAMES + ODD_PLACES))
    elif how == 5 and names:
        name = rng.choice(names)
        given[name] = given[name] * 2
    elif how == 6:
        given |= {name: [] for name in rng.sample(["--resume", "--overwrite", "--stages", "--explain", "--verbose"], 2)}
    else:
        given |= {"--resume": [], "--out": ["{w}/run"]}
