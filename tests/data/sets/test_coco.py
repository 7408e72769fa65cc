import json
import sys

import numpy as np
import pytest

from minifcn.data import open_dataset, open_splits
from minifcn.data.sets import coco_json
from minifcn.errors import InputError

CATEGORIES = [{"id": 7, "name": "cat", "supercategory": "animal"}, {"id": 3, "name": "dog", "supercategory": "animal"}]


def box(left, top, width, height):
    """The outline of a box, and its pixels on 20 rows and 30 columns."""
    right, bottom = left + width, top + height
    pixels = np.zeros((20, 30), bool)
    pixels[top:bottom, left:right] = True
    return [[left, top, right, top, right, bottom, left, bottom]], pixels


def runs(pixels):
    """Pixels as COCO's runs: down the columns, outside first."""
    flat = np.concatenate([[0], pixels.T.ravel(), [1 - pixels.T.ravel()[-1]]])
    counts = np.diff(np.concatenate([[0], np.flatnonzero(np.diff(flat)), [pixels.size]]))
    return {"size": list(pixels.shape), "counts": counts[counts > 0].tolist() if pixels[0, 0] == 0 else [0, *counts]}


class Maker:
    """Writes pictures and a JSON in COCO's form."""

    def __init__(self, root, save):
        self.root, self.save = root, save

    def __call__(self, path, pictures, categories=CATEGORIES, folder="images", photos=True, **more):
        """pictures: {file_name: [annotation]}"""
        images, annotations = [], []
        for number, (name, found) in enumerate(pictures.items(), start=11):
            images.append({"id": number, "file_name": name, "height": 20, "width": 30})
            for annotation in found:
                annotations.append({"id": len(annotations) + 1, "image_id": number, "iscrowd": 0, **annotation})
            if photos:
                self.save(np.full((20, 30, 3), 90), self.root / folder / name)
        told = {"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": categories}
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(json.dumps(told | more))


@pytest.fixture
def make(tmp_path, save):
    pytest.importorskip("pycocotools")
    return Maker(tmp_path, save)


def label_of(make, *annotations):
    make("annotations/instances_default.json", {"a.jpg": list(annotations), "b.jpg": []})
    dataset = open_dataset("coco", make.root, "all")
    return dataset, dataset[list(dataset.names).index("images/a")][1]


def test_categories_with_gaps_are_numbered_by_their_ids_after_the_background(make):
    outline, pixels = box(4, 3, 10, 5)
    dataset, label = label_of(make, {"category_id": 7, "segmentation": outline})
    assert dataset.classes == ("background", "dog", "cat")
    np.testing.assert_array_equal(label, np.where(pixels, 2, 0))
    assert not dataset[list(dataset.names).index("images/b")][1].any()


def test_runs_and_their_compressed_form_are_pixels(make):
    from pycocotools import mask

    pixels = np.random.default_rng(0).random((20, 30)) < 0.4
    pixels[0, 0] = False
    string = mask.encode(np.asfortranarray(pixels.astype(np.uint8)))["counts"].decode()
    for told in (runs(pixels), {"size": [20, 30], "counts": string}):
        _, label = label_of(make, {"category_id": 3, "segmentation": told})
        np.testing.assert_array_equal(label, pixels)


def test_an_object_of_several_outlines_is_one(make):
    (left,), one = box(1, 1, 4, 4)
    (right,), two = box(10, 1, 4, 4)
    _, label = label_of(make, {"category_id": 3, "segmentation": [left, right]})
    np.testing.assert_array_equal(label, one | two)


@pytest.mark.parametrize("order", [1, -1])
def test_the_smaller_of_two_objects_lies_on_top(make, order):
    (large, whole), (small, part) = box(2, 2, 20, 15), box(5, 5, 4, 4)
    objects = [{"category_id": 3, "segmentation": large}, {"category_id": 7, "segmentation": small}][::order]
    _, label = label_of(make, *objects)
    np.testing.assert_array_equal(label, np.where(part, 2, whole.astype(int)))


