"""A roofline: how fast things are, below what the machine can do (Williams, Waterman, Patterson 2009, "Roofline")."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.layout_engine import ConstrainedLayoutEngine

from minifcn.pictures.colours import BLACK, BLUE, GREEN, VERMILLION
from minifcn.pictures.figures import dress, heights_of_names, new_figure, save

Point = tuple[str, float, float]  # name, FLOP for each byte, FLOP/s


def save_roofline(path: Path, title: str, product: float, copy: float, points: Mapping[str, Sequence[Point]]) -> None:
    """Write a picture of rates against the FLOP there are for each byte, below the machine's two roofs.

    product, copy  the roofs: FLOP/s of a matrix product, and bytes/s copied, read and written
    points         {who: [Point]}, of up to three; the first one's are named
    """
    figure = new_figure(900, 560, ConstrainedLayoutEngine())
    axes = figure.subplots()
    named, *_ = points.values()
    left, right = min(x for _, x, _ in named) / 2, max(x for _, x, _ in named) * 4
    roof = [left, product / copy, right]
    axes.plot(roof, [min(product, copy * x) / 1e9 for x in roof], color=BLACK, linewidth=1.5, zorder=1)
    for (who, some), mark, colour in zip(points.items(), "ox^", (BLUE, VERMILLION, GREEN)):
        if some:
            _, x, rates = zip(*some)
            axes.plot(x, [rate / 1e9 for rate in rates], mark, color=colour, label=who)
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylabel="GFLOP/s")
    axes.set_xlabel("FLOP of the definition for each byte that goes in and out")
    dress(axes, title, color="0.92")
    roofs = "roofs: copying, and the matrix product;\nabove them: fewer products, or cached"
    axes.legend(framealpha=1, edgecolor="none", loc="lower right", title=roofs)  # over the lines to names
    figure.draw_without_rendering()  # gives the axes their place
    _name_points(axes, [(name, x, rate / 1e9) for name, x, rate in named])
    save(figure, path)


def _name_points(axes, named):
    """Write the names of points right of the axes in their order, a thin line to each.

    Points with one number of FLOP for each byte share a name, without its number, beside them.
    """
    columns = {}
    for name, x, y in named:
        columns.setdefault(round(x, 3), []).append((y, name, x))
    alone = sorted(some[0] for some in columns.values() if len(some) == 1)
    for some in (some for some in columns.values() if len(some) > 1):
        y, name, x = max(some)
        axes.annotate(name.rstrip("_0123456789"), (x, y), (8, -4), textcoords="offset points", size=9)
    for at, (y, name, x) in zip(heights_of_names(axes, [y for y, *_ in alone]), alone):
        lead = {"arrowstyle": "-", "color": "0.7", "linewidth": 0.6, "shrinkB": 4}
        axes.annotate(name, (x, y), (1.03, at), textcoords=axes.transAxes, size=9, va="center", arrowprops=lead)
