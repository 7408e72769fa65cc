"""Masks in all forms, and what they say, decided by looking."""

import json

import numpy as np
import pytest
from PIL import Image

from minifcn.data.reading.class_names import ClassTable, read_class_table
from minifcn.data.reading.coding import decide
from minifcn.data.reading.masks import Coding, read_mask
from minifcn.data.reading.survey import survey
from minifcn.errors import InputError

NUMBERS = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
RED, BLUE, BLACK = (200, 30, 30), (0, 0, 255), (0, 0, 0)


def save(array, path, mode=None):
    image = Image.fromarray(np.asarray(array))
    image = image if mode is None else image.convert(mode)
    image.save(path)
    return path


def colours(*rows):
    return np.array(rows, np.uint8)


def test_numbers_are_read_from_grey_palette_and_16_bit(tmp_path):
    np.testing.assert_array_equal(read_mask(save(NUMBERS, tmp_path / "grey.png")), NUMBERS)
    palette = Image.fromarray(NUMBERS).convert("P")
    palette.putdata(NUMBERS.ravel())
    palette.putpalette([7, 7, 7, *RED, *BLUE])
    palette.save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "p.png"), NUMBERS)
    np.testing.assert_array_equal(read_mask(tmp_path / "p.png", colours=True)[0], [(7, 7, 7), RED, BLUE])
    deep = NUMBERS.astype(np.uint16) * 300
    np.testing.assert_array_equal(read_mask(save(deep, tmp_path / "deep.png")), deep)
    grey_in_rgb = np.repeat(NUMBERS[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(read_mask(save(grey_in_rgb, tmp_path / "rgb.png")), NUMBERS)
    np.testing.assert_array_equal(read_mask(save(NUMBERS > 0, tmp_path / "bits.png")), NUMBERS > 0)


def test_colours_are_read_and_what_is_transparent_is_black(tmp_path):
    rgba = colours([(*RED, 255), (*BLUE, 0)])
    np.testing.assert_array_equal(read_mask(save(rgba, tmp_path / "a.png")), [[RED, BLACK]])


def test_a_mask_that_can_hold_no_numbers_is_refused(tmp_path):
    with pytest.raises(InputError, match="is a mask in mode CMYK, expected class numbers"):
        read_mask(save(np.zeros((2, 2, 3), np.uint8), tmp_path / "a.tif", "CMYK"))


def decided(tmp_path, masks, *args, **more):
    paths = [save(mask, tmp_path / f"{number}.png") for number, mask in enumerate(masks)]
    coding, note = decide(paths, *args, where="DIR", **more)
    return coding, note, [coding.label(read_mask(path, coding.colours)).tolist() for path in paths]


@pytest.mark.parametrize("tones", [(0, 255), (0, 1), (1, 2), (100, 200), (0, 1000)])
def test_two_tones_are_background_and_object(tmp_path, tones):
    mask = np.array([tones, tones[::-1]], np.uint16 if max(tones) > 255 else np.uint8)
    coding, note, labels = decided(tmp_path, [mask])
    assert labels == [[[0, 1], [1, 0]]]
    assert coding.classes == ("background", "object")
    assert note == f"masks in two tones: {tones[0]} is background, {tones[1]} is object"
    named, *_ = decided(tmp_path, [mask], ClassTable(("ground", "leaf")))
    assert named.classes == ("ground", "leaf") and named.values == tones


def test_two_tones_of_1_bit_and_of_two_colours(tmp_path):
    bits = np.array([[False, True]])
    assert decided(tmp_path, [bits])[2] == [[[0, 1]]]
    assert decided(tmp_path, [colours([RED, BLACK])])[2] == [[[1, 0]]]
    assert decided(tmp_path, [colours([(255,) * 3, BLACK])])[2] == [[[1, 0]]]


@pytest.mark.parametrize(("tones", "void"), [((0, 255), 128), ((1, 2), 0), ((0, 1), 255)])
def test_what_counts_nowhere_is_none_of_two_tones(tmp_path, tones, void):
    coding, note, labels = decided(tmp_path, [np.array([[*tones, void]], np.uint8)], void=void)
    assert labels == [[[0, 1, 255]]] and coding.classes == ("background", "object")
    assert note.endswith(f"{tones[1]} is object, {void} is void")


def test_a_number_tells_no_void_of_colours(tmp_path):
    for table in (None, ClassTable(("ground", "fruit"), (BLACK, RED))):
        with pytest.raises(InputError, match="--void 3 is a number, and masks in DIR are in colours: give it a line"):
            decided(tmp_path, [colours([RED, BLACK])], table, void=3)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"void": 70000}, "--void 70000: expected a number of 0..65535"),
        ({"void": -1}, "--void -1: expected"),
        ({"void": 2, "values": [0, 1, 2]}, "--values tells a class for 2, and --void that it counts nowhere"),
    ],
)
def test_a_void_that_cannot_be_is_refused(tmp_path, told, message):
    with pytest.raises(InputError, match=message):
        decided(tmp_path, [NUMBERS], **told)


