"""How much memory work takes at a time, what is said where it does not suffice, and that it is given back."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from conv_cases import columns_at_a_time

from minifcn.backend import memory
from minifcn.convolution import textbook
from minifcn.layers import Conv2d, ConvTranspose2d
from minifcn.models import FCN8s

GB = 10**9


class Pool:
    def __init__(self, free=0):
        self.free, self.given_back = free, 0

    def free_bytes(self):
        return self.free

    def free_all_blocks(self):
        self.given_back += 1


class Cupy:
    """As much of CuPy as the memory's functions look at: a card with so many bytes free, and so many in its pool."""

    def __init__(self, free, pooled=0, available=True):
        self.asked, self.pool, self.pinned = 0, Pool(pooled), Pool()

        def info():
            self.asked += 1
            return free, 100 * GB

        self.cuda = SimpleNamespace(runtime=SimpleNamespace(memGetInfo=info), is_available=lambda: available)
        self.get_default_memory_pool = lambda: self.pool
        self.get_default_pinned_memory_pool = lambda: self.pinned


class OutOfMemoryError(MemoryError):
    """CuPy's own."""

    __module__ = "cupy.cuda.memory"


class CUBLASError(RuntimeError):
    """Also CuPy's."""

    __module__ = "cupy_backends.cuda.libs.cublas"


def test_columns_take_a_quarter_at_most_of_what_the_card_and_the_pool_have_free(monkeypatch):
    cupy = Cupy(free=3 * 2**30, pooled=2**30 + 10**8)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    assert memory.column_bytes(np) == 256 * 2**20
    assert [memory.column_bytes(cupy) for _ in range(3)] == 3 * [2**30]
    assert cupy.asked == 1
    memory.release()
    assert memory.column_bytes(cupy) == 2**30 and cupy.asked == 2
    assert memory.column_bytes(Cupy(free=2**32 - 1)) == 2**29
    assert memory.column_bytes(Cupy(free=100 * GB)) == 2**31  # as far as 32 bits reach


def test_a_device_that_does_not_tell_has_a_fixed_amount(device):
    if device.counts:
        assert memory.column_bytes(device.xp) == 2**30
    else:
        assert 0 < memory.column_bytes(device.xp) <= 2**31


def test_what_no_array_uses_is_given_back(monkeypatch):
    cupy, without_a_gpu = Cupy(GB), Cupy(GB, available=False)
    for module in (cupy, without_a_gpu, None):
        monkeypatch.setitem(sys.modules, "cupy", module)
        memory.release()
    assert cupy.pool.given_back == cupy.pinned.given_back == 1
    assert without_a_gpu.pool.given_back == 0


def test_a_gpu_that_has_failed_takes_nothing_back_and_says_nothing_more(monkeypatch):
    """Not in place of the error with which it failed."""

    def fail():
        raise RuntimeError("an illegal memory access was encountered")

    cupy = Cupy(free=0)
    cupy.pool.free_all_blocks = fail
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    memory.release()


class TestShortage:
    def test_on_the_gpu(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "cupy", Cupy(free=3 * 2**30, pooled=2**29))
        text = "Out of memory allocating 5,000,000,000 bytes (allocated so far: 7,000,000,000 bytes)."
        expected = f"not enough memory on the GPU ({text[:-1]}), 3.5 GiB are free"
        assert memory.shortage(OutOfMemoryError(text)) == expected
        said = memory.shortage(CUBLASError("CUBLAS_STATUS_ALLOC_FAILED\nin a handle"))
        assert said == "not enough memory on the GPU (CUBLAS_STATUS_ALLOC_FAILED), 3.5 GiB are free"

    def test_on_the_host(self, monkeypatch, tmp_path):
        monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
        assert memory.shortage(MemoryError()) == "not enough memory"
        (tmp_path / "meminfo").write_text("MemTotal:       24000000 kB\nMemAvailable:    2097152 kB\n")
        with pytest.raises(MemoryError) as caught:
            np.empty((1 << 50, 16), np.uint8)
        said = memory.shortage(caught.value)
        assert said.startswith("not enough memory (Unable to allocate 16.0 PiB for an array with shape")
        assert said.endswith("), 2.0 GiB are free")

    def test_more_than_is_free_is_refused_before_it_is_taken(self, monkeypatch, tmp_path):
        monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
        memory.check_room(1 << 60, "a map")  # nobody knows what is free
        (tmp_path / "meminfo").write_text("MemAvailable:    1048576 kB\nSwapTotal: 9 kB\nSwapFree:    1048576 kB\n")
        memory.check_room(2 << 30, "a map", "crop")
        with pytest.raises(MemoryError) as caught:
            memory.check_room((2 << 30) + 1, "a map", "crop", "size")
        assert caught.value.by == ("crop", "size")
        assert memory.shortage(caught.value) == "not enough memory (2.0 GiB for a map), 2.0 GiB are free"

    @pytest.mark.parametrize("error", [ValueError("out of memory"), CUBLASError("CUBLAS_STATUS_INVALID_VALUE")])
    def test_other_errors_are_none(self, error):
        assert memory.shortage(error) is None


@pytest.mark.parametrize("count, text", [(0, "0 bytes"), (1023, "1,023 bytes"), (26_948_403, "25.7 MiB")])
def test_bytes_to_read(count, text):
    assert memory.in_bytes(count) == text


class TestACardOfEightGigabytes:
    """What its networks take, by arithmetic: 7 GB are free, and weights and maps are float32.

    The largest of all convolutions takes its input, a padded copy, its output, and columns.
    """

    FREE = 7 * GB

    @pytest.fixture(autouse=True)
    def room(self, monkeypatch):
        room = memory.column_bytes(Cupy(self.FREE))
        columns_at_a_time(monkeypatch, room)
        return room

    def test_no_piece_of_a_convolution_has_more_columns_than_there_is_room_for(self, room):
        cut = 0
        for conv, shape, images in ((c, s, n) for n in (1, 4, 64) for c, s in convolutions(FCN8s(), 500)):
            y = np.broadcast_to(np.float32(0), (images, *shape))
            pieces = list(textbook._pieces(y, conv.weight.shape, conv.how))
            taps = 4 * conv.weight.size // conv.weight.shape[0]
            sizes = [taps * np.prod(y[made][:, 0].shape) for _, made, _ in pieces]
            assert max(sizes) <= room
            assert sum(sizes) == taps * np.prod(y[:, 0].shape)
            cut += len(pieces) > 1
        assert cut

    def test_the_full_network_predicts_and_trains_at_500_pixels(self, room):
        net = FCN8s()
        weights = 4 * sum(p.size for p in net.parameters())
        maps = [4 * np.prod(shape) for _, shape in convolutions(net, 500)]
        assert 530e6 < weights < 545e6 and 124e6 < max(maps) < 126e6  # 134 million; conv1_2's 64 maps of 698 x 698
        assert weights + 3 * max(maps) + room < self.FREE
        # Weights, gradients, velocities and a step of each; every map, its rectified one, a padded copy, a gradient.
        assert 4 * weights + 4 * sum(maps) + room < self.FREE


def convolutions(net, size):
    """(layer, shape of its output, or of a transposed one's input) of a net's convolutions, for a square image."""
    places = [net.places_along(axis, size) for axis in (0, 1)]
    for name, layer in net.named.items():
        if isinstance(layer, (Conv2d, ConvTranspose2d)):
            node = name if isinstance(layer, Conv2d) else net.inputs[name][0]
            yield layer, (layer.weight.shape[0], *(along[node].size for along in places))