def test_crowds_count_nowhere_but_where_an_object_lies(make):
    (_, whole), (small, part) = box(2, 2, 20, 15), box(5, 5, 4, 4)
    crowd = {"category_id": 3, "segmentation": runs(whole), "iscrowd": 1}
    dataset, label = label_of(make, {"category_id": 7, "segmentation": small}, crowd)
    np.testing.assert_array_equal(label, np.where(part, 2, np.where(whole, 255, 0)))
    assert "annotations of crowds, void: 1" in dataset.notes
    with pytest.raises(InputError, match=r"calls all that it outlines crowds \(iscrowd 1\), which count nowhere"):
        label_of(make, crowd)


def test_a_box_without_an_outline_is_void_and_boxes_alone_are_refused(make):
    (outline, pixels), (_, boxed) = box(2, 2, 4, 4), box(12, 2, 6, 6)
    only = {"category_id": 3, "segmentation": [], "bbox": [12, 2, 6, 6]}
    dataset, label = label_of(make, {"category_id": 3, "segmentation": outline}, only)
    np.testing.assert_array_equal(label, np.where(boxed, 255, pixels))
    assert "annotations with a box and no outline, void: 1" in dataset.notes
    with pytest.raises(InputError, match=r"has boxes alone, expected outlines \(segmentation\)"):
        label_of(make, only)


@pytest.mark.parametrize(
    "layout",
    [
        {
            "train": ("annotations/instances_train2017.json", "train2017"),
            "val": ("annotations/instances_val2017.json", "val2017"),
        },
        {"train": ("train/_annotations.coco.json", "train"), "val": ("valid/_annotations.coco.json", "valid")},
        {"train": ("train.json", "images"), "val": ("val.json", "images")},
        {"train": ("train.json", "train"), "val": ("val.json", "val")},
    ],
)
def test_layouts_that_people_have(make, layout):
    outline, _ = box(2, 2, 4, 4)
    for split, (path, folder) in layout.items():
        make(path, {f"{split}.jpg": [{"category_id": 3, "segmentation": outline}]}, folder=folder)
    (make.root / "annotations").mkdir(exist_ok=True)
    (make.root / "annotations" / "captions_train2017.json").write_text("{}")
    for split, (_, folder) in layout.items():
        dataset = open_dataset("coco", make.root, split)
        assert (list(dataset.names), dataset[0][1].max()) == ([f"{folder}/{split}"], 1)


@pytest.mark.parametrize("path", ["annotations/instances_{}.json", "{}.json"])
def test_one_name_in_two_splits_is_the_picture_of_each(make, path):
    for split in ("train", "val"):
        make(path.format(split), {"0001.jpg": []}, folder=f"images/{split}")
    assert list(open_dataset("coco", make.root, "train").names) == ["images/train/0001"]
    assert list(open_dataset("coco", make.root, "val").names) == ["images/val/0001"]


def test_names_with_folders_are_told_apart(make):
    make("labels.json", {"one/a.jpg": [], "two\\a.jpg": []}, photos=False)
    for folder in ("one", "two"):
        make.save(np.full((20, 30, 3), 90), make.root / "photos" / folder / "a.jpg")
    assert sorted(open_dataset("coco", make.root, "all").names) == ["photos/one/a", "photos/two/a"]


def test_of_two_pictures_the_one_beside_the_json_is_meant(make):
    make("one/labels.json", {"a.jpg": [], "b.jpg": []}, folder="one")
    make.save(np.full((20, 30, 3), 90), make.root / "backup" / "a.jpg")
    assert sorted(open_dataset("coco", make.root, "all").names) == ["one/a", "one/b"]


def test_a_name_that_two_pictures_have_is_asked_about(make):
    make("labels.json", {"a.jpg": [], "b.jpg": []}, folder="one")
    make.save(np.full((20, 30, 3), 90), make.root / "two" / "a.jpg")
    with pytest.raises(InputError, match=r"names a\.jpg, which .*one/a\.jpg and .*two/a\.jpg may be: tell its folder"):
        open_dataset("coco", make.root)


