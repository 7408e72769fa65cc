"""Somebody's own folder, in the layouts people have."""

import numpy as np
import pytest
from PIL import Image

from minifcn.data import Folder, open_dataset, open_splits
from minifcn.errors import Caution, InputError

H, W = 6, 8
rng = np.random.default_rng(0)
# Where a picture and its mask lie; {n} is its number.
LAYOUTS = [
    ("images/{n}.jpg", "masks/{n}.png"),
    ("Images/{n}.JPG", "Labels/{n}.PNG"),
    ("img/{n}.jpeg", "annotations/{n}.tif"),
    ("JPEGImages/{n}.jpg", "SegmentationClass/{n}.png"),
    ("images/train/{n}.png", "masks/train/{n}.png"),
    ("train/images/{n}.webp", "train/masks/{n}_mask.png"),
    ("train/{n}.jpg", "train_masks/{n}_mask.gif"),
    ("train/{n}.png", "trainannot/{n}.png"),
    ("train_images/{n}.bmp", "train_labels/{n}.bmp"),
    ("{n}.jpg", "{n}.png"),
    ("{n}.jpg", "{n}_mask.png"),
    ("{n}.png", "{n}_label.png"),
    ("deep/er/{n}.JPG", "deep/er/{n}.png"),
    ("image_{n}.png", "mask_{n}.png"),
    ("images/{n}.png", "masks/mask-{n}.png"),
    ("images/photo_{n}.png", "masks/mask_{n}.png"),
    ("images/img{n}.png", "masks/mask{n}.png"),
    ("images/{n}_sat.jpg", "images/{n}_mask.png"),
    ("images/sunny/{n}.jpg", "masks/sunny/{n}.png"),
    ("images/sunny/{n}.jpg", "masks/{n}.png"),
    ("사진/images/나무 {n}.jpg", "사진/masks/나무 {n}.png"),
    ("images/{n}.jpg", "masks/{n}.jpg.png"),
    ("IMG_{n}.JPG", "img_{n}_mask.png"),
    ("data set/images/{n} (1).jpg", "data set/masks/{n} (1).png"),
]


def picture(path, number=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((H, W, 3), 10 * number, np.uint8)).save(path)


