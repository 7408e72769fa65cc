"""The folder that command lines are run upon: data, photographs, weights, a run; and what lies about besides."""

import contextlib
import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from minifcn.commands.main import main
from minifcn.data import VOID, open_dataset


def _in(folder: str, names: str) -> list[str]:
    return [f"{folder}/{name}" for name in names.split()]


FILES = _in("{w}", "8s.npz 11.npz photos/a.png notes.txt cut.npz cut.png run/best.npz run/config.json")
FILES += _in("{w}", "new.png new.pth new.onnx new.safetensors new.npz")  # not there yet
FOLDERS = ["{w}", *_in("{w}", "data own photos run new new/deep/er odd cwd/..")]
ODD = "odd"  # the folder of what is neither
STRANGE = os.fsdecode("é 사진 \x1b[2J\n".encode() + b"\xff")  # a name that no terminal should be given as it is
ODD_PLACES = _in("{w}/odd", "nothing empty empty.npz empty.png folder.npz folder.png pipe pipe.npz pipe.png dangling")
ODD_PLACES += _in("{w}/odd", "dangling.npz dangling.png loop.png locked locked.npz empty.png/below loop.png/below")
ODD_PLACES += _in("{w}/odd", f"*.png [ ** {'a' * 300} {'deep/' * 1000}x")
ODD_PLACES += [f"{{w}}/odd/{STRANGE}{ending}" for ending in ("", ".png", ".npz")]
ODD_PLACES += ". / .. - ~ /dev/null /dev/zero /dev/full /proc/self/mem /proc/nowhere {w}/photos/*.png {w}/**".split()  # noqa: SIM905
ODD_PLACES += ["", " ", "\udcff.npz", "a\nb.png", "http://localhost/8s.npz", "{w}/8s.npz/", "%s.png"]


def make_inputs(folder: Path) -> None:
    """Write what lines of commands name that would work."""
    _camvid(folder / "data")
    for name in ("images", "masks"):
        (folder / "own" / name).mkdir(parents=True)
    (folder / "photos").mkdir()
    for number, (image, label) in enumerate(_scenes("train", 5)):
        Image.fromarray(image).save(folder / "own/images" / f"{number}.png")
        Image.fromarray(np.where(label == VOID, 2, label > 2).astype(np.uint8)).save(
            folder / "own/masks" / f"{number}.png"
        )
    for name in ("a.png", "b.jpg"):
        Image.fromarray(image).save(folder / "photos" / name)
    tiny = ["--data", "camvid", "--root", folder / "data", "--width", "0.0625", "--fc-channels", 8, "--batch-size", 2]
    tiny += ["--epochs", 1]
    _quietly("train", *tiny, "--model", "fcn8s", "--out", folder / "run")
    _quietly("pretrain", *tiny, "--model", "vgg11", "--crop", 32, "--out", folder / "classifier")
    (folder / "8s.npz").write_bytes((folder / "run/best.npz").read_bytes())
    (folder / "11.npz").write_bytes((folder / "classifier/best.npz").read_bytes())
    (folder / "cut.npz").write_bytes((folder / "8s.npz").read_bytes()[:5000])
    (folder / "cut.png").write_bytes((folder / "photos/a.png").read_bytes()[:500])
    (folder / "notes.txt").write_text("dear diary\n")


def make_odd(folder: Path) -> None:
    """Make the folder of what is empty, a pipe, a link to nowhere, not to be read, or strangely named."""
    folder.mkdir()
    (folder / "empty").mkdir()
    for name in ("empty.npz", "empty.png"):
        (folder / name).touch()
    for name in ("folder.npz", "folder.png", STRANGE):
        (folder / name).mkdir()
    for name in ("pipe", "pipe.npz", "pipe.png"):
        os.mkfifo(folder / name)
    for name in ("dangling", "dangling.npz", "dangling.png"):
        (folder / name).symlink_to("nothing")
    (folder / "loop.png").symlink_to("loop.png")
    for source, ending in (("../photos/a.png", ".png"), ("../8s.npz", ".npz")):
        (folder / (STRANGE + ending)).write_bytes((folder / source).read_bytes())
    (folder / "locked.npz").write_bytes((folder / "../8s.npz").read_bytes())
    (folder / "locked").mkdir()
    for name in ("locked", "locked.npz"):
        (folder / name).chmod(0)


def _scenes(split, count):
    dataset = open_dataset("scenes", split=split, size=32, count=count)
    return [dataset[number] for number in range(count)]


def _camvid(root):
    """Scenes in CamVid's layout."""
    for split, count in (("train", 5), ("val", 2)):
        lines = []
        for number, (image, label) in enumerate(_scenes(split, count)):
            label = np.where(label == VOID, 11, label).astype(np.uint8)
            for folder, picture in ((split, image), (f"{split}annot", label)):
                (root / folder).mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(root / folder / f"{number}.png")
            lines.append(f"/SegNet/CamVid/{split}/{number}.png /SegNet/CamVid/{split}annot/{number}.png\n")
        (root / f"{split}.txt").write_text("".join(lines))


def _quietly(*arguments):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main([*map(str, arguments), "--device", "cpu"])
    if code:
        raise RuntimeError(f"{arguments[0]} ended with {code}: {said.getvalue()}")
