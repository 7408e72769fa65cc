"""Whole images or sampled pixels (paper, section 4.3, figure 5): python benchmarks/convergence.py --out convergence.png

FCN-32s, an eighth of the paper's channels, learns generated scenes from random weights: on all pixels of 16 images a
step, half of the pixels of 32, a quarter of those of 64. As many pixels count in each step, but the net runs over all.
By the step the three are alike, by the clock whole images are ahead. Takes some minutes; nothing else should run.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from minifcn import alternatives
from minifcn.backend.parallel import thread_count
from minifcn.data import Scenes
from minifcn.models import FCN32s
from minifcn.pictures.runs import save_convergence

PROBABILITIES = (1.0, 0.5, 0.25)
BATCH = 16  # images if all pixels count
OVER = 20  # steps that a loss is the mean of


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="the picture to write, .png")
    parser.add_argument("--steps", type=int, default=200, help="of each training (%(default)s)")
    args = parser.parse_args()
    if args.steps < OVER:
        parser.error(f"--steps is {args.steps}; expected at least {OVER}")
    if not (args.out.endswith(".png") and Path(args.out).parent.is_dir()):
        parser.error(f"--out {args.out}: expected a .png file in a folder that exists")
    dataset, curves = Scenes(size=64, count=1920), {}
    for _ in dataset:  # draw the scenes now: in threads beside the first training they would slow it
        pass
    for p in PROBABILITIES:
        net = FCN32s(dataset.n_class, width=0.125, fc_channels=128, padding="same", dropout=0.1, image_size=64)
        curve = alternatives.converge(net.train_only(), dataset, p, args.steps, BATCH, lr=0.05)
        curves[f"{p:.0%} of the pixels, {round(BATCH / p)} images"] = alternatives.smoothed(curve, OVER)
    save_convergence(args.out, curves)
    Console(width=100).print(table(curves))


def table(curves):
    shown = Table("", title=f"the mean loss of {OVER} steps; {thread_count()} threads")
    steps = len(next(iter(curves.values())))
    marks = [steps * quarter // 4 for quarter in (1, 2, 3, 4)]
    for mark in marks:
        shown.add_column(f"step {mark}", justify="right")
    shown.add_column("seconds a step", justify="right")
    seconds = min(curve[-1].seconds for curve in curves.values())
    shown.add_column(f"after {seconds:.0f} s", justify="right")
    for name, curve in curves.items():
        reached = [step.loss for step in curve if step.seconds <= seconds][-1]
        losses = [f"{curve[mark - 1].loss:.3f}" for mark in marks]
        shown.add_row(name, *losses, f"{curve[-1].seconds / steps:.3f}", f"{reached:.3f}")
    return shown


if __name__ == "__main__":
    main()
