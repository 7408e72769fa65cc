import numpy as np
import pytest
from PIL import Image

from minifcn.data import open_dataset
from minifcn.data.sets.files import need_folder, need_split, read_label
from minifcn.errors import InputError

IMAGE = np.random.default_rng(0).integers(256, size=(40, 30, 3), dtype=np.uint8)


def test_label_is_read_as_it_is(tmp_path, save):
    label = np.array([[0, 1, 2], [255, 2, 0]])
    read = read_label(save(label, tmp_path / "l.png"), n_class=3)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, label)


def test_palette_label_is_read_as_indices(tmp_path):
    label = np.array([[0, 1, 2, 2], [255, 2, 0, 1]], np.uint8)
    picture = Image.fromarray(label).convert("P")
    picture.putdata(label.ravel())
    picture.putpalette([200, 100, 50] * 256)  # colours that tell nothing
    picture.save(tmp_path / "l.png")
    np.testing.assert_array_equal(read_label(tmp_path / "l.png", n_class=3), label)


def test_another_number_for_void_becomes_255(tmp_path, save):
    path = save([[0, 1, 11], [255, 11, 0]], tmp_path / "l.png")
    np.testing.assert_array_equal(read_label(path, n_class=11, void=11), [[0, 1, 255], [255, 255, 0]])


@pytest.mark.parametrize("value", [3, 254])
def test_a_label_outside_the_classes_is_named(tmp_path, save, value):
    path = save([[0, 1, 2], [255, value, 0]], tmp_path / "l.png")
    with pytest.raises(InputError, match=rf"l\.png holds the label {value}, expected 0 to 2 or void \(255\)"):
        read_label(path, n_class=3)


def test_a_label_in_colours_is_refused(tmp_path, save):
    with pytest.raises(InputError, match=r"l\.png is a label in mode RGB, expected one class number a pixel"):
        read_label(save(IMAGE, tmp_path / "l.png"), n_class=3)


def test_a_truncated_label_is_named(tmp_path, save):
    path = save(IMAGE[:, :, 0] % 3, tmp_path / "l.png")
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(InputError, match=r"l\.png cannot be read as an image"):
        read_label(path, n_class=3)


def test_folder_must_be_given_there_and_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"no data folder was given, expected the cats: name it with --root"):
        need_folder(None, "the cats")
    with pytest.raises(InputError, match=r"nowhere is not there or no folder, expected the cats"):
        need_folder(tmp_path / "nowhere", "the cats")
    with pytest.raises(InputError, match=r"file is not there or no folder"):
        need_folder(str(tmp_path / "file"), "the cats")
    with pytest.raises(InputError, match=r"empty is empty, expected the cats"):
        need_folder(tmp_path / "empty", "the cats")
    assert need_folder(str(tmp_path), "the cats") == tmp_path


def test_an_unknown_split_is_answered_with_those_there_are(tmp_path):
    (tmp_path / "val.txt").touch()
    (tmp_path / "train.txt").touch()
    assert need_split(tmp_path, "val") == tmp_path / "val.txt"
    with pytest.raises(InputError, match=r"split 'test': .*test\.txt is not there, .* \(train, val\)"):
        need_split(tmp_path, "test")


PAGE = "<html><body>" + "x" * 5000 + "</body></html>"


@pytest.mark.parametrize(
    ("name", "folder", "file"),
    [
        ("voc", "VOC2012/SegmentationClass", "VOC2012/ImageSets/Segmentation/train.txt"),
        ("camvid", "train", "train.txt"),
        ("nyudv2", "segmentation", "train.txt"),
        ("sbd", "dataset/cls", "dataset/train.txt"),
    ],
)
@pytest.mark.parametrize("line", [PAGE, PAGE.replace("/", ""), f"{PAGE} {PAGE}"])
def test_a_web_page_is_no_list(tmp_path, name, folder, file, line):
    pytest.importorskip("scipy")
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(line)
    with pytest.raises(InputError, match=r"train\.txt line 1: "):
        open_dataset(name, tmp_path)
