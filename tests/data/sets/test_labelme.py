import base64
import json

import numpy as np
import pytest
from PIL import Image

from minifcn.data import open_dataset
from minifcn.errors import InputError

GREY = np.full((20, 30, 3), 90, np.uint8)


def rectangle(label, *corners):
    return {
        "label": label,
        "points": [list(c) for c in corners],
        "group_id": None,
        "shape_type": "rectangle",
        "flags": {},
    }


def write_json(path, *shapes, image=None, size=(20, 30), encoding="utf-8", **more):
    told = {"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": image or f"{path.stem}.jpg"}
    told |= {"imageData": None, "imageHeight": size[0], "imageWidth": size[1]} | more
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.dumps(told, ensure_ascii=False).encode(encoding))


@pytest.fixture
def root(tmp_path, save):
    """Four pictures in two folders: leaves on each, a fruit with a hole on a."""
    leaf = rectangle("leaf", [2, 3], [9, 7])
    fruit, hole = rectangle("red fruit", [12, 3], [20, 15]), rectangle("_background_", [14, 5], [15, 6])
    for name, shapes in (("a", [leaf, fruit, hole]), ("b", [leaf]), ("more/c", [leaf]), ("more/d", [])):
        save(GREY, tmp_path / f"{name}.jpg")
        write_json(tmp_path / f"{name}.json", *shapes)
    return tmp_path


def test_shapes_become_labels_in_alphabetical_order_after_the_background(root):
    dataset = open_dataset("labelme", root, "all")
    assert dataset.classes == ("background", "leaf", "red fruit")
    assert sorted(dataset.names) == ["a", "b", "more/c", "more/d"]
    image, label = dataset[list(dataset.names).index("a")]
    expected = np.zeros((20, 30), np.uint8)
    expected[3:8, 2:10], expected[3:16, 12:21], expected[5:7, 14:16] = 1, 2, 0
    np.testing.assert_array_equal(label, expected)
    assert (label.dtype, image.shape, image.dtype) == (np.uint8, (20, 30, 3), np.uint8)
    assert not dataset[list(dataset.names).index("more/d")][1].any()  # nothing drawn


def test_both_splits_show_one_collection(root):
    train = open_dataset("labelme", root)
    assert sorted([*train.names, *train.with_split("val").names]) == ["a", "b", "more/c", "more/d"]


@pytest.mark.parametrize(
    ("told", "classes", "label"),
    [
        ("_background_\nred fruit\nleaf\n", ("background", "red fruit", "leaf"), 2),
        ("red fruit\nleaf\n", ("background", "red fruit", "leaf"), 2),  # the background is put before them
        ("leaf\nred fruit\nbackground\n", ("leaf", "red fruit", "background"), 0),
        ("__ignore__\n_background_\nleaf\nred fruit\n", ("background", "leaf", "red fruit"), 1),  # labelme's labels.txt
    ],
)
def test_classes_are_those_of_a_file(root, told, classes, label):
    (root / "labels.txt").write_text(told)
    dataset = open_dataset("labelme", root, "all")
    assert dataset.classes == classes
    _, found = dataset[list(dataset.names).index("b")]
    assert (found[5, 5], found[0, 0]) == (label, [name.strip("_") for name in classes].index("background"))
    assert ("'background', before the classes told" in " ".join(dataset.notes)) == (told[0] == "r")


def test_a_label_that_is_no_class_is_named(root):
    with pytest.raises(
        InputError, match=r"/a\.json has red fruit, none of the classes told \(background, leaf\): tell"
    ):
        open_dataset("labelme", root, classes=["background", "leaf"])


def test_void_and_ignored_shapes_count_nowhere(root):
    write_json(root / "b.json", rectangle("leaf", [2, 3], [9, 7]), rectangle("__ignore__", [4, 4], [5, 5]))
    dataset = open_dataset("labelme", root, "all")
    label = dataset[list(dataset.names).index("b")][1]
    assert dataset.classes == ("background", "leaf", "red fruit")
    assert [label[4, 4], label[3, 3], label[0, 0]] == [255, 1, 0]