def test_numbers_below_0_are_no_classes(tmp_path):
    Image.fromarray(NUMBERS.astype(np.int32) - 1).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match="hold -1: save what counts nowhere as 255"):
        decide([tmp_path / "a.tif"])


def indexed(path, label, *palette):
    image = Image.fromarray(np.array(label, np.uint8))
    image = image.convert("P")
    image.putdata(np.ravel(label).tolist())
    image.putpalette([value for colour in palette for value in colour])
    image.save(path)
    return path


def test_indices_whose_colour_differs_from_mask_to_mask_are_no_numbers(tmp_path):
    paths = [
        indexed(tmp_path / "a.png", [[0, 1, 2]], BLACK, RED, BLUE),
        indexed(tmp_path / "b.png", [[0, 1, 2]], BLUE, BLACK, RED),
    ]
    table = ClassTable(("ground", "fruit", "sky"), (BLACK, RED, BLUE))
    coding, _ = decide(paths, table)
    assert [coding.label(read_mask(path, coding.colours)).tolist() for path in paths] == [[[0, 1, 2]], [[2, 0, 1]]]
    with pytest.raises(InputError, match=r"in colours.* one index has several colours .*give --values"):
        decide(paths)
    assert not decide(paths, values=(0, 1, 2))[0].colours
    two = [indexed(tmp_path / f"{n}.png", [[0, 1]], *tones) for n, tones in enumerate([(BLACK, RED), (RED, BLACK)])]
    coding, _ = decide(two)
    assert [coding.label(read_mask(path, coding.colours)).tolist() for path in two] == [[[0, 1]], [[1, 0]]]


def test_numbers_from_0_on_are_classes_and_255_is_void(tmp_path):
    coding, note, labels = decided(tmp_path, [NUMBERS, np.array([[255, 0, 1]], np.uint8)])
    assert coding.classes == ("class 0", "class 1", "class 2")
    assert labels == [NUMBERS.tolist(), [[255, 0, 1]]]
    assert note == "masks of class numbers 0 to 2; 255 is void"


def test_palette_numbers_may_miss_a_class_that_is_named(tmp_path):
    coding, _, labels = decided(tmp_path, [np.array([[0, 2, 255]], np.uint8)], ClassTable(("a", "b", "c")))
    assert coding.classes == ("a", "b", "c") and labels == [[[0, 2, 255]]]


def test_a_class_named_void_counts_nowhere(tmp_path):
    table = ClassTable(("road", "void", "car"))
    coding, note, labels = decided(tmp_path, [NUMBERS], table)
    assert (coding.classes, labels) == (("road", "car"), [[[0, 255, 1], [1, 255, 0]]])
    assert note == "masks of class numbers 0, 2; 1 is void"


