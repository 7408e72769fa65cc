"""Files that are often taken for weights are named for what they are, in one line."""

import gzip
import pickle

import numpy as np
import pytest
from handmade import archive, entries, refused, tensor

from minifcn.weights import read_tensors

PAGE = "<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title>"
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 553433881\n"


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", ["it is empty", "fetch it again"]),
        (PAGE.encode() * 50, ["a web page", "Google Drive", "browser"]),
        (b"\xef\xbb\xbf\r\n" + PAGE.lower().encode(), ["a web page"]),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", ["a web page"]),
        (LFS.encode(), ["Git LFS", "git lfs pull"]),
        (gzip.compress(b"a" * 99), ["gzip", "unpack"]),
        (pickle.dumps({"a": np.zeros(3)}), ["a pickle", "torch.save(model.state_dict())"]),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), ["HDF5", ".npz"]),
        (b"\x08\x08\x12\x07minifcn:", ["an ONNX file", ".safetensors"]),
    ],
    ids=["empty", "page", "page-bom", "xml", "lfs", "gzip", "pickle", "hdf5", "onnx"],
)
def test_other_files_by_their_beginning(tmp_path, content, words):
    (tmp_path / "w.pth").write_bytes(content)
    refused(tmp_path / "w.pth", *words, read=read_tensors)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_download_that_broke_off(tmp_path, share):
    path = archive(tmp_path / "w.pth", entries(a=tensor()))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path, "cut short, a download that broke off say", "take another copy", read=read_tensors)


def test_a_torchscript_and_a_whole_model(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -r requirements-test.txt")
    torch.save(torch.nn.Linear(3, 2), tmp_path / "model.pth")
    refused(tmp_path / "model.pth", "Linear: refused", "if a whole model was saved", read=read_tensors)
    refused(
        archive(tmp_path / "w.pth", entries(a=tensor()), extra=["code/a.py"]),
        "a TorchScript archive",
        read=read_tensors,
    )