def test_the_picture_is_found_where_the_json_says_and_elsewhere(root, save):
    for folder in ("photos", "backup"):
        save(GREY, root / folder / "Ä b.png")
    write_json(root / "json" / "1.json", image="..\\photos\\Ä b.png")
    save(GREY, root / "photos" / "far.png")
    write_json(root / "json" / "2.json", image="C:\\Users\\someone\\far.png")
    save(GREY, root / "json" / "3.PNG")  # renamed together with its JSON
    write_json(root / "json" / "3.json", image="DSC_0001.JPG")
    write_json(root / "json" / "4.json", image="FAR.PNG")
    save(GREY, root / "json" / "5.png")
    write_json(root / "json" / "5.json", image="x" * 5000)
    dataset = open_dataset("labelme", root, "all")
    assert {"json/1", "json/2", "json/3", "json/4", "json/5"} < set(dataset.names)


def test_a_picture_in_the_json_stands_in_for_a_missing_file(root):
    data = base64.b64encode((root / "b.jpg").read_bytes()).decode()
    (root / "b.jpg").unlink()
    write_json(root / "b.json", rectangle("leaf", [2, 3], [9, 7]), imageData=data)
    dataset = open_dataset("labelme", root, "all")
    image, label = dataset[list(dataset.names).index("b")]
    assert (image.shape, int(label.sum())) == ((20, 30, 3), 5 * 8)


def test_what_is_left_out_is_named(root, save):
    (root / "b.jpg").unlink()
    save(GREY, root / "e.jpg")
    (root / "settings.json").write_text("{}")
    notes = "\n".join(open_dataset("labelme", root).notes)
    assert "JSON files whose picture is missing, left out: 1 (b.jpg of b.json)" in notes
    assert "pictures without a JSON, left out: 1 (e.jpg)" in notes
    assert "JSON files that are not labelme's, left out: 1 (settings.json)" in notes


def test_shapes_on_a_photo_that_is_to_be_turned_are_drawn_upright(root):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying, shown standing
    Image.fromarray(GREY).save(root / "b.jpg", exif=exif)
    write_json(root / "b.json", rectangle("leaf", [2, 22], [9, 27]), size=(30, 20))
    dataset = open_dataset("labelme", root, "all")
    image, label = dataset[list(dataset.names).index("b")]
    assert (image.shape, label.shape, label[25, 5], label[5, 5]) == ((30, 20, 3), (30, 20), 1, 0)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp949"])
def test_json_in_any_encoding(root, encoding):
    write_json(root / "b.json", rectangle("사과", [2, 3], [9, 7]), encoding=encoding)
    assert open_dataset("labelme", root).classes == ("background", "leaf", "red fruit", "사과")


def test_broken_json_is_named(root):
    (root / "b.json").write_text('{"shapes": [')
    with pytest.raises(InputError, match=r"b\.json is no JSON, or damaged \(.*\): write it anew"):
        open_dataset("labelme", root)


def test_folders_say_the_split(root, save):
    for split in ("train", "valid"):
        save(GREY, root / split / "one.jpg")
        write_json(root / split / "one.json")
    dataset = open_dataset("labelme", root, "val")
    assert list(dataset.names) == ["valid/one"]
    assert list(dataset.with_split("train").names) == ["a", "b", "more/c", "more/d", "train/one"]


def test_lists_say_the_split(root):
    (root / "train.txt").write_text("a.jpg\nmore/c\n")
    (root / "val.txt").write_text("b\n")
    assert list(open_dataset("labelme", root, "train").names) == ["a", "more/c"]
    assert list(open_dataset("labelme", root, "val").names) == ["b"]