@pytest.mark.parametrize(
    ("values", "question"),
    [
        ([1, 2, 3], r"hold 1, 2, 3, and never 0: are these all classes\? then give --values 1 2 3; .* with --classes"),
        ([0, 1, 5], r"hold 0, 1, 5, with gaps between: .* --values 0 1 5; else name all"),
        ([0, 128, 254], r"with gaps between: .* --values 0 128 254"),
        ([0, 128, 255], r"hold 0, 128, 255, with gaps .* --values 0 128 255, or --values 0 128 if 255 counts nowhere"),
    ],
)
def test_what_is_not_plain_is_asked_about(tmp_path, values, question):
    mask = np.array([values], np.uint8)
    with pytest.raises(InputError, match=question):
        decided(tmp_path, [mask])
    coding, _, labels = decided(tmp_path, [mask], values=values)  # the answer
    assert labels == [[[0, 1, 2]]] and coding.classes == tuple(f"class {value}" for value in values)


def test_numbers_beyond_the_names_are_asked_about(tmp_path):
    three, mask = ClassTable(("a", "b", "c")), np.array([[1, 2, 3]], np.uint8)
    with pytest.raises(InputError, match=r"hold 1, 2, 3, but the 3 classes have the numbers 0 to 2: .*--values 1 2 3"):
        decided(tmp_path, [mask], three)
    assert decided(tmp_path, [mask], three, values=[1, 2, 3])[2] == [[[0, 1, 2]]]
    four = np.array([[0, 1, 2, 3]], np.uint8)
    with pytest.raises(InputError, match=r"--values 1 2 3 --void 0 if 0 counts nowhere"):
        decided(tmp_path, [four], three)
    assert decided(tmp_path, [four], three, values=[1, 2, 3], void=0)[2] == [[[255, 0, 1, 2]]]


def test_a_background_that_is_named_is_not_asked_for(tmp_path):
    with pytest.raises(InputError, match="numbers 0 to 1: name all classes, or tell the number of each, with --values"):
        decided(tmp_path, [NUMBERS], ClassTable(("Background", "leaf")))


def test_colours_stand_in_a_table(tmp_path):
    table = ClassTable(("ground", "red fruit", "ignore"), (BLACK, RED, BLUE))
    coding, note, labels = decided(tmp_path, [colours([BLACK, RED, BLUE])], table)
    assert (coding.classes, labels) == (("ground", "red fruit"), [[[0, 1, 255]]])
    assert note == "masks in 2 colours, as its classes have"
    with pytest.raises(InputError, match=r"have the colours 1 2 3 \(50 %\), which no class has: add a line for each"):
        decided(tmp_path, [colours([BLACK, (1, 2, 3)])], table)
    numbered, _, labels = decided(tmp_path, [NUMBERS], table)  # then the colours are for drawing alone
    assert not numbered.colours and labels == [[[0, 1, 255], [255, 1, 0]]]


def test_colours_without_a_table_are_listed_by_their_share(tmp_path):
    mask = colours([RED, RED, BLUE, BLACK], [RED] * 4)
    with pytest.raises(InputError, match=r"200 30 30 \(75 %\), 0 0 0 \(12 %\), 0 0 255 .*write classes\.txt into it"):
        decided(tmp_path, [mask])


def test_masks_all_grey_beside_masks_in_colours_are_colours(tmp_path):
    grey = np.zeros((1, 2), np.uint8)
    table = ClassTable(("ground", "fruit"), (BLACK, RED))
    assert decided(tmp_path, [grey, colours([RED, BLACK])], table)[2] == [[[0, 0]], [[1, 0]]]
    assert decided(tmp_path, [grey, colours([RED, BLACK])])[2] == [[[0, 0]], [[1, 0]]]


def test_noise_is_no_mask(tmp_path):
    photo = np.random.default_rng(0).integers(256, size=(40, 40, 3), dtype=np.uint8)
    with pytest.raises(
        InputError,
        match=r"0\.png holds 1\d\d\d values, but labels of 8 bits tell at most 255 .*a photo, or smoothed edges",
    ):
        decided(tmp_path, [photo])
    disc = (np.hypot(*np.mgrid[-20:20, -20:20]) < 12).astype(np.uint8) * 255
    save(disc, tmp_path / "a.jpg")
    with pytest.raises(InputError, match=r"a\.jpg holds \d+ values, as no mask does \(JPEG changes values\)"):
        decide([tmp_path / "a.jpg"])


