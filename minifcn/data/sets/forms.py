"""The forms of the objects in generated scenes: which pixels belong to an object.

Whole numbers throughout, since rounding differs between machines and between drawing libraries' versions.
A form is a test on a pixel's place (u, v) in the object's own frame, u to its right and v downwards, and on the
object's radius r, all in units of 1/`UNIT` pixel. It takes integer arrays and gives a boolean one.
"""

import math

import numpy as np

UNIT = 64
TURNS = 72  # directions: every 5 degrees


def cosine(turn: int) -> int:
    """The cosine of `turn` steps of 5 degrees in units of 1/`UNIT`, a whole number."""
    return round(UNIT * math.cos(2 * math.pi * turn / TURNS))  # none lies near a half: the same everywhere


def sine(turn: int) -> int:
    """The sine, as `cosine`."""
    return cosine(turn - TURNS // 4)


def disc(u: np.ndarray, v: np.ndarray, r: int) -> np.ndarray:
    """All points up to r from the centre."""
    return u * u + v * v <= r * r


def square(u: np.ndarray, v: np.ndarray, r: int) -> np.ndarray:
    """A square of the disc's area, about."""
    return np.maximum(abs(u), abs(v)) <= r * 7 // 8


def triangle(u: np.ndarray, v: np.ndarray, r: int) -> np.ndarray:
    """Equal sides, the tip up: the points inside three lines."""
    return sum(_inside(u, v, r * 9 // 16, turn) for turn in (18, 42, 66)) == 3


def star(u: np.ndarray, v: np.ndarray, r: int) -> np.ndarray:
    """Five tips, one of them up. Its five lines cross inside: a tip lies outside one of them, no point of two."""
    return sum(_inside(u, v, r * 3 // 8, turn) for turn in (11, 25, 40, 54, 68)) >= 4


def ring(u: np.ndarray, v: np.ndarray, r: int) -> np.ndarray:
    """A disc with a hole."""
    return disc(u, v, r) & ~disc(u, v, r * 5 // 8)


def ladder(u: np.ndarray, v: np.ndarray, r: int) -> np.ndarray:
    """Two rails and the rungs between them, all thin: 2 to 4 pixels wide, higher than 2r."""
    thin = UNIT + r // 32
    rail, height, apart = r * 3 // 8, r * 5 // 4, r * 5 // 8
    rungs = (v + apart // 2) % apart < 2 * thin
    return (abs(v) <= height) & (abs(u) <= rail + thin) & (rungs | (abs(u) >= rail - thin))


def _inside(u, v, distance, turn):
    """The points on the near side of the line at `distance` from the centre in direction `turn` (down: 18)."""
    return cosine(turn) * u + sine(turn) * v <= UNIT * distance