def test_a_folder_of_something_else_is_named(tmp_path):
    (tmp_path / "x.json").write_text('{"images": [], "annotations": []}')
    with pytest.raises(InputError, match=r"has no JSON of labelme, but x\.json is COCO's form: use --data coco"):
        open_dataset("labelme", tmp_path)


@pytest.fixture
def converted(tmp_path):
    """Two folders of labelme_json_to_dataset, whose number 1 means a leaf here (16 bits) and a fruit there."""
    label = np.zeros((20, 30), np.uint8)
    label[3:8, 2:10] = 1
    for name, other, bits in (("a_json", "leaf", np.uint16), ("b_json", "fruit", np.uint8)):
        (tmp_path / name).mkdir()
        Image.fromarray(GREY).save(tmp_path / name / "img.png")
        Image.fromarray(label.astype(bits)).save(tmp_path / name / "label.png")
        Image.fromarray(GREY).save(tmp_path / name / "label_viz.png")
        (tmp_path / name / "label_names.txt").write_text(f"_background_\n{other}\n")
    return tmp_path


def test_converted_labels_are_told_apart_by_their_names(converted):
    dataset = open_dataset("labelme", converted, "all")
    assert (dataset.classes, sorted(dataset.names)) == (("background", "fruit", "leaf"), ["a_json", "b_json"])
    labels = {name: dataset[number][1] for number, name in enumerate(dataset.names)}
    assert [labels[name][4, 4] for name in ("a_json", "b_json")] == [2, 1]
    assert [labels[name][0, 0] for name in ("a_json", "b_json")] == [0, 0]


def test_a_number_without_a_name_is_named(converted):
    Image.fromarray(np.full((20, 30), 7, np.uint8)).save(converted / "a_json" / "label.png")
    dataset = open_dataset("labelme", converted, "all")
    with pytest.raises(InputError, match=r"a_json/label\.png holds other than the numbers 0 to 1 of label_names\.txt"):
        dataset[list(dataset.names).index("a_json")]


def test_the_layout_of_labelme2voc(tmp_path, save):
    label = np.zeros((20, 30), np.uint8)
    label[3:8, 2:10], label[0] = 2, 255
    for name in ("one", "two"):
        save(GREY, tmp_path / "JPEGImages" / f"{name}.jpg")
        save(GREY, tmp_path / "SegmentationClassVisualization" / f"{name}.jpg")
        save(label, tmp_path / "SegmentationClassPNG" / f"{name}.png")
    (tmp_path / "class_names.txt").write_text("_background_\nleaf\nred fruit")
    dataset = open_dataset("labelme", tmp_path, "all")
    assert dataset.classes == ("background", "leaf", "red fruit")
    np.testing.assert_array_equal(dataset[0][1], label)
    assert not any("left out" in note for note in dataset.notes)


@pytest.mark.parametrize("size", [(10, 15), (10**12, 10**12)])
def test_shapes_on_a_picture_of_another_size_are_refused_before_they_are_drawn(root, size):
    write_json(root / "b.json", rectangle("leaf", [2, 3], [9, 7]), size=size)
    dataset = open_dataset("labelme", root, "all")
    with pytest.raises(InputError, match=rf"b\.json is drawn on {size[1]}x{size[0]} .* but its picture is 30x20"):
        dataset[list(dataset.names).index("b")]


def test_entries_of_any_depth_are_named_in_brief(root):
    deep = json.loads("[" * 900 + "]" * 900)
    write_json(root / "b.json", {"label": "leaf", "shape_type": deep, "points": [[1, 1]]})
    with pytest.raises(
        InputError, match=r"b\.json: shape 1 \('leaf'\) is a \[\[\[\.\.\.\]\]\], expected one of polygon"
    ):
        open_dataset("labelme", root)
    write_json(root / "b.json", rectangle("leaf", [2, 3], [9, 7]), image=deep)
    (root / "b.jpg").unlink()
    notes = " ".join(open_dataset("labelme", root).notes)
    assert "JSON files whose picture is missing, left out: 1 ([[[...]]] of b.json)" in notes
