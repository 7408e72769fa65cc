"""What a class might hand in for lesson 7: {name: (text of the file, points, a part of the feedback)}."""

from lessons.lesson import lesson

LESSON = lesson("7")
RIGHT = LESSON.beside("solutions").read_text("utf-8")
SKELETONS = LESSON.beside("exercises").read_text("utf-8")
NAMES = ("output_size", "transposed", "gradients")
GRADIENTS = RIGHT.index("def gradients")
BODY = "    (kh, kw), padded = weight.shape, np.pad(dy, padding)\n"  # the first line of gradients
assert BODY in RIGHT
FORGED = "def output_size(*a): return 4\ndef transposed(*a): return 0\ndef gradients(*a): return 0, 0\n"
PIPES = """
import os
for number in range(3, 30):
    try:
        os.write(number, b'{"functions": {"list": []}, "result": 4, "arguments": {"list": []}}' + bytes([10]))
    except OSError:
        pass
"""

MADE = {
    "right": (RIGHT, 3, "7 gradients: right"),
    "wrong": (
        RIGHT.replace("* (size - 1)", "* size")
        .replace("+= x[row", "= x[row")
        .replace("dx, dweight\n", "dweight, dx\n"),
        0,
        "each other's place",
    ),
    "half": (RIGHT[:GRADIENTS] + SKELETONS[SKELETONS.index("def gradients") :], 2, "7 gradients: not begun"),
    "endless": (RIGHT.replace(BODY, "    while True: pass\n"), 2, "7 gradients: wrong: it did not end within"),
    "crashing": ("import numpy as np\nraise RuntimeError('no')\n" + RIGHT, 0, "RuntimeError: no (line 2)"),
    "crashing at its end": (RIGHT + "\nassert False\n", 3, "right"),
    "empty": ("", 0, "there is no function transposed"),
    "no Python": ("def output_size(\n", 0, "SyntaxError: '(' was never closed (line 1)"),
    "reads the solutions": (
        f"exec(open({str(LESSON.beside('solutions'))!r}).read())\n",
        0,
        "it opens a file, ",
    ),
    "looks for the solutions": (f"import os\nos.listdir({str(LESSON.path.parent)!r})\n", 0, "it looks into a folder"),
    "takes minifcn's": ("from minifcn.convolution import conv2d\n" + RIGHT, 0, "it imports minifcn.convolution"),
    "overwrites the checks": (
        "import lessons.hints\nlessons.hints.same = lambda *a: None\n" + FORGED,
        0,
        "it imports lessons.hints",
    ),
    "overwrites what it finds": ("import gc\ngc.get_objects()\n" + FORGED, 0, "gc.get_objects"),
    "exits": (RIGHT + "\nimport os\nos._exit(0)\n", 0, "its process ends"),
    "exits when asked": (RIGHT.replace(BODY, "    raise SystemExit\n"), 2, "7 gradients: wrong: it ends Python"),
    "kills": (RIGHT.replace(BODY, "    import os\n    os.kill(os.getppid(), 9)\n"), 2, "os.kill"),
    "starts another": (RIGHT.replace(BODY, "    import os\n    os.system('true')\n"), 2, "os.system"),
    "prints a forged result": ("print('output_size: right')\n" * 3 + SKELETONS, 0, "7 output_size: not begun"),
    "sends forged replies": (PIPES + FORGED, 0, "7 transposed: wrong"),
    "too much memory": (
        RIGHT.replace(BODY, "    bytearray(1 << 34)\n" + BODY),
        2,
        "7 gradients: wrong: MemoryError",
    ),
}
