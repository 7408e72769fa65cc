"""Files, folders and patterns: which photographs are meant, and what their results are called."""

import os
from pathlib import Path

import pytest

from minifcn.commands.photos import find_photos, result_names
from minifcn.errors import InputError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("b 1.JPG", "a.png", "ä.heic", "notes.txt", ".hidden.png", "film.mpg", "more/a.png", "more/deep/c.tif"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).touch()
    (tmp_path / "photo[1].jpg").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_the_pictures_in_it(folder):
    photos, lines = find_photos(["photos"], "out")
    assert photos == [Path("photos", name) for name in ("a.png", "b 1.JPG", "ä.heic")]
    assert lines == ["photos: 3 pictures; left out: 2 other files, 1 folder"]


def test_patterns_are_followed_where_the_shell_does_not(folder, monkeypatch):
    assert find_photos(["photos/*.png"], "out") == ([Path("photos/a.png")], ["photos/*.png: 1 picture"])
    photos, _ = find_photos([os.path.join("photos", "**")], "out")
    assert [str(photo.relative_to("photos")) for photo in photos] == [
        "a.png",
        "b 1.JPG",
        os.path.join("more", "a.png"),
        os.path.join("more", "deep", "c.tif"),
        "ä.heic",
    ]
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    assert find_photos(["~/photos/a*"], "out")[0] == [folder / "photos" / "a.png"]


def test_results_are_no_photographs(folder):
    inside = [Path("photos/a.png"), Path("photos/b 1.JPG"), Path("photos/ä.heic")]
    assert find_photos(["photos/**"], "photos/more")[0] == inside
    assert find_photos(["**/a.png"], folder / "photos" / "more")[0] == inside[:1]
    assert find_photos(["photos/a*"], ".")[0] == find_photos(["photos/a*"], "photos")[0] == inside[:1]  # not below it


def test_a_file_is_meant_whatever_its_name(folder):
    given = ["photo[1].jpg", "photos/notes.txt"]
    assert find_photos(given, "out") == ([Path(name) for name in given], [])


def test_what_is_named_twice_is_predicted_once(folder):
    photos, _ = find_photos(["photos/b 1.JPG", "photos", str(folder / "photos" / "a.png")], "out")
    assert photos == [Path("photos", name) for name in ("b 1.JPG", "a.png", "ä.heic")]


@pytest.mark.parametrize(
    "given, said",
    [
        ("photos/nowhere.jpg", "image photos/nowhere.jpg: there is no such file, folder or pattern"),
        ("*.gif", r"pattern \*.gif: no pictures: check it"),
        ("photos/*.txt", r"pattern photos/\*.txt: no pictures; left out: 1 other file: check it"),
        ("photos/more/deep/empty", r"folder .*empty: no pictures: name a folder with pictures, or '.*\*\*'"),
    ],
)
def test_what_is_no_photograph_is_named(folder, given, said):
    (folder / "photos/more/deep/empty").mkdir()
    with pytest.raises(InputError, match=said):
        find_photos([given], "out")


def names(*photos):
    found, line = result_names([Path(photo) for photo in photos])
    return [name.as_posix() for name in found], line


def test_results_have_their_photographs_names():
    assert names("a/x.jpg", "b/y.jpg", "y_1.png") == (["x", "y", "y_1"], "")


def test_photographs_of_one_name_keep_their_folders():
    found, line = names("in/a/x.jpg", "in/b/x.png", "in/b/deep/y.jpg")
    assert found == ["a/x", "b/x", "b/deep/y"]
    assert "results of 2 images would share names, and are kept apart, as" in line
    assert line.endswith(f"{Path('a', 'x.png')}, {Path('b', 'x.png')}")


@pytest.mark.parametrize(
    "photos, expected",
    [
        (("x.jpg", "x.png", "y.png"), ["x_jpg", "x_png", "y"]),
        (("x.jpg", "x_view.jpg"), ["x_jpg", "x_view_jpg"]),  # else the view of one is the other's label map
        (("x.jpg", "X.png"), ["x_jpg", "X_png"]),  # one name, where the disk knows no case
        (("x.jpg", "x.png", "x_jpg.png"), ["x_jpg_1", "x_png", "x_jpg_3"]),
        (("a/x.jpg", "a/x.png", "b/x.jpg"), ["a/x_jpg", "a/x_png", "b/x"]),
    ],
)
def test_photographs_of_one_name_in_one_folder_get_their_suffix(photos, expected):
    assert names(*photos)[0] == expected
