"""One valid file of every kind that is read here, what lies beside it, and who reads it."""

import base64
import io
import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from minifcn.data import Preprocessing, Scenes, open_dataset, predict_image, read_image
from minifcn.data.reading.class_names import read_class_table
from minifcn.data.reading.lists import read_lines
from minifcn.data.reading.masks import read_mask
from minifcn.data.reading.matfiles import read_mat
from minifcn.data.resizing import parse_size
from minifcn.data.sets.files import read_label
from minifcn.models.fcn import FCN32s
from minifcn.training.run_folder import RunFolder
from minifcn.training.settings import Settings
from minifcn.training.stages import staged_run
from minifcn.training.starting import resumed_settings
from minifcn.training.trainer import Trainer
from minifcn.weights.exporting import export
from minifcn.weights.loading import load_any, load_model, load_weights
from minifcn.weights.pth import legacy
from minifcn.weights.pth.reading import read_pth
from minifcn.weights.pth.writing import pickled
from minifcn.weights.tensors import read_about, read_tensors

NETWORK = {"width": 1 / 64, "fc_channels": 2, "padding": "same"}


class Sample(NamedTuple):
    """A kind of file.

    files   {path: content} of a folder
    target  which of them is made wrong, of the kind `kind` of `mutating.WAYS`
    read    reads the folder as a command does
    """

    name: str
    kind: str
    target: str
    files: dict[str, bytes]
    read: Callable[[Path], Any]


def samples() -> list[Sample]:
    """All of them; those of MATLAB and of COCO's outlines where the packages that read them are installed."""
    return [*_weights(), *_runs(), *_pictures(), *_texts(), *_data_sets()]


def _weights():
    model, scenes = FCN32s(7, **NETWORK).eval(), Scenes("train", size=32, count=2)
    about = {"model": "fcn32s", "settings": model.settings, "data": "scenes", "title": "FCN-32s", "size": "64x48"}
    about |= {"preprocessing": {"mean": [1, 2, 3], "std": [4, 5, 6], "channels": "RGB"}, "classes": list("abcdefg")}
    about |= {
        "palette": scenes.palette[:7].tolist(),
        "told": {"val_share": 0.2, "split_seed": 0, "classes": list("abcdefg")},
    }
    files = {}
    with TemporaryDirectory() as folder:
        for name in ("w.npz", "w.pth", "w.safetensors"):
            export(Path(folder) / name, model, about)
            files[name] = (Path(folder) / name).read_bytes()
    arrays = {
        f"net.{name}": np.arange(6, dtype=kind).reshape(2, 3) for name, kind in (("a", "f4"), ("b", "f2"), ("c", "i8"))
    }
    plain = io.BytesIO()
    np.savez_compressed(plain, **arrays)
    yield Sample("weights .npz", "zip", "w.npz", {"w.npz": files["w.npz"]}, _predict)
    yield Sample("about .npz", "zip", "w.npz", {"w.npz": files["w.npz"]}, lambda root: read_about(root / "w.npz"))
    yield Sample("others' .npz", "zip", "w.npz", {"w.npz": plain.getvalue()}, lambda root: read_tensors(root / "w.npz"))
    yield Sample("weights .pth", "zip", "w.pth", {"w.pth": files["w.pth"]}, lambda root: load_any(root / "w.pth"))
    yield Sample("others' .pth", "bytes", "w.pth", {"w.pth": files["w.pth"]}, lambda root: read_pth(root / "w.pth"))
    yield Sample("old .pth", "bytes", "w.pth", {"w.pth": _old_pth(arrays)}, lambda root: read_pth(root / "w.pth"))
    name = "w.safetensors"
    yield Sample(".safetensors", "safetensors", name, {name: files[name]}, lambda root: load_weights(root / name))


def _predict(root):
    """As `minifcn predict` does it."""
    model, about = load_model(root / "w.npz")
    size, way = parse_size(about.get("size") or "64"), Preprocessing.from_dict(about["preprocessing"])
    image = np.zeros((min(*size, 48), 40, 3), np.uint8)
    return np.array(about["palette"], np.uint8)[predict_image(model, image, way)], [*about["classes"]]


