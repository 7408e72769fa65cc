"""python -m lessons as a learner types it: keys, notebooks, exercises, and what is refused."""

import io
import os
import signal
import subprocess
import sys

import jupytext
import pytest
from small_lesson import CHECKS, EXERCISES, SMALL

from lessons import cli, lesson


def test_lessons_are_listed(folder, capsys):
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    assert [line.split() for line in out.splitlines() if "small" in line] == [["1", "Is", "this", "small?", "5"]]


def test_enter_goes_on_to_the_end(folder, typed, capsys):
    typed("", "", "", "")
    assert cli.main(["1"]) == 0
    out = capsys.readouterr().out
    places = [out.index(text) for text in ("small?", "1/4", "x is 2", "now 3", "The last cell", "4/4", "The end.")]
    assert places == sorted(places)
    assert "x²" in out and "$" not in out


def test_b_shows_the_cell_before_again_without_running_it_twice(folder, typed, capsys):
    typed("", "", "", "b", "", "")
    assert cli.main(["1"]) == 0
    out = capsys.readouterr().out
    assert out.count("x is 2") == 1 and out.count("now 3") == 2 and "now 4" not in out
    assert "The end." in out


def test_b_at_the_beginning_stays_there(folder, typed, capsys):
    typed("b", "q")
    assert cli.main(["1"]) == 0
    assert capsys.readouterr().out.count("Is this small?") == 2


@pytest.mark.parametrize("keys", [("", "q"), ("",)], ids=["q", "end of input"])
def test_q_quits(folder, typed, capsys, keys):
    typed(*keys)
    assert cli.main(["1"]) == 0
    out = capsys.readouterr().out
    assert "x is 2" in out and "now 3" not in out and "The end." not in out
    assert out.endswith("\npython -m lessons 1 goes on from here.\n"), "in a line of its own"


def test_another_key_is_asked_again(folder, typed, capsys):
    typed("what", "q")
    assert cli.main(["1"]) == 0
    assert capsys.readouterr().out.count("1/4") == 2


def test_a_cell_that_fails_is_shown_with_its_line_and_error(folder, capsys):
    (folder / "01_small.py").write_text(SMALL + "\n# %%\nprint('before')\nassert x == 7, 'x is not 7'\n")
    assert cli.main(["1", "--no-pause"]) == 1
    out = capsys.readouterr().out
    assert out.index("before") < out.index("01_small.py, cell 5 failed, in line 2")
    assert "❱ 2 assert x == 7" in out and "AssertionError: x is not 7" in out and "The end." not in out


def test_a_cell_that_is_no_python_is_shown_with_its_line(folder, capsys):
    (folder / "01_small.py").write_text(SMALL + "\n# %%\ny = 1\nx = = 1\n")
    assert cli.main(["1", "--no-pause"]) == 1
    assert "cell 5 failed, in line 2" in capsys.readouterr().out


def test_ctrl_c_stops_with_130_and_a_line(folder, capsys):
    (folder / "01_small.py").write_text(SMALL + "\n# %%\nraise KeyboardInterrupt\n")
    assert cli.main(["1", "--no-pause"]) == 130
    assert capsys.readouterr().err == "lessons: stopped\n"


def test_figures_are_listed_without_running(folder, capsys):
    (folder / "01_small.py").write_text(SMALL + '\n# %%\nshow(figure, "01_a")\nshow(draw, "01_b.gif")\n')
    assert cli.main(["1", "--list-figures"]) == 0
    assert capsys.readouterr().out == "lessons/figures/01_a.png\nlessons/figures/01_b.gif\n"


def test_the_device_is_passed_on(folder, monkeypatch, capsys):
    monkeypatch.setenv("MINIFCN_DEVICE", "auto")  # and put back afterwards
    (folder / "01_small.py").write_text(SMALL + '\n# %%\nimport os\nprint("on", os.environ["MINIFCN_DEVICE"])\n')
    assert cli.main(["1", "--no-pause", "--device", "cpu"]) == 0
    assert "on cpu\n" in capsys.readouterr().out