def test_a_name_in_another_case_is_found_and_the_very_name_first(make):
    make("labels.json", {"a.jpg": [], "b.jpg": []}, photos=False)
    for name in ("a.JPG", "b.jpg", "B.jpg"):
        make.save(np.full((20, 30, 3), 90), make.root / name)
    dataset = open_dataset("coco", make.root, "all")
    assert [dataset.picture(number).name for number in range(2)] == ["a.JPG", "b.jpg"]


def test_categories_of_one_name_are_one_class(make):
    make("labels.json", {"a.jpg": [], "b.jpg": []}, categories=[{"id": 1, "name": "cat"}, {"id": 2, "name": "cat"}])
    assert open_dataset("coco", make.root).classes == ("background", "cat")


def test_missing_pictures_are_named(make):
    make("labels.json", {"a.jpg": [], "b.jpg": [], "c.jpg": []})
    (make.root / "images" / "b.jpg").unlink()
    assert "pictures that are missing, left out: 1 (b.jpg)" in open_dataset("coco", make.root).notes


def test_the_category_above_all_others_is_no_class(make):
    above = [{"id": 0, "name": "animal", "supercategory": "none"}, *CATEGORIES]
    make("labels.json", {"a.jpg": [], "b.jpg": []}, categories=above)
    assert open_dataset("coco", make.root).classes == ("background", "dog", "cat")


def test_a_person_is_a_class_though_it_is_its_own_supercategory(make):
    make("labels.json", {"a.jpg": [], "b.jpg": []}, categories=[{"id": 1, "name": "person", "supercategory": "person"}])
    assert open_dataset("coco", make.root).classes == ("background", "person")


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ({"category_id": 9, "segmentation": [[1, 1, 2, 2, 3, 1]]}, r"annotations\[0\] has category_id 9, which is not"),
        ({"category_id": "3"}, r"annotations\[0\] has category_id '3', expected a whole number"),
        ({"category_id": 3, "image_id": []}, r"annotations\[0\] has image_id \[\], expected a whole number or a text"),
        ({"category_id": 3, "iscrowd": "0"}, r"annotations\[0\] has iscrowd '0', expected 0 or 1"),
    ],
)
def test_annotations_that_cannot_be_are_named(make, annotation, message):
    with pytest.raises(InputError, match=message):
        label_of(make, annotation)


FAR = "its outline has a point where no picture reaches"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"size": [5, 5], "counts": [25]}, r"its runs are of \[5, 5\], height and width"),
        ({"size": [20, 30], "counts": [9]}, "its runs do not fill them"),
        ({"size": [20, 30], "counts": [-1, 601]}, "its runs are no list of whole numbers"),
        ({"size": [20, 30], "counts": "0Pcj1"}, "its runs do not fill them"),
        ({"size": [20, 30], "counts": "o" * 8 + "0"}, "its runs"),
        ({"size": [20, 30], "counts": "~"}, "its string of runs holds other characters"),
        ([[1, 1, 2, 2, "x", 1]], "its outline is no list of numbers, two a point"),
        ([[1, 1, 2, 2, None, 1]], "its outline is no list of numbers"),  # in pycocotools a loop without end
        ([[1, 1, 2, 2, 3]], "its outline is no list of numbers, two a point"),
        ([[1, 1, float("nan"), 2, 3, 1]], FAR),  # likewise
        ([[1, 1, 1e12, 2, 3, 1]], FAR),
        ([], "it has neither an outline nor a box of four numbers"),
    ],
)
def test_outlines_that_cannot_be_drawn_are_named(make, told, why):
    outline, _ = box(1, 1, 4, 4)
    drawn, wrong = ({"category_id": 3, "segmentation": segmentation} for segmentation in (outline, told))
    with pytest.raises(InputError, match=rf"annotation 2 cannot be drawn on 30x20 pixels \({why}"):
        label_of(make, drawn, wrong)


