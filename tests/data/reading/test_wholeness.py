"""Pictures whose files are well formed and hold less than they say."""

import io
import itertools
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from minifcn.data.reading.masks import read_mask
from minifcn.data.reading.photos import read_image
from minifcn.errors import InputError

H, W = 25, 14
PIXELS = np.random.default_rng(0).integers(1, 250, (H, W, 3), dtype=np.uint8)
# Adam7, of the PNG specification: for each pass first column and row, and the steps to the next.
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
KINDS = {"grey": (0, 8), "RGB": (2, 8), "palette": (3, 8), "grey and alpha": (4, 8), "RGBA": (6, 8)}
KINDS |= {"16 bits": (0, 16), "1 bit": (0, 1), "palette of 4 bits": (3, 4)}


def png(kind, pixels, missing=0, interlaced=False):
    """A PNG that lacks so many rows of its data, the last; its checksums are right."""
    colour, bits = KINDS[kind]
    passes = ADAM7 if interlaced else [(0, 0, 1, 1)]
    rows = [row for x, y, dx, dy in passes for row in pixels[y::dy, x::dx] if len(row)]
    data = b"".join(b"\0" + packed(row, colour, bits) for row in rows[: len(rows) - missing])
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], bits, colour, 0, 0, interlaced)
    palette = [(b"PLTE", bytes(range(256)) * 3)] if colour == 3 and bits == 8 else []
    palette = [(b"PLTE", bytes(range(48)))] if bits == 4 else palette
    file = b"\x89PNG\r\n\x1a\n"
    for name, content in [(b"IHDR", header), *palette, (b"IDAT", zlib.compress(data)), (b"IEND", b"")]:
        file += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return file


def packed(row, colour, bits):
    """A row of pixels as PNG has it."""
    if bits < 8:
        values = (row[:, 0] >> 8 - bits)[:, None] >> np.arange(bits)[::-1] & 1  # (W, bits)
        return np.packbits(values.ravel().astype(np.uint8)).tobytes()
    if bits == 16:
        return row[:, :2].tobytes()
    alpha = np.full((len(row), 1), 200, np.uint8)
    first = row if colour in (2, 6) else row[:, :1]
    return (np.hstack([first, alpha]) if colour in (4, 6) else first).tobytes()


def refused(path, data, read=read_image):
    path.write_bytes(data)
    with pytest.raises(InputError) as error:
        read(path)
    assert str(error.value).startswith(f"{path} cannot be read as an image: it is truncated or damaged (")
    assert str(error.value).endswith("): copy it again")
    return str(error.value)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_png_that_lacks_rows_is_refused(tmp_path, kind, interlaced):
    path = tmp_path / "a.png"
    for (height, width), missing in itertools.product([(H, W), (H - 1, W), (2, W), (H, 1)], [1, 2, 3 * H // 4]):
        pixels = PIXELS[:height, :width]
        if missing < height:
            assert "last rows are missing" in refused(path, png(kind, pixels, missing, interlaced))
            if kind != "grey and alpha":
                assert "last rows are missing" in refused(path, png(kind, pixels, missing, interlaced), read_mask)


def test_a_png_that_lacks_rows_and_claims_gigabytes_is_no_want_of_memory(tmp_path):
    resource = pytest.importorskip("resource", reason="the system has no limits of memory")
    data = png("grey", PIXELS, missing=9)
    at = data.index(b"IDAT")
    data = data[: at - 4] + struct.pack(">I", 2**32 - 1) + data[at:]
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, before[1]))
    try:
        assert "last rows are missing" in refused(tmp_path / "a.png", data)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [None, 0, 173, 255])
def test_a_png_that_is_whole_is_read_whatever_its_last_rows_hold(tmp_path, kind, interlaced, value):
    for height, width in [(H, W), (H - 1, W), (1, W), (1, 1), (2, 1), (5, 3)]:
        pixels = PIXELS[:height, :width].copy()
        if value is not None:
            pixels[-3:] = value
        (tmp_path / "a.png").write_bytes(png(kind, pixels, interlaced=interlaced))
        image = read_image(tmp_path / "a.png")
        assert image.shape == (height, width, 3)
        if kind == "RGB":
            np.testing.assert_array_equal(image, pixels)
        if kind in ("grey", "palette"):
            np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), pixels[..., 0])


def jpeg(pixels, part=1.0, **options):
    """A JPEG that has this part of its data, and its end."""
    Image.fromarray(pixels).save(file := io.BytesIO(), "JPEG", **options)
    data = file.getvalue()
    begin = data.index(b"\xff\xda") + 14  # of the data, behind their head
    return data[: begin + int(part * (len(data) - 2 - begin))] + b"\xff\xd9"


@pytest.mark.parametrize("options", [{}, {"quality": 95}, {"subsampling": 0}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_whose_data_end_too_early_is_refused(tmp_path, mode, options):
    pixels = np.asarray(Image.fromarray(np.tile(PIXELS, (4, 4, 1))).convert(mode))
    for part in (0.2, 0.5, 0.8):
        assert "its data end before its last row" in refused(tmp_path / "a.jpg", jpeg(pixels, part, **options))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"optimize": True}])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_that_ends_in_the_grey_of_missing_data_is_read(tmp_path, mode, options):
    pixels = np.array(Image.fromarray(PIXELS).convert(mode))
    for rows in (9, H):
        pixels[-rows:] = 128
        for more in (b"", b"more\xff\xd9", jpeg(pixels)):  # cameras put pictures behind it
            (tmp_path / "a.jpg").write_bytes(jpeg(pixels, **options) + more)
            assert (read_image(tmp_path / "a.jpg")[-1] == 128).all()


def test_a_tiff_with_too_few_strips_is_refused(tmp_path):
    path = tmp_path / "a.tiff"
    Image.fromarray(PIXELS[:8]).save(path)
    data = bytearray(path.read_bytes())
    first = struct.unpack_from("<I", data, 4)[0]  # the list of tags: a count, and 12 bytes each
    for at in range(first + 2, first + 2 + 12 * struct.unpack_from("<H", data, first)[0], 12):
        if struct.unpack_from("<H", data, at)[0] == 257:  # ImageLength
            struct.pack_into("<I", data, at + 8, H)
    assert "it has too few strips for its height" in refused(path, bytes(data))


@pytest.mark.parametrize("kind", ["BMP", "GIF", "PPM", "TGA", "TIFF", "WEBP"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_other_kinds_that_are_cut_are_refused(tmp_path, kind, part):
    Image.fromarray(PIXELS).save(file := io.BytesIO(), kind)
    (tmp_path / "a").write_bytes(file.getvalue()[: int(part * len(file.getvalue()))])
    with pytest.raises(InputError, match="cannot be read as an image"):
        read_image(tmp_path / "a")
