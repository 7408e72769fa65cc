import numpy as np
import pytest

from minifcn.data import Dataset, voc_palette


class Letters(Dataset):
    name = "letters"
    classes = ("vowel", "consonant", "other")

    def __len__(self):
        return 3

    def load(self, index):
        return {0: "a", 1: "b", 2: "c"}[index]


def test_a_data_set_counts_its_classes():
    assert Letters().n_class == 3


def test_a_data_set_is_indexed_like_a_list():
    letters = Letters()
    assert [letters[0], letters[2], letters[-1], letters[-3], letters[np.int64(1)]] == ["a", "c", "c", "a", "b"]
    assert list(letters) == ["a", "b", "c"]  # ends by itself


@pytest.mark.parametrize("index", [3, -4])
def test_an_index_beyond_the_ends_is_an_index_error(index):
    with pytest.raises(IndexError, match=rf"letters: there is no pair {index}, there are 3"):
        Letters()[index]


def test_voc_palette_has_the_published_colours():
    palette = voc_palette(256)
    published = {
        **{0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 3: (128, 128, 0), 8: (64, 0, 0), 15: (192, 128, 128)},
        **{16: (0, 64, 0), 20: (0, 64, 128), 255: (224, 224, 192)},
    }
    assert {n: tuple(palette[n].tolist()) for n in published} == published
    assert palette.dtype == np.uint8
    assert len(np.unique(palette, axis=0)) == 256
