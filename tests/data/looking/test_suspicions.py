"""Each fault of a data set is found, and nothing in a data set without."""

import io

import numpy as np
import pytest
from looked_at import H, W, clean, drawn, found
from PIL import Image

from minifcn.data import CamVid, Folder, Scenes, Voc
from minifcn.data.looking import duplicates
from minifcn.data.looking.inspection import inspect
from minifcn.data.looking.suspicions import suspicions

VOID = 255


def changed(change, count=24, which=None):
    """Clean pairs, the labels of some or of all changed."""
    which = range(count) if which is None else which
    return [(image, change(label) if n in which else label) for n, (image, label) in enumerate(clean(count))]


def recoloured(old, new):
    return lambda label: np.where(label == old, new, label).astype(np.uint8)


def test_nothing_is_found_where_nothing_is_wrong():
    assert found(clean()) == {}


def test_nothing_is_found_in_scenes():
    splits = {split: Scenes(split, size=64, count=count) for split, count in (("train", 40), ("val", 20))}
    assert suspicions(inspect(splits)) == []


def test_nothing_is_found_in_camvid(camvid_root):
    splits = {split: CamVid(camvid_root, split) for split in ("train", "val")}
    for dataset in splits.values():  # every fifth will do
        dataset.pairs, dataset.names = dataset.pairs[::5], dataset.names[::5]
    assert suspicions(inspect(splits)) == []


def test_what_a_few_pictures_of_voc_lack_is_found_and_no_more(voc_root):
    splits = {split: Voc(voc_root, split) for split in ("train", "val")}
    kinds = {one.kind for one in suspicions(inspect(splits))}
    assert kinds == {"unseen class", "only in val", "only in train", "sizes", "few"}


@pytest.mark.parametrize(
    ("train", "val", "kind", "word"),
    [
        (changed(recoloured(2, 1)), changed(recoloured(2, 1), 4), "unseen class", "'stone'"),
        (changed(recoloured(2, 1)), None, "only in val", "'stone'"),
        (None, changed(recoloured(2, 1), 4), "only in train", "'stone'"),
        (clean(19), None, "few", "19 pairs"),
        ([*clean(23), drawn(50, height=H + 1)], None, "sizes", "2 sizes"),
        ([*clean(23), drawn(50, height=1001, width=1000)], None, "large", "1000x1001"),
        (changed(lambda label: label * 0 + VOID, which=[3]), None, "all void", "train: n3"),
        ([*clean(), clean()[5]], None, "twice", "train: n24 is train: n5"),
        (clean(), [*clean(4, 100), clean()[5]], "in train and val", "val: n4 is train: n5"),
    ],
)
def test_a_fault_is_found(train, val, kind, word):
    suspicion = found(clean() if train is None else train, val)[kind]
    assert word in suspicion.words
    assert not suspicion.forbids


def test_one_picture_of_another_size_among_those_that_validate_is_no_fault():
    assert "sizes" not in found(clean(), [*clean(4, 100), drawn(50, height=H + 1)])


def test_a_class_of_few_pixels_is_found():
    pairs = clean()
    pairs[0][1][0, 0] = 3
    assert (
        "'dust' has under 0.1 % of train's pixels" in found(pairs, classes=("a", "b", "c", "dust"))["rare class"].words
    )


@pytest.mark.parametrize(
    ("way", "turn"),
    [
        ("mirrored", lambda label: label[:, ::-1]),
        ("upside down", lambda label: label[::-1]),
        ("turned by 180 degrees", lambda label: label[::-1, ::-1]),
    ],
)
@pytest.mark.parametrize("which", [None, [7]])
def test_masks_that_lie_the_wrong_way_round_are_found(way, turn, which):
    suspicion = found(changed(turn, which=which), val=changed(turn, 4) if which is None else None)[f"better {way}"]
    numbers = {(look.split, look.index) for look in suspicion.looks}
    assert numbers == {("train", 7)} if which else len(numbers) == 28


@pytest.mark.parametrize(
    ("way", "turn"),
    [
        ("turned by 90 degrees to the right", np.rot90),  # it was turned to the left
        ("with rows for columns", np.transpose),
    ],
)
def test_square_masks_that_are_turned_by_a_quarter_are_found(way, turn):
    pairs = [drawn(n, 1 + n % 2, 48, 48) for n in range(24)]
    turned = [(image, turn(label)) for image, label in pairs]
    assert [kind for kind in found(turned, turned[:0] + pairs[20:]) if kind.startswith("better")] == [f"better {way}"]


