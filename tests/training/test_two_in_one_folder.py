"""Two trainings in one folder: the second is told, and neither harms the other."""

import numpy as np
import pytest
import tiny

from minifcn.errors import InputError
from minifcn.training.lock import Lock
from minifcn.weights.npz import load_arrays


@pytest.fixture
def data(tmp_path):
    return tiny.camvid_folder(tmp_path / "data")


@pytest.mark.parametrize("begins", ["first", "between"])
@pytest.mark.parametrize("way", ["--overwrite", "--resume", None])
def test_the_second_is_told_in_one_line(capsys, tmp_path, data, begins, way):
    run = tiny.trainer(tmp_path / "run", data="camvid", root=str(data), epochs=2)
    if begins == "between":
        tiny.stop_after(1, run)
    before = tiny.listing(tmp_path / "run")
    options = ["--data", "camvid", "--root", data, *tiny.FLAGS]
    with Lock(tmp_path / "run"):
        if begins == "first" and way == "--resume":
            options, words = [], "holds no run"
        else:
            options, words = [] if way == "--resume" else options, "is in use: process "
        given = [*options, *([way] if way else []), "--device", "cpu"]
        assert tiny.command("train", "--out", tmp_path / "run", *given) == 2
        err = capsys.readouterr().err
        assert err.startswith("minifcn: error: ") and err.count("\n") == 1 and words in err
    assert {name: data for name, data in tiny.listing(tmp_path / "run").items() if name != ".lock"} == before


def test_one_that_began_before_the_other_was_done_is_told_as_it_starts(tmp_path):
    first, second = (tiny.trainer(tmp_path / "run", lr=lr) for lr in (0.01, 0.02))

    def start(step):
        if step == 2:
            with pytest.raises(InputError, match="is in use"):
                second.run()

    first.run(tiny.Silent(start))
    with pytest.raises(InputError, match="holds another run"):
        second.run()
    assert load_arrays(first.folder.last)[1]["run"]["settings"]["lr"] == 0.01


def test_stages_have_their_folders_for_themselves(capsys, tmp_path, data):
    out = tmp_path / "run"
    options = ["--data", "camvid", "--root", data, *tiny.FLAGS, "--epochs", 1, "--out", out]
    told = []

    def other(bar, images, loss=None):
        if loss and not told:
            assert tiny.command("train", *options, "--overwrite") == 2
            told.append(capsys.readouterr().err)

    with pytest.MonkeyPatch.context() as patch:
        tiny.draw_nothing(patch)
        patch.setattr("minifcn.commands.terminal.Bar.advance", other)
        assert tiny.command("train", "--model", "fcn16s", "--stages", *options) == 0
    assert "is in use: process" in told[0] and ".lock" not in tiny.listing(out)


def test_a_reader_sees_whole_weights_all_the_time(tmp_path):
    """And so it does while the run is replaced."""
    run = tiny.trainer(tmp_path, epochs=2)
    run.run()
    seen = []

    def read(_):
        arrays, about = load_arrays(run.folder.last)
        assert all(np.isfinite(array).all() for array in arrays.values())
        seen.append(about["run"]["id"])

    tiny.trainer(tmp_path, overwrite=True, seed=1, epochs=2).run(tiny.Silent(read))
    assert len(set(seen)) == 1 and seen[0] != run.folder.record["id"]
