import json
import sys

import numpy as np
import pytest

from minifcn.data import open_dataset
from minifcn.errors import InputError

CATEGORIES = [
    {"id": 1, "name": "person", "isthing": 1, "color": [220, 20, 60]},
    {"id": 187, "name": "sky", "isthing": 0, "color": [70, 130, 180]},
]
# Segments: 3 is a person, 70000 the sky, 258 a crowd, 0 nothing.
IDS = np.repeat([[3], [70000], [258], [0]], 5, axis=1)
LABEL = np.repeat([[0], [1], [255], [255]], 5, axis=1)
SEGMENTS = [{"id": 3, "category_id": 1, "iscrowd": 0}, {"id": 70000, "category_id": 187, "iscrowd": 0}]
SEGMENTS += [{"id": 258, "category_id": 1, "iscrowd": 1}]


@pytest.fixture
def root(tmp_path, save):
    for split, name in (("train", "0001"), ("val", "0002")):
        save(np.full((4, 5, 3), 90), tmp_path / f"{split}2017" / f"{name}.jpg")
        colours = np.stack([IDS % 256, IDS // 256 % 256, IDS // 65536], axis=-1)
        save(colours, tmp_path / "annotations" / f"panoptic_{split}2017" / f"{name}.png")
        annotation = {"image_id": 7, "file_name": f"{name}.png", "segments_info": SEGMENTS}
        images = [{"id": 7, "file_name": f"{name}.jpg", "height": 4, "width": 5}]
        told = {"info": {}, "images": images, "annotations": [annotation], "categories": CATEGORIES}
        (tmp_path / "annotations" / f"panoptic_{split}2017.json").write_text(json.dumps(told))
    return tmp_path


@pytest.mark.parametrize("name", ["coco", "coco-panoptic"])
def test_colours_number_segments_whose_categories_are_the_classes(root, name, monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools", None)  # not needed
    dataset = open_dataset(name, root, "val")
    assert (dataset.name, dataset.classes, list(dataset.names)) == (name, ("person", "sky"), ["val2017/0002"])
    image, label = dataset[0]
    np.testing.assert_array_equal(label, LABEL)
    assert (image.shape, label.dtype) == ((4, 5, 3), np.uint8)
    np.testing.assert_array_equal(dataset.palette, [[220, 20, 60], [70, 130, 180]])


def test_instances_beside_it_are_taken_where_coco_is_asked_for(root):
    pytest.importorskip("pycocotools")
    images = [{"id": n, "file_name": f"000{n}.jpg", "height": 4, "width": 5} for n in (1, 2)]
    categories = [{"id": 1, "name": "person"}]
    told = json.dumps({"images": images, "annotations": [], "categories": categories})
    (root / "annotations" / "instances_train2017.json").write_text(told)
    assert open_dataset("coco", root, "all").classes == ("background", "person")
    assert open_dataset("coco-panoptic", root).classes == ("person", "sky")


def test_labels_that_have_the_names_of_their_photos_are_told_apart(root, save):
    (root / "train2017" / "0001.jpg").unlink()
    save(np.full((4, 5, 3), 90), root / "train2017" / "0001.png")
    path = root / "annotations" / "panoptic_train2017.json"
    path.write_text(path.read_text().replace("0001.jpg", "0001.png"))
    image, label = open_dataset("coco", root)[0]
    np.testing.assert_array_equal(label, LABEL)
    assert (image == 90).all()


def test_a_segment_that_is_not_listed_is_named(root, save):
    save(np.full((4, 5, 3), 9), root / "annotations" / "panoptic_train2017" / "0001.png")
    with pytest.raises(InputError, match=r"0001\.png holds segment 592137, which its JSON does not list"):
        open_dataset("coco", root)[0]


def test_labels_that_are_not_unpacked_are_named(root):
    for path in (root / "annotations").glob("*/*.png"):
        path.unlink()
    with pytest.raises(
        InputError, match=r"has no PNG of panoptic_train2017\.json \(0001\.png, 0002\.png\): unpack them"
    ):
        open_dataset("coco", root)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"segments_info": [*SEGMENTS, SEGMENTS[0]]},
            r"annotations\[0\]: segments_info\[3\] has the id 3, as one before",
        ),
        ({"segments_info": [{"id": "3", "category_id": 1}]}, r"segments_info\[0\] has id '3', expected a whole number"),
        (
            {"segments_info": [{"id": 3, "category_id": 2}]},
            r"segments_info\[0\] has category_id 2, which is not listed",
        ),
        ({"segments_info": None}, r"annotations\[0\] has segments_info None, expected a list"),
        ({"file_name": None}, r"annotations\[0\] has file_name None, expected a text"),
    ],
)
def test_annotations_that_cannot_be_are_named(root, change, message):
    path = root / "annotations" / "panoptic_train2017.json"
    told = json.loads(path.read_text())
    told["annotations"][0] |= change
    path.write_text(json.dumps(told))
    with pytest.raises(InputError, match=rf"panoptic_train2017\.json: .*{message}"):
        open_dataset("coco-panoptic", root)


@pytest.mark.parametrize("colour", [["a", 1, 2], [1, 2, 300], {"r": 1}, [1, 2]])
def test_colours_that_are_none_are_left_out(root, colour):
    for path in (root / "annotations").glob("*.json"):
        told = json.loads(path.read_text())
        told["categories"][0]["color"] = colour
        path.write_text(json.dumps(told))
    np.testing.assert_array_equal(open_dataset("coco-panoptic", root).palette, [[128, 0, 0], [0, 128, 0]])