@pytest.mark.parametrize("count", [256, 299, 300])
def test_more_classes_than_a_label_tells_apart_are_refused(tmp_path, count):
    mask = np.arange(count, dtype=np.uint16).reshape(1, -1)
    parts = [mask[:, :200], mask[:, 200:]]
    if count == 256:
        coding, *_ = decided(tmp_path, [part.astype(np.uint8) for part in parts])
        assert (len(coding.classes), coding.void) == (255, (255,))
        return
    with pytest.raises(InputError, match=rf"hold {count} numbers; labels of 8 bits tell at most 255 classes apart"):
        decided(tmp_path, parts)


def test_a_value_that_stands_for_nothing_is_named(tmp_path):
    coding = Coding(("a", "b"), (0, 1), (255,))
    with pytest.raises(InputError, match=r"m\.png holds 7, expected 0 to 1 or 255 \(void\)"):
        coding.label(np.array([[0, 7]], np.uint8), "m.png")
    for strange in (-1, 70000, 1 << 30):
        with pytest.raises(InputError, match=rf"holds {strange}, expected"):
            coding.label(np.array([[strange]], np.int32))
    with pytest.raises(InputError, match="holds the colour 1 2 3, expected 200 30 30"):
        Coding(("a",), (200 << 16 | 30 << 8 | 30,), colours=True).label(colours([(1, 2, 3)]))


def test_colours_among_numbers_are_named_as_such():
    with pytest.raises(InputError, match=r"m\.png is in colours, expected the numbers 0 to 1 or 255 \(void\)"):
        Coding(("a", "b"), (0, 1), (255,)).label(colours([RED]), "m.png")


def test_a_coding_travels_as_json():
    coding = Coding(("a", "b"), (3, 7), (0, 255))
    assert Coding.from_dict(json.loads(json.dumps(coding.to_dict()))) == coding
    with pytest.raises(InputError, match="does not tell classes, values, void and colours"):
        Coding.from_dict({"classes": []})


def test_a_survey_counts_pixels(tmp_path):
    paths = [save(NUMBERS, tmp_path / "a.png"), save(NUMBERS * 0, tmp_path / "b.png")]
    found = survey(paths)
    assert (found.pixels, found.colours) == ({0: 8, 1: 2, 2: 2}, False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_classes_stand_a_line_each(tmp_path, encoding):
    (tmp_path / "classes.txt").write_bytes("# remark\nred fruit\n\n나뭇잎\nvoid\n".encode(encoding))
    table = read_class_table(tmp_path)
    assert table == ClassTable(("red fruit", "나뭇잎", "void"))
    assert (table.kept, table.void) == ([0, 1], [2])


def test_classes_may_have_colours(tmp_path):
    assert read_class_table(tmp_path) is None
    (tmp_path / "classes.txt").write_text("ground 0 0 0\nred fruit, 200, 30, 30\nroute 66 1 2 3\n")
    assert read_class_table(tmp_path) == ClassTable(("ground", "red fruit", "route 66"), (BLACK, RED, (1, 2, 3)))


def test_cvat_s_table_is_read(tmp_path):
    (tmp_path / "LabelMap.TXT").write_text("# label:color_rgb:parts:actions\nbackground:0,0,0::\nleaf:200,30,30::\n")
    assert read_class_table(tmp_path) == ClassTable(("background", "leaf"), (BLACK, RED))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\nb\na\n", "line 3: the class 'a' is there twice"),
        ("a 1 2 3\nb\n", "'b' has no colour, others do: give every line one"),
        ("a 1 2 3\nb 1 2 3\n", "'b' has the colour of a line above"),
        ("a 1 2 300\n", "line 1: 'a 1 2 300' has a colour beyond 255"),
        ("# nothing\n", "is empty, expected a class a line"),
        ("\n".join(f"c{n}" for n in range(299)), "names 299 classes; labels of 8 bits tell at most 255 apart"),
    ],
)
def test_a_table_that_is_wrong_is_named(tmp_path, text, message):
    (tmp_path / "classes.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        read_class_table(tmp_path)
