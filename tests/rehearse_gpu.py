"""The whole of `bench --prove` without a GPU: on the strict double, small, and without any time.

    python tests/rehearse_gpu.py --out DIR

shows that it runs to its end, and what its account looks like. g++ compiles the kernels for it.
(`tests/commands/bench/test_prove.py` does the same; `tests/bench_on_cupy.py` runs it on CuPy's own code.)
"""

import argparse
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
MARK = "Rehearsed on the strict double of the tests: no GPU, no times."


def rehearse(out, patch, overwrite=False):
    """Run it; patch(owner, name, value) puts what stands in for a GPU in its place, and may take it back later."""
    import strict_array

    from minifcn.commands.bench import gpu, prove, quick
    from minifcn.commands.bench.machine import Limits

    def untimed(functions, *_):
        return [np.nan for function in functions if (function(), True)]

    stand_ins = {
        gpu: {
            "wait": lambda: None,
            "has_tf32": lambda: True,
            "allow_tf32": lambda allowed: None,
            "release": lambda: None,
            "memory_held": lambda competitor, function: untimed([function])[0],
            "name": lambda: "none",
            "facts": lambda: iter([("GPU", ["none"]), ("NumPy", [np.__version__])]),
        },
        quick: {"medians": untimed, "measure_limits": lambda device: Limits(np.nan, np.nan)},
        prove: {"MARK": MARK},
        **little(),
    }
    put_all(stand_ins, patch)
    patch(sys.modules, "cupy", strict_array.xp)
    prove.prove(Namespace(sections=[], device="gpu", device_reason=MARK, out=out, overwrite=overwrite))


def little():
    """{owner: {name: value}} of what makes it small, and keeps it in this process."""
    from minifcn.commands.bench import quick, right, sections, twins

    full = {"n_class": 21, "width": 1 / 32, "fc_channels": 5, "padding": "same"}
    return {
        sections: {"FULL": full, "IMAGE": (1, 3, 40, 33)},
        twins: {"TWINS": {name: twin._replace(full=_small(twin.full)) for name, twin in twins.TWINS.items()}},
        right: {"kernels_apart": right.kernels},
        quick.Quick: {"demo": lambda self: ((way, (np.nan, "", "not known")) for way in self.ways)},
    }


def _small(shapes):
    return {name: shape._replace(maps=(1, 3, 9, 8)) for name, shape in shapes.items()}


def put_all(stand_ins, put):
    """Each of {owner: {name: value}} by put(owner, name, value)."""
    for owner, values in stand_ins.items():
        for name, value in values.items():
            put(owner, name, value)


def _patch(owner, name, value):
    if isinstance(owner, dict):
        owner[name] = value
    else:
        setattr(owner, name, value)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", metavar="DIR", required=True)
    parser.add_argument("--overwrite", action="store_true", help="replace the account in DIR")
    options = parser.parse_args()
    from minifcn.errors import InputError

    try:
        rehearse(options.out, _patch, options.overwrite)
    except InputError as error:
        parser.error(str(error))
