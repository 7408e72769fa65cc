import numpy as np
import pytest

from minifcn.data import CamVid, Scenes, Voc, open_dataset
from minifcn.errors import InputError


def test_scenes_take_split_size_count_and_seed():
    dataset = open_dataset("scenes", split="val", size=32, count=3, seed=5)
    assert isinstance(dataset, Scenes)
    assert (dataset.split, len(dataset), dataset[0][1].shape) == ("val", 3, (32, 32))
    np.testing.assert_array_equal(dataset[2][0], Scenes("val", size=32, seed=5)[2][0])


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(InputError, match=r"data set 'mnist' is not known, expected one of scenes, .*voc"):
        open_dataset("mnist")


def test_scenes_refuse_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"scenes are generated, but the data folder .* was given"):
        open_dataset("scenes", root=tmp_path)


@pytest.mark.parametrize("name", ["camvid", "voc"])
def test_data_sets_in_folders_want_a_folder(name, tmp_path):
    with pytest.raises(InputError, match=r"no data folder was given, expected .*: name it with --root"):
        open_dataset(name)
    with pytest.raises(InputError, match=r"is empty"):
        open_dataset(name, tmp_path)


def test_camvid_is_opened_by_name(camvid_root):
    dataset = open_dataset("camvid", camvid_root, "val")
    assert isinstance(dataset, CamVid)
    assert len(dataset) == 101


def test_voc_is_opened_by_name(voc_root):
    assert isinstance(open_dataset("voc", voc_root, "val"), Voc)


@pytest.mark.parametrize("dataset", [Scenes, CamVid, Voc])
def test_each_class_has_a_name_and_a_colour_of_its_own(dataset):
    n = len(dataset.classes)
    assert dataset.palette.shape == (n, 3)
    assert dataset.palette.dtype == np.uint8
    assert len(set(dataset.classes)) == len(np.unique(dataset.palette, axis=0)) == n
    assert len(dataset.mean) == len(dataset.std) == 3