def test_a_notebook_is_not_overwritten(folder, capsys):
    assert cli.main(["notebook", "1"]) == 0
    path = folder / "01_small.ipynb"
    assert capsys.readouterr().out == f"wrote {path}\n"
    assert 'print("x is", x)' in [cell.source.splitlines()[-1] for cell in jupytext.read(path).cells]

    path.write_text("notes of mine")
    assert cli.main(["notebook", "1"]) == 2
    assert "is there already" in capsys.readouterr().err and path.read_text() == "notes of mine"
    assert cli.main(["notebook", "1", "--overwrite"]) == 0
    assert path.read_text() != "notes of mine"


@pytest.mark.parametrize(
    ("answers", "code", "lines"),
    [
        (
            "def double(x):\n    return 2 * x\n\n\ndef triple(x):\n    return 3 * x\n",
            0,
            ["double: right", "triple: right"],
        ),
        (
            "def double(x):\n    raise NotImplementedError\n\n\ndef triple(x):\n    return 2 * x\n",
            1,
            ["double: not begun", "triple: wrong for 2; yours 4, expected 6"],
        ),
        (
            "def triple(x):\n    return x.size\n",
            1,
            [
                "double: wrong: there is no function double in lessons/answers/01_small.py",
                "triple: wrong: AttributeError in line 2: 'int' object has no attribute 'size'; it was given 2",
            ],
        ),
        (
            "def double(x):\n    2 * x\n\n\ndef triple(x):\n    return [6, 6]\n",
            1,
            [
                "double: wrong: it returns None: is the `return` missing?",
                "triple: wrong: the shape is (2,), expected (); wrong for 2",
            ],
        ),
    ],
)
def test_exercises_are_judged_one_by_one(folder, capsys, answers, code, lines):
    (folder / "answers").mkdir()
    (folder / "answers" / "01_small.py").write_text(answers)
    assert cli.main(["test", "1"]) == code
    assert capsys.readouterr().out.splitlines() == lines


def test_answers_begin_as_a_copy_of_the_exercises_and_stay(folder, capsys):
    assert cli.main(["test", "1"]) == 1
    begun = "Write your answers in lessons/answers/01_small.py.\ndouble: not begun\ntriple: not begun\n"
    assert capsys.readouterr().out == begun
    path = folder / "answers" / "01_small.py"
    assert path.read_text() == EXERCISES
    path.write_text(EXERCISES.replace("raise NotImplementedError", "return 2 * x"))
    (folder / "exercises" / "01_small.py").write_text("# what a pull may bring")
    assert cli.main(["test", "1"]) == 1
    assert capsys.readouterr().out.splitlines()[0] == "double: right"


def test_answers_that_cannot_be_written_are_told_in_a_line(folder, capsys):
    (folder / "answers").write_text("a file where the folder should be")
    assert cli.main(["test", "1"]) == 2
    err = capsys.readouterr().err
    assert "your answers, lessons/answers/01_small.py, cannot be written" in err and err.count("\n") == 1


def test_the_end_of_a_lesson_begins_its_exercises(folder, typed, capsys):
    typed("", "", "", "")
    assert cli.main(["1"]) == 0
    assert "Exercises: lessons/answers/01_small.py\n" in capsys.readouterr().out
    assert (folder / "answers" / "01_small.py").read_text() == EXERCISES


def test_running_through_begins_nothing(folder, capsys):
    assert cli.main(["1", "--no-pause"]) == 0
    assert not (folder / "answers").exists()