def mask(path, number=0, values=(0, 1, 2)):
    """Of class number % len(values), a first pixel of each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    label = np.full((H, W), values[number % len(values)], np.uint8)
    label[0, : len(values)] = values
    Image.fromarray(label).save(path)


def fill(root, image="images/{n}.png", label="masks/{n}.png", count=6, **how):
    for number in range(count):
        picture(root / image.format(n=number), number)
        mask(root / label.format(n=number), number, **how)
    return root


@pytest.mark.parametrize(("image", "label"), LAYOUTS)
def test_pairs_are_found_in_the_layouts_people_have(tmp_path, image, label):
    dataset = Folder(fill(tmp_path, image, label), "all")
    assert len(dataset) == 6
    for index, name in enumerate(dataset.names):
        photo, truth = dataset[index]
        number = round(photo[0, 0, 0] / 10)
        assert name == image.format(n=number).rpartition(".")[0]
        assert truth[-1, -1] == number % 3


def test_folders_tell_the_split(tmp_path):
    for split, count in (("train", 3), ("validation", 2), ("test", 1)):
        fill(tmp_path, f"{split}/images/{split}{{n}}.png", f"{split}/masks/{split}{{n}}.png", count)
    assert {s: len(Folder(tmp_path, s)) for s in ("train", "val", "test", "all")} == {
        "train": 3,
        "val": 2,
        "test": 1,
        "all": 6,
    }


def test_a_share_that_folders_overrule_is_told(tmp_path):
    for split in ("train", "val"):
        fill(tmp_path, f"{split}/images/{{n}}.png", f"{split}/masks/{{n}}.png", 2)
    told = "split as its lists or folders say: 2 train, 2 val"
    assert Folder(tmp_path).notes[-1] == told and "split_seed" not in Folder(tmp_path).told
    assert Folder(tmp_path, val_share=0.5).notes[-1] == f"{told}; --val-share and --split-seed change nothing"


def test_one_name_in_two_splits_is_two_pairs(tmp_path):
    for split in ("train", "val"):
        fill(tmp_path, f"images/{split}/{{n}}.png", f"masks/{split}/{{n}}.png", 2)
    assert Folder(tmp_path, "val").names == ["images/val/0", "images/val/1"]


@pytest.mark.parametrize(
    "line",
    ["{n}", "{n}.png", "IMAGES\\{n}.PNG", "images/{n}.png", "/home/x/images/{n}.png", "images/{n}.png masks/{n}.png"],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp949"])
def test_lists_tell_the_split(tmp_path, line, encoding):
    for number in range(4):
        picture(tmp_path / f"images/사진 {number}.png", number)
        mask(tmp_path / f"masks/사진 {number}.png", number)
    for split, numbers in (("train", (3, 1)), ("val", (2,))):
        lines = "".join(line.format(n=f"사진 {n}") + "\r\n" for n in numbers)
        (tmp_path / f"{split}.txt").write_bytes(lines.encode(encoding))
    assert Folder(tmp_path).names == ["images/사진 3", "images/사진 1"]
    assert Folder(tmp_path, "val").names == ["images/사진 2"]


def test_a_copy_of_a_picture_is_not_taken_for_its_mask(tmp_path):
    fill(tmp_path, "{n}.jpg", "{n}_mask.png")
    picture(tmp_path / "0.png")
    dataset = Folder(tmp_path, "all")
    assert sorted(dataset.names) == ["1", "2", "3", "4", "5"]
    assert "2 pictures without a mask, left out: 0.jpg, 0.png" in dataset.notes


def test_a_line_that_names_no_pair_is_named_with_the_reason(tmp_path):
    fill(tmp_path)
    picture(tmp_path / "images/alone.png")
    for line, why in (("nobody", "no picture here"), ("alone", "without a mask")):
        (tmp_path / "train.txt").write_text(f"0\n{line}\n")
        with pytest.raises(InputError, match=rf"train\.txt line 2: '{line}' is {why}: fetch it, or drop the line"):
            Folder(tmp_path)


def test_without_a_list_names_decide(tmp_path):
    fill(tmp_path, count=20)
    before = Folder(tmp_path, "val").names
    assert 1 <= len(before) <= 9
    picture(tmp_path / "images/new.png"), mask(tmp_path / "masks/new.png")
    assert set(Folder(tmp_path, "val").names) - {"images/new"} == set(before)
    assert len(Folder(tmp_path, "val", val_share=0.5).names) > len(before)
    assert Folder(tmp_path, "val", split_seed=1).names != before


def test_what_does_not_pair_is_counted_and_the_first_are_named(tmp_path):
    fill(tmp_path)
    for number in range(4):
        picture(tmp_path / f"images/alone{number}.png")
    mask(tmp_path / "masks/widow.png")
    notes = Folder(tmp_path).notes
    assert notes[0] == "6 pairs of a picture and its mask"
    assert "4 pictures without a mask, left out: images/alone0.png, images/alone1.png, images/alone2.png ..." in notes
    assert "1 mask without a picture, left out: masks/widow.png" in notes


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "is empty"),
        (["images/a.png", "images/b.png"], r"holds 2 pictures \(images/a\.png, images/b\.png\) and no mask: expected"),
        (
            ["images/a.png", "masks/b.png"],
            r"holds 1 pictures \(images/a\.png\) and 1 masks \(masks/b\.png\), but none of one",
        ),
        (["images/a.png", "masks/a.png"], "1 pair of an image and its mask; expected at least 2"),
    ],
)
def test_a_folder_without_pairs_says_what_it_holds(tmp_path, files, message):
    for name in files:
        mask(tmp_path / name)
    with pytest.raises(InputError, match=message):
        Folder(tmp_path)


def test_links_in_circles_are_followed_once(tmp_path):
    fill(tmp_path)
    (tmp_path / "images/again").symlink_to(tmp_path, target_is_directory=True)
    assert Folder(tmp_path, "all").notes[:1] + Folder(tmp_path).notes[2:-1] == ("6 pairs of a picture and its mask",)


def test_pairs_that_no_list_names_are_told(tmp_path):
    fill(tmp_path)
    for split, lines in (("train", "0\n1\n"), ("val", "2\n")):
        (tmp_path / f"{split}.txt").write_text(lines)
    assert "3 pairs are in no list, left out, images/3 first" in Folder(tmp_path).notes


def test_a_picture_with_two_masks_is_named_where_none_pairs(tmp_path):
    fill(tmp_path), fill(tmp_path, label="masks_rgb/{n}.png")
    with pytest.raises(InputError, match=r"images/0\.png has 2 masks, masks/0\.png, masks_rgb/0\.png: keep one"):
        Folder(tmp_path)


def test_hidden_files_are_none(tmp_path):
    fill(tmp_path)
    (tmp_path / "images/._0.png").write_bytes(b"what another system leaves")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX/0.png").write_bytes(b"")
    assert len(Folder(tmp_path, "all")) == 6


def test_classes_and_colours_of_a_table_are_the_data_set_s(tmp_path):
    fill(tmp_path)
    (tmp_path / "classes.txt").write_text("ground 9 9 9\nred fruit 200 30 30\nleaf 0 99 0\n")
    dataset = Folder(tmp_path)
    assert dataset.classes == ("ground", "red fruit", "leaf")
    assert dataset.palette.tolist() == [[9, 9, 9], [200, 30, 30], [0, 99, 0]]
    assert Folder(tmp_path, classes=["a", "b", "c"]).classes == ("a", "b", "c")
    with pytest.raises(InputError, match="classes: 3 is no name; expected texts"):
        Folder(tmp_path, classes=["a", "b", 3])


def test_mean_and_deviation_are_those_of_the_training_pictures(tmp_path):
    for number, grey in enumerate((10, 30)):
        Image.fromarray(np.full((2, 2, 3), grey, np.uint8)).save(tmp_path / f"{number}.bmp")
        mask(tmp_path / f"{number}_mask.png")
    Image.fromarray(np.full((4, 4, 3), 200, np.uint8)).save(tmp_path / "2.bmp")
    mask(tmp_path / "2_mask.png")
    (tmp_path / "train.txt").write_text("0\n1\n")
    (tmp_path / "val.txt").write_text("2\n")
    for split in ("train", "val"):
        dataset = Folder(tmp_path, split)
        assert (dataset.mean, dataset.std) == ((20,) * 3, (10,) * 3)


def test_another_of_the_kind_is_read_as_the_first_was(tmp_path):
    first = Folder(fill(tmp_path / "a", values=(0, 255)))
    few = fill(tmp_path / "b", values=(0, 0))  # where nobody has an object
    again = open_dataset("folder", few, "all", **first.told)
    assert again.classes == first.classes == ("background", "object")
    assert set(np.unique(again[0][1])) == {0}


def test_a_table_in_another_order_holds_for_its_own_folder(tmp_path):
    for name in ("a", "b"):
        fill(tmp_path / name)
    (tmp_path / "a/classes.txt").write_text("ground\nleaf\nfruit\n")
    told = Folder(tmp_path / "a").told
    (tmp_path / "b/classes.txt").write_text("ground\nfruit\nleaf\n")
    other = open_dataset("folder", tmp_path / "b", "all", **told)
    assert other.classes == ("ground", "leaf", "fruit")
    assert other[0][1][0, :3].tolist() == [0, 2, 1]  # of the numbers 0, 1, 2
    (tmp_path / "b/classes.txt").write_text("ground\nfruit\nsky\n")
    with pytest.raises(InputError, match="b are ground, fruit, sky, expected ground, leaf, fruit, as the run"):
        open_dataset("folder", tmp_path / "b", "all", **told)


def test_classes_told_to_a_run_hold_over_a_table_when_it_goes_on(tmp_path):
    (fill(tmp_path) / "classes.txt").write_text("ground\nleaf\nfruit\n")
    first = Folder(tmp_path, classes=["a", "b", "c"])
    again = open_dataset("folder", tmp_path, **first.told)
    assert (again.classes, again.coding) == (("a", "b", "c"), first.coding)


@pytest.mark.parametrize("values", [(0, 1, 2), (0, 255)])
def test_names_written_after_a_run_do_not_stop_it(tmp_path, values):
    first = Folder(fill(tmp_path, values=values))
    (tmp_path / "classes.txt").write_text("".join(f"n{value}\n" for value in values))
    assert open_dataset("folder", tmp_path, **first.told).coding == first.coding


def test_what_is_told_besides_holds_over_the_first_s_reading(tmp_path):
    told = Folder(fill(tmp_path / "a", values=(1, 2, 3)), values=[1, 2, 3]).told
    other = open_dataset("folder", fill(tmp_path / "b", values=(0, 1, 2)), "all", **told, void=0)
    assert other.classes == ("class 1", "class 2", "class 3")
    assert other[0][1][0, :3].tolist() == [255, 0, 1]


def test_splits_share_one_look_and_may_be_those_of_a_run(tmp_path):
    fill(tmp_path)
    training, validation = open_splits("folder", tmp_path, lists={"train": ["images/4"], "val": ["images/0"]})
    assert (training.names, validation.names, training.coding is validation.coding) == (
        ["images/4"],
        ["images/0"],
        True,
    )
    assert training.notes[-1] == "split as the run began: 1 train, 1 val; left out: 4 that it did not know"
    with pytest.raises(InputError, match="2 pairs of the run are gone from the folder, images/8 first"):
        open_splits("folder", tmp_path, lists={"train": ["images/4", "images/9"], "val": ["images/8"]})


def test_sizes_are_brought_together(tmp_path):
    fill(tmp_path)
    image, label = open_splits("folder", tmp_path, size="16x10")[0][0]
    assert (image.shape, label.shape) == ((10, 16, 3), (10, 16))


# A camera held sideways: the pixels as they came are 8 wide, and the photo is 8 high.
STORED = np.arange(H * W, dtype=np.uint8).reshape(H, W) % 3
UPRIGHT = STORED.T[:, ::-1]  # orientation 6: row 0 of the pixels is the right side


def turned_photo(root, label, orientation=6, stored=STORED):
    (root / "images").mkdir(parents=True), (root / "masks").mkdir()
    exif = Image.Exif()
    exif[0x0112] = orientation
    for number in range(2):
        Image.fromarray(np.repeat(stored[:, :, None], 3, axis=2)).save(root / f"images/{number}.png", exif=exif)
        Image.fromarray(label).save(root / f"masks/{number}.png")
    return Folder(root)


@pytest.mark.parametrize("label", [STORED, UPRIGHT])
def test_a_mask_fits_its_turned_photo_whether_turned_or_upright(tmp_path, label):
    photo, truth = turned_photo(tmp_path, label)[0]
    np.testing.assert_array_equal(photo[..., 0], UPRIGHT)
    np.testing.assert_array_equal(truth, UPRIGHT)


def test_where_both_would_fit_it_is_said_which_was_taken(tmp_path):
    dataset = turned_photo(tmp_path, STORED, orientation=3)
    with pytest.warns(Caution, match=r"EXIF orientation 3\) and the mask fits either way: taken for upright"):
        photo, truth = dataset[0]
    np.testing.assert_array_equal(truth, STORED)
    np.testing.assert_array_equal(photo[..., 0], STORED[::-1, ::-1])


def test_a_mask_that_fits_neither_way_is_named(tmp_path):
    with pytest.raises(
        InputError, match=r"\d\.png is 5x4 \(width x height\), expected 6x8, as its photo upright, or 8x6"
    ):
        turned_photo(tmp_path, np.arange(20, dtype=np.uint8).reshape(4, 5) % 3)[0]


def test_black_is_for_a_background_alone(tmp_path):
    fill(tmp_path)
    assert Folder(tmp_path, classes=["background", "a", "b"]).palette.tolist() == [[0] * 3, [128, 0, 0], [0, 128, 0]]
    named = Folder(tmp_path, classes=["sky", "a", "b"]).palette.tolist()
    assert named == [[128, 0, 0], [0, 128, 0], [128, 128, 0]]
