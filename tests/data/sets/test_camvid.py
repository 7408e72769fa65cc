import numpy as np
import pytest

from minifcn.data import CamVid
from minifcn.errors import InputError

LINE = "/SegNet/CamVid/train/{0}.png /SegNet/CamVid/trainannot/{0}.png\n"
IMAGE = np.random.default_rng(0).integers(256, size=(6, 8, 3))
LABEL = np.arange(48).reshape(6, 8) % 12


@pytest.fixture
def root(tmp_path, save):
    """A folder of two pairs, "one" and "two"."""
    for name in ("one", "two"):
        save(IMAGE, tmp_path / "train" / f"{name}.png")
        save(LABEL, tmp_path / "trainannot" / f"{name}.png")
    (tmp_path / "train.txt").write_text(LINE.format("two") + "\n" + LINE.format("one"))
    return tmp_path


def test_pairs_come_in_the_order_of_the_list(root):
    dataset = CamVid(str(root))
    assert len(dataset) == 2
    assert [dataset.pairs[0][0].stem, dataset.pairs[1][0].stem] == ["two", "one"]
    image, label = dataset[1]
    np.testing.assert_array_equal(image, IMAGE)
    np.testing.assert_array_equal(label, np.where(LABEL == 11, 255, LABEL))
    assert (image.dtype, label.dtype) == (np.uint8, np.uint8)


def test_paths_of_windows_are_understood(root):
    (root / "train.txt").write_text(LINE.format("one").replace("/", "\\"))
    assert CamVid(root).pairs[0][0].stem == "one"


def test_a_missing_file_is_named_with_list_and_line(root):
    (root / "trainannot" / "one.png").unlink()
    with pytest.raises(InputError, match=r"train\.txt line 3: .*trainannot.one\.png is not there"):
        CamVid(root)


@pytest.mark.parametrize("line", ["/a/train/one.png", "train/one.png trainannot/one.png extra"])
def test_a_line_that_names_no_pair_is_named(root, line):
    (root / "train.txt").write_text(LINE.format("two") + line)
    with pytest.raises(InputError, match=r"train\.txt line 2: .* names no pair, expected the paths of an image and"):
        CamVid(root)


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_list_is_named(root, text):
    (root / "train.txt").write_text(text)
    with pytest.raises(InputError, match=r"train\.txt is empty"):
        CamVid(root)


def test_a_list_that_is_no_text_is_an_input_error(root):
    (root / "train.txt").write_bytes(bytes(range(128, 256)))
    with pytest.raises(InputError, match=r"train\.txt cannot be decoded as text: save it as UTF-8"):
        CamVid(root)


def test_a_missing_list_is_named(root):
    with pytest.raises(InputError, match=r"val\.txt is not there, expected one of the lists in it \(train\)"):
        CamVid(root, "val")


def test_a_label_of_another_size_is_named_with_both_sizes(root, save):
    save(LABEL[:5], root / "trainannot" / "one.png")
    with pytest.raises(InputError, match=r"trainannot.one\.png is 8x5 \(width x height\), expected 8x6 as its image"):
        CamVid(root)[1]


def test_a_label_outside_the_classes_is_named(root, save):
    save(np.where(LABEL == 3, 12, LABEL), root / "trainannot" / "one.png")
    with pytest.raises(InputError, match=r"one\.png holds the label 12, expected 0 to 10 or void \(11\)"):
        CamVid(root)[1]


@pytest.mark.parametrize(("split", "length", "first"), [("train", 367, "0001TP_006690"), ("val", 101, "0016E5_07959")])
def test_real_splits_are_whole(camvid_root, split, length, first):
    dataset = CamVid(camvid_root, split)
    assert (len(dataset), dataset.pairs[0][0].stem) == (length, first)
    image, label = dataset[0]
    assert image.shape == (*label.shape, 3)
    assert set(np.unique(label)) <= {*range(11), 255}


def test_real_classes_lie_where_a_street_has_them(camvid_root):
    """Sky above road: the order of the classes' names is that of the numbers."""
    rows = {name: [] for name in ("sky", "road", "building")}
    dataset = CamVid(camvid_root)
    for index in range(0, 367, 60):
        label = dataset[index][1]
        for name, found in rows.items():
            found.extend(np.nonzero(label == dataset.classes.index(name))[0] / len(label))
    assert np.mean(rows["sky"]) < np.mean(rows["building"]) < np.mean(rows["road"])


def test_real_mean_and_deviation_are_those_written_down(camvid_root):
    dataset = CamVid(camvid_root)
    pixels = np.concatenate([dataset[i][0][::4, ::4].reshape(-1, 3) for i in range(0, 367, 5)])
    np.testing.assert_allclose(pixels.mean(axis=0), dataset.mean, atol=2)
    np.testing.assert_allclose(pixels.std(axis=0), dataset.std, atol=2)
