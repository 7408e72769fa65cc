"""The command `predict`: photographs in, label maps and pictures of them out."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from PIL import Image

from minifcn.backend import Array
from minifcn.commands.main import check_free
from minifcn.commands.streams import say
from minifcn.data import VOID, Preprocessing, predict_image, read_image
from minifcn.errors import InputError
from minifcn.pictures.colours import VOID_COLOUR
from minifcn.pictures.runs import save_predictions
from minifcn.weights.loading import load_model


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="photographs, of any size")
    parser.add_argument("--weights", required=True, metavar="FILE", help="best.npz of a run")
    parser.add_argument("--out", required=True, metavar="FILE-OR-DIR", help="a .png file for one image, else a folder")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def run(options: Namespace) -> None:
    """Write a label map for each image, a PNG whose values are the classes, and a picture of it."""
    files = _files(options)
    model, about = load_model(options.weights)
    print(options.device_reason)
    model.to(options.device)
    preprocessing = Preprocessing.from_dict(about["preprocessing"])
    for source, label_file, view in files:
        image = read_image(source)
        label = predict_image(model, image, preprocessing, options.device)
        label_file.parent.mkdir(parents=True, exist_ok=True)
        _label_map(label, about["palette"]).save(label_file)
        save_predictions(view, [(image, None, {"prediction": label})], about["classes"], about["palette"])
        say(f"{source}: wrote {label_file} and {view}")


def _files(options: Namespace) -> list[tuple[Path, Path, Path]]:
    """[(image, label map, view)]. Raises InputError before anything is computed or written."""
    out, sources = Path(options.out), [Path(image) for image in options.images]
    for source in sources:
        if not source.is_file():
            raise InputError(f"image {source}: there is no such file")
    if out.suffix.lower() in Image.registered_extensions() and not out.is_dir():
        if out.suffix.lower() != ".png":
            raise InputError(f"--out {out}: label maps are written as .png, which keeps their values, or name a folder")
        if len(sources) > 1:
            raise InputError(f"--out {out} is one file, but {len(sources)} images are given: name a folder")
        label_files = [out]
    else:
        label_files = [out / f"{source.stem}.png" for source in sources]
    files = [(s, f, f.with_name(f"{f.stem}_view.png")) for s, f in zip(sources, label_files)]
    written = [path for _, *paths in files for path in paths]
    if len(set(written)) < len(written):
        raise InputError("two of the images would be written to one file: predict them one by one")
    for path in written:
        if path.resolve() in {source.resolve() for source in sources}:
            raise InputError(f"{path} is one of the images themselves: name another --out")
        check_free(path, options.overwrite)
    return files


def _label_map(label: Array, palette: list[list[int]]) -> Image.Image:
    """A palette picture whose values are the classes, 255 for void."""
    picture = Image.fromarray(label).convert("P")
    colours = [tuple(colour) for colour in palette] + [(0, 0, 0)] * (VOID - len(palette)) + [VOID_COLOUR]
    picture.putpalette([value for colour in colours for value in colour])
    return picture
