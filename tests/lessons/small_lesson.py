"""A lesson small enough for tests: its cells, its exercises and their checks."""

SMALL = """# %% [markdown]
# # 1. Is this small?
#
# **Time:** 5 minutes
#
# **Know before:** what $x^2$ is.

# %%
x = 2
print("x is", x)

# %%
x += 1
print("now", x)

# %% [markdown]
# ## The last cell
"""
EXERCISES = """\"\"\"Lesson 1's exercises.\"\"\"

import numpy as np


def double(x):
    \"\"\"2x\"\"\"
    raise NotImplementedError


def triple(x):
    \"\"\"3x\"\"\"
    raise NotImplementedError
"""
CHECKS = """from lessons.hints import same


def double(answer):
    same(answer(2), 4, "wrong for 2")


def triple(answer):
    same(answer(2), 6, "wrong for 2")


def _not_an_exercise():
    pass
"""