def _old_pth(arrays):
    """As `torch.save` wrote it until PyTorch 1.5."""
    arrays = {name: array for name, array in arrays.items() if array.dtype != np.float16}
    first = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {})]
    keys = pickle.dumps([str(number) for number in range(len(arrays))], 2)
    storages = [struct.pack("<q", array.size) + array.tobytes() for array in arrays.values()]
    made = b"".join([*first, b"\x80\x02" + pickled(arrays)[2:], keys, *storages])
    assert legacy.BEGINNING in made[:64]
    return made


RUN = ("last.npz", "best.npz", "config.json")


def _runs():
    """A run of one step's training, to be gone on with."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for path, content in _photos().items():
            (root / "data" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / "data" / path).write_bytes(content)
        settings = Settings(data="folder", root=str(root / "data"), epochs=1, batch_size=2, seed=1, **NETWORK)
        Trainer(settings, root / "run").run()
        files = {f"run/{name}": (root / "run" / name).read_bytes() for name in RUN}
        files |= {f"data/{name}": content for name, content in _photos().items()}
    yield Sample("last.npz", "zip", "run/last.npz", files, _go_on)
    yield Sample("config.json", "json", "run/config.json", files, _go_on)


def _go_on(root):
    staged_run(root / "run")
    saved = RunFolder(root / "run").saved_settings()
    settings = resumed_settings(root / "run", saved, Settings, {"root": str(root / "data")})
    Trainer(settings, root / "run", resume=True)


def _encoded(array, suffix, mode=None, **how):
    buffer = io.BytesIO()
    image = Image.fromarray(array)
    if mode == "P":
        image.putpalette(bytes(range(256)) * 3)
    image.save(buffer, suffix, **how)
    return buffer.getvalue()


def _photos():
    """{path: content} of a folder of three pictures and masks."""
    rng, files = np.random.default_rng(0), {"classes.txt": b"back\nleaf\nred fruit\n"}
    for number in range(4):
        files[f"images/{number}.png"] = _encoded(rng.integers(0, 256, (12, 16, 3), np.uint8), "png")
        files[f"masks/{number}.png"] = _encoded(rng.integers(0, 3, (12, 16), np.uint8), "png")
    return files | {"train.txt": b"0\n1.png\n2\n", "val.txt": b"images/3.png masks/3.png\n"}


def _pictures():
    rng = np.random.default_rng(1)
    colours, label = rng.integers(0, 256, (24, 32, 3), np.uint8), np.arange(24 * 32, dtype=np.uint8).reshape(24, 32) % 3
    exif = Image.Exif()
    exif[0x0112] = 6
    for suffix, more in (("png", {}), ("jpeg", {"exif": exif}), ("tiff", {"compression": "tiff_lzw"}), ("bmp", {})):
        yield _picture(f"photo .{suffix}", _encoded(colours, suffix, **more), read_image)
    for suffix in ("webp", "gif"):
        yield _picture(f"photo .{suffix}", _encoded(colours, suffix), read_image)
    yield _picture("mask, colours", _encoded(colours // 200 * 100, "png"), read_mask)
    yield _picture("mask, 16 bits", _encoded(label.astype(np.uint16) * 300, "png"), read_mask)
    yield _picture("label, grey", _encoded(label, "png"), lambda path: read_label(path, 3))
    yield _picture("label, palette", _encoded(label, "png", "P"), lambda path: read_label(path, 3))


def _picture(name, content, read):
    return Sample(name, "bytes", "x.img", {"x.img": content}, lambda root: read(root / "x.img"))


def _texts():
    names = "background\nleaf\nred fruit\n사과\n".encode()
    coloured = b"back 0 0 0\nleaf 0 200 30\nred fruit, 200, 30, 30\nvoid 255 255 255\n"
    for what, content in (("class names", names), ("class colours", coloured)):
        yield Sample(what, "text", "classes.txt", {"classes.txt": content}, read_class_table)
    yield Sample("lines", "text", "x.txt", {"x.txt": names}, lambda root: read_lines(root / "x.txt", str.isprintable))
    yield Sample("split list", "text", "train.txt", _photos(), lambda root: open_dataset("folder", root))
    files = {
        path.replace("images/", "train/").replace("masks/", "trainannot/"): held for path, held in _photos().items()
    }
    files["train.txt"] = b"/SegNet/CamVid/train/0.png /SegNet/CamVid/trainannot/0.png\n"
    yield Sample("CamVid's list", "text", "train.txt", files, lambda root: open_dataset("camvid", root)[0])


def _data_sets():
    files = _photos()
    yield Sample("folder's mask", "bytes", "masks/1.png", files, lambda root: open_dataset("folder", root, "all")[1])
    shapes = [
        {"label": "leaf", "shape_type": kind, "points": [[2, 2], [9, 8], [4, 9]][:count]} for kind, count in _SHAPES
    ]
    dot = base64.b64encode(_encoded(np.full((3, 3), 255, np.uint8), "png")).decode()
    shapes.append({"label": "dot", "shape_type": "mask", "points": [[1, 1], [3, 3]], "mask": dot})
    drawn = {"shapes": shapes, "imagePath": "0.png", "imageData": None, "imageHeight": 12, "imageWidth": 16}
    photo = files["images/0.png"]
    inside = drawn | {"imagePath": "gone.png", "imageData": base64.b64encode(photo).decode()}
    files = {"0.png": photo, "0.json": _json(drawn), "1.json": _json(inside)}
    for target in ("0.json", "1.json"):
        yield Sample(f"labelme {target}", "json", target, files, lambda root: _all_of("labelme", root))

    categories = [{"id": 7, "name": "cat", "color": [1, 2, 3]}, {"id": 3, "name": "dog", "color": [3, 2, 1]}]
    listed = [{"id": number, "file_name": f"{number}.png", "height": 12, "width": 16} for number in (5, 6)]
    segments = [{"id": 1, "category_id": 7, "iscrowd": 0}, {"id": 2, "category_id": 3, "iscrowd": 0}]
    segments = [{"image_id": number, "file_name": f"{number}.png", "segments_info": segments} for number in (5, 6)]
    panoptic = {"images": listed, "annotations": segments, "categories": categories}
    numbers = np.zeros((12, 16, 3), np.uint8)
    numbers[:5, :, 0], numbers[5:9, :, 0] = 1, 2
    photos = {f"images/{number}.png": photo for number in (5, 6)}
    labels = {f"panoptic_train/{number}.png": _encoded(numbers, "png") for number in (5, 6)}
    files = photos | labels | {"panoptic_train.json": _json(panoptic)}
    for target, kind in (("panoptic_train.json", "json"), ("panoptic_train/5.png", "bytes")):
        name = f"panoptic {Path(target).suffix}"
        yield Sample(name, kind, target, files, lambda root: _all_of("coco-panoptic", root))
    try:
        import pycocotools  # noqa: F401
    except ImportError:
        pass
    else:
        runs = {"size": [12, 16], "counts": [100, 20, 72]}
        outlines = [[[2, 2, 9, 2, 9, 8]], runs, runs | {"counts": "V139000000000b2"}, []]
        objects = [
            {"id": n, "image_id": 5, "category_id": 7, "iscrowd": 0, "bbox": [1, 1, 4, 5], "segmentation": o}
            for n, o in enumerate(outlines)
        ]
        instances = {"images": listed, "annotations": objects, "categories": categories}
        files = photos | {"instances_train.json": _json(instances)}
        yield Sample("COCO .json", "json", "instances_train.json", files, lambda root: _all_of("coco", root))
    try:
        from scipy.io import savemat
    except ImportError:
        return
    for compressed in (False, True):
        buffer = io.BytesIO()
        savemat(
            buffer,
            {"S": np.ones((4, 5)), "GTcls": {"Segmentation": np.ones((4, 5), np.uint8)}},
            do_compression=compressed,
        )
        yield Sample(f".mat{', compressed' * compressed}", "bytes", "x.mat", {"x.mat": buffer.getvalue()}, _read_mats)


_SHAPES = (("polygon", 3), ("rectangle", 2), ("circle", 2), ("line", 2), ("linestrip", 3), ("point", 1), ("points", 3))


def _read_mats(root):
    read_mat(root / "x.mat", "S")
    read_mat(root / "x.mat", "GTcls", "Segmentation")


def _all_of(name, root):
    dataset = open_dataset(name, root, "all")
    return [dataset[number] for number in range(len(dataset))]


def _json(value):
    return json.dumps(value).encode()