@pytest.mark.parametrize(
    ("key", "entry", "message"),
    [
        ("categories", {"id": 7, "name": "fox"}, r"categories\[2\] has the id 7, as one before it"),
        ("categories", {"id": "8", "name": "fox"}, r"categories\[2\] has id '8', expected a whole number"),
        ("categories", {"id": 8, "name": ""}, r"categories\[2\] has name '', expected a text"),
        ("categories", {"id": 8}, r"categories\[2\] has no name, expected a text"),
        ("images", {"id": 11, "file_name": "c.jpg"}, r"images\[1\] has the id 11, as one before it"),
        ("images", {"id": 12, "file_name": 3}, r"images\[1\] has file_name 3, expected a text"),
        ("images", None, r"images\[1\] is None, expected an object with names and values"),
        ("annotations", {"image_id": 11}, r"annotations\[0\] has no category_id, expected a whole number"),
    ],
)
def test_entries_that_are_none_are_named(make, key, entry, message):
    make("labels.json", {"a.jpg": []})
    told = json.loads((make.root / "labels.json").read_text())
    told[key].append(entry)
    (make.root / "labels.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match=rf"labels\.json: {message}"):
        open_dataset("coco", make.root)


def test_an_outline_for_a_picture_of_another_size_is_refused(make):
    make("labels.json", {"a.jpg": [], "b.jpg": []})
    for name in ("a", "b"):
        make.save(np.full((10, 15, 3), 90), make.root / "images" / f"{name}.jpg")
    with pytest.raises(InputError, match=r"a\.jpg in labels\.json is drawn on 30x20 .* but its picture is 15x10"):
        dataset = open_dataset("coco", make.root, "all")
        dataset[list(dataset.names).index("images/a")]


def test_splits_of_different_categories_are_refused(make):
    make("train.json", {"a.jpg": []})
    make("val.json", {"b.jpg": []}, categories=CATEGORIES[:1])
    with pytest.raises(InputError, match=r"train\.json and .*val\.json have different categories"):
        open_dataset("coco", make.root)


def test_two_files_for_one_split_are_refused(make):
    make("train_1.json", {"a.jpg": []})
    make("train_2.json", {"b.jpg": []})
    with pytest.raises(InputError, match=r"train_1\.json and .*train_2\.json are both for 'train'"):
        open_dataset("coco", make.root)


def test_without_pycocotools_the_extra_is_named_first(tmp_path, save, monkeypatch):
    Maker(tmp_path, save)("labels.json", {"a.jpg": []}, photos=False)
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    with pytest.raises(InputError, match=r"pip install 'minifcn\[coco\]'"):
        open_dataset("coco", tmp_path)


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("{}", "coco", r"no JSON of instances in COCO's form \(x\.json\), expected COCO's .*: check --root"),
        ('{"shapes": []}', "coco", r"no JSON of instances .* \(x\.json\): use --data labelme"),
        ('{"annotations": []}', "coco-panoptic", r"no JSON of panoptic labels .* \(x\.json\): use --data coco$"),
        (
            '{"images": []}',
            "folder",
            r"1 pictures \(a\.jpg\) and no mask, but JSON files: .* --data labelme or --data coco",
        ),
    ],
)
def test_a_folder_of_something_else_is_named(make, content, name, message):
    (make.root / "x.json").write_text(content)
    make.save(np.full((20, 30, 3), 90), make.root / "a.jpg")
    with pytest.raises(InputError, match=message):
        open_dataset(name, make.root)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp949"])
def test_json_in_any_encoding(make, encoding):
    make("labels.json", {"a.jpg": [], "b.jpg": []}, categories=[{"id": 1, "name": "사과"}])
    told = json.loads((make.root / "labels.json").read_text())
    (make.root / "labels.json").write_bytes(json.dumps(told, ensure_ascii=False).encode(encoding))
    assert open_dataset("coco", make.root).classes == ("background", "사과")


def test_a_file_is_read_once_for_all_splits(make, monkeypatch):
    for split in ("train", "val"):
        make(f"{split}.json", {f"{split}.jpg": []})
    read, paths = coco_json.read_json, []
    monkeypatch.setattr(coco_json, "read_json", lambda path: paths.append(path.name) or read(path))
    train, val = open_splits("coco", make.root)
    assert (list(train.names), list(val.names)) == (["images/train"], ["images/val"])
    assert sorted(paths) == ["train.json", "val.json"]