def test_all_that_is_begun_is_judged(folder, capsys):
    assert cli.main(["test"]) == 0
    assert capsys.readouterr().out.startswith("Nothing is begun.")
    for part, text in (("exercises", EXERCISES), ("checks", CHECKS)):
        for name in ("02_begun.py", "03_broken.py"):
            (folder / part / name).write_text(text)
    for number, name in ((2, "02_begun.py"), (3, "03_broken.py")):
        (folder / name).write_text(SMALL.replace("# 1.", f"# {number}."))
    (folder / "answers").mkdir()
    (folder / "answers" / "01_small.py").write_text(EXERCISES)
    begun = EXERCISES.replace("raise NotImplementedError", "return 2 * x", 1)
    (folder / "answers" / "02_begun.py").write_text(begun)
    assert cli.main(["test"]) == 1
    assert capsys.readouterr().out == "Lesson 2\ndouble: right\ntriple: not begun\n"
    (folder / "answers" / "03_broken.py").write_text("def")
    assert cli.main(["test"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("Lesson 2\n") and "lessons/answers/03_broken.py does not run: SyntaxError in line 1" in err


def test_answers_that_do_not_run_are_refused_in_a_line(folder, capsys):
    (folder / "answers").mkdir()
    (folder / "answers" / "01_small.py").write_text("x = 1\ndef double(x)\n")
    assert cli.main(["test", "1"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("lessons: error: lessons/answers/01_small.py does not run: SyntaxError in line 2")
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", [[], ["test"], ["notebook"], ["1"]])
def test_help_has_no_empty_heading(folder, capsys, command):
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "--help"])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    headings = [at for at, line in enumerate(lines) if line.endswith(":") and not line.startswith(" ")]
    assert headings and all(lines[at + 1].strip() for at in headings)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["9"], "there is no lesson '9'; the numbers are 1"),
        (["seven"], "there is no lesson 'seven'"),
        (["test", "9"], "there is no lesson '9'"),
        (["notebook"], "required: N"),
        (["notebook", "-1"], "there is no lesson '-1'"),
        (["1", "--fast"], "unrecognized arguments: --fast"),
        (["1", "--device", "tpu"], "tpu"),
        (["test", "1", "--no-pause"], "unrecognized arguments: --no-pause"),
    ],
)
def test_bad_input_is_refused_in_a_line(folder, capsys, arguments, told):
    before = sorted(os.listdir(folder))
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and told in err and err.startswith("lessons: error: ") and err.count("\n") == 1
    assert sorted(os.listdir(folder)) == before


def python(*arguments, cwd):
    """Run Python with these arguments in a folder -> (exit code, what it prints, its errors)."""
    process = subprocess.run([sys.executable, *map(str, arguments)], cwd=cwd, capture_output=True, text=True)
    return process.returncode, process.stdout, process.stderr


def test_they_run_in_the_clone_s_folder_and_by_its_path_from_anywhere(tmp_path):
    here = python("-m", "lessons", cwd=lesson.FOLDER.parent)
    assert here == python(lesson.FOLDER, cwd=tmp_path)
    assert here[0] == 0 and "Why is it fast?" in here[1] and here[2] == ""


def test_what_is_not_installed_is_told_in_a_line(tmp_path):
    (tmp_path / "jupytext.py").write_text("raise ModuleNotFoundError('No module named jupytext', name='jupytext')\n")
    code, out, err = python(
        "-c",
        f"import runpy, sys; sys.path[:0] = [{str(tmp_path)!r}]; runpy.run_module('lessons', run_name='__main__')",
        cwd=lesson.FOLDER.parent,
    )
    hint = 'pip install -e ".[lessons]" in the clone\'s folder'
    assert (code, out, err) == (2, "", f"lessons: error: jupytext is not installed: {hint}\n")


def test_a_terminal_that_lacks_a_letter_ends_no_lesson(folder, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", "strict")
    monkeypatch.setattr(sys, "stdout", stream)
    assert cli.main(["1", "--no-pause"]) == 0
    assert rb"what x\xb2 is" in stream.buffer.getvalue()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [[], ["test", "--help"], ["1", "--no-pause"]], ids=["list", "help", "walk"])
def test_a_full_disk_is_told_in_a_line(folder, arguments, monkeypatch, capsys):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert cli.main(arguments) == 2
    assert capsys.readouterr().err.splitlines() == [
        "lessons: error: a file, or what is printed: No space left on device"
    ]


def test_nobody_who_reads_on_is_no_error(folder, monkeypatch, capsys):
    read, write = os.pipe()
    os.close(read)
    with open(write, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert cli.main(["1", "--no-pause"]) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_while_it_begins_ends_it_without_a_word():
    press = (
        "import builtins, os, runpy, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored, if these tests run in the background
        "plain = builtins.__import__\n\n\n"
        "def pressing(name, *rest, **more):\n"
        "    if name == 'jupytext':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return plain(name, *rest, **more)\n\n\n"
        "builtins.__import__ = pressing\n"
        "runpy.run_module('lessons', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", press], cwd=lesson.FOLDER.parent, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")
