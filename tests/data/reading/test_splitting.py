"""The split by names."""

import pytest

from minifcn.data.reading.splitting import share_of, split_names
from minifcn.errors import InputError

NAMES = [f"photo {number}" for number in range(400)]


def test_one_more_name_moves_no_other():
    training, validation = split_names(NAMES)
    for added in ("a", "photo 400", "z"):
        more = split_names(sorted([*NAMES, added]))
        assert set(training) <= set(more[0]) and set(validation) <= set(more[1])


def test_the_share_is_about_what_was_asked_for_and_the_seed_decides_which():
    for share in (0.1, 0.2, 0.5):
        training, validation = split_names(NAMES, share)
        assert sorted(training + validation) == sorted(NAMES)
        assert abs(len(validation) / len(NAMES) - share) < 0.06  # three deviations of a binomial, at most
    assert split_names(NAMES, seed=1) != split_names(NAMES) == split_names(NAMES)


def test_a_share_is_the_same_on_every_machine():
    assert share_of("leaf", 0) == pytest.approx(0x83F660E5 / 2**32, abs=1e-9)  # what sha256sum says of "0/leaf"


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_no_part_is_ever_empty(share):
    for count in (2, 3, 5):
        assert all(split_names(NAMES[:count], share))


def test_what_cannot_be_parted_is_refused():
    with pytest.raises(InputError, match=r"1 pair .* expected at least 2"):
        split_names(["a"])
    for share in (0, 1, -1, float("nan")):
        with pytest.raises(InputError, match=r"--val-share is .*expected a number between 0 and 1"):
            split_names(NAMES, share)
