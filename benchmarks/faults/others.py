"""What layers make of the cases that others wrote, by operator: python benchmarks/faults/others.py

ONNX's node tests, and the inputs that PyTorch tests its functions and modules with, also those that they must refuse.
Equal: to 1e-5 of ONNX's float32 outputs; to 1e-10 of PyTorch's outputs and gradients in float64; or refused by
both, here with one line. Exits with 1 where a case is wrong.
"""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from others import onnx_cases, torch_samples


def main():
    console = Console(width=120)
    sources = {
        "ONNX's node tests": onnx_cases.judged,
        "PyTorch's samples of functions": torch_samples.of_functions,
        "PyTorch's samples of modules": torch_samples.of_modules,
        "What PyTorch's functions and modules must refuse": torch_samples.of_refusals,
    }
    wrong = []
    for title, judged in sources.items():
        verdicts = judged()
        console.print(table_of(title, verdicts))
        wrong += [case for cases in verdicts.wrong.values() for case in cases]
    for case in wrong:
        console.print(case, style="red", markup=False)
    return bool(wrong)


def table_of(title, verdicts):
    """Operators, and their sum."""
    table = Table(*("operator", "cases", "equal", "wrong", "not expressible", "why"), title=title)
    rows = [verdicts.row(operator) for operator in verdicts.operators()]
    for operator, row in zip(verdicts.operators(), rows):
        reasons = verdicts.inexpressible[operator].most_common()
        why = ", ".join(f"{reason}{f' ({count})' if len(reasons) > 1 else ''}" for reason, count in reasons)
        table.add_row(operator, *map(str, row), why)
    table.add_section()
    table.add_row("all", *(str(sum(column)) for column in zip(*rows)), "")
    return table


if __name__ == "__main__":
    sys.exit(main())