def test_two_tones_among_masks_of_numbers_are_told():
    pairs = clean(6)
    for number in (1, 4):
        image, label = pairs[number]
        pairs[number] = image, np.where(label, 255, 0).astype(np.uint8)
    words = found(pairs)["two tones"].words
    assert words.startswith("2 masks have nothing but 'background' and void (train: n1, train: n4), and no other has")
    pairs[0][1][0] = 255  # where void is in others, too, it is meant
    assert "two tones" not in found(pairs)


def test_smoothed_masks_are_found_though_their_values_are_classes():
    def smooth(label):
        half = Image.fromarray(label).resize((W // 2, H // 2), Image.Resampling.BILINEAR)
        return np.asarray(half.resize((W, H), Image.Resampling.BILINEAR))

    pairs = changed(lambda label: smooth(label * 4), which=[2, 3])
    suspicion = found(pairs, classes=tuple("abcdefghi"))["smoothed"]
    assert [look.index for look in suspicion.looks] == [2, 3]


@pytest.mark.parametrize("how", ["halved", "compressed"])
def test_a_picture_is_known_again_in_another_size_and_compressed(how, monkeypatch):
    monkeypatch.setattr(duplicates, "BLOCK", 5)  # as among thousands
    image, label = drawn(500, height=96, width=144)
    image = np.asarray(Image.fromarray(image).resize((36, 24)).resize((144, 96)))  # as photos, smooth
    picture = Image.fromarray(image)
    if how == "halved":
        again = np.asarray(picture.resize((72, 48)))
    else:
        picture.save(file := io.BytesIO(), "JPEG", quality=60)
        again = np.asarray(Image.open(file))
    kinds = found(clean(), [*clean(4, 100), (image, label), (again, label[: again.shape[0], : again.shape[1]])])
    assert "val: n5 is val: n4" in kinds["twice"].words
    assert "in train and val" not in kinds


@pytest.mark.parametrize(
    ("train", "val", "word"),
    [
        (changed(lambda label: label * 0), None, "every pixel of 24 labels of pairs is 'background'"),
        (changed(lambda label: np.where(label, VOID, 0).astype(np.uint8)), None, "two-tone masks"),
        (changed(lambda label: label * 0 + VOID), None, "void"),
        (None, changed(lambda label: label * 0 + VOID, 4), "val is void"),
    ],
)
def test_what_no_network_learns_from_forbids_a_training(train, val, word):
    forbidding = [one.words for one in found(clean() if train is None else train, val).values() if one.forbids]
    assert len(forbidding) == 1
    assert word in forbidding[0]


def test_a_single_class_forbids_a_training():
    suspicion = found(changed(lambda label: label * 0), val=changed(lambda label: label * 0, 4), classes=("leaf",))
    assert "softmax" in suspicion["one class"].words
    assert suspicion["one class"].forbids


def test_files_that_cannot_be_read_are_named_by_kind_and_others_looked_at(tmp_path, save):
    def name(number):
        return f"my {'abcd'[number % 4]} photo {number}"

    for number, (image, label) in enumerate(clean()):
        save(image, tmp_path / "images" / f"{name(number)}.png")
        save(label, tmp_path / "masks" / f"{name(number)}.png")
    for number in (1, 2, 3):
        whole = (tmp_path / f"images/{name(number)}.png").read_bytes()
        (tmp_path / f"images/{name(number)}.png").write_bytes(whole[:-200])
    save(drawn(4)[1][:, : H // 2], tmp_path / f"masks/{name(4)}.png")
    save(np.full((W, H), 1), tmp_path / f"masks/{name(5)}.png")
    dataset = Folder(tmp_path, "all")
    inspection = inspect({"all": dataset})
    unreadable = [one for one in suspicions(inspection) if one.kind == "unreadable"]
    assert [len(one.looks) for one in unreadable] == [1, 3, 1]
    assert all(one.forbids for one in unreadable)
    assert f"expected {W}x{H}" in unreadable[0].words
    assert "truncated" in unreadable[1].words and "2 more like it" in unreadable[1].words
    assert "sides are swapped" in unreadable[2].words
    assert inspection.images("all")[:3].tolist() == [19, 10, 9]
