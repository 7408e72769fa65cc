"""Files that are often taken for weights: what they are, by their first bytes, and what to do."""

_BEGINNINGS = {
    b"version https://git-lfs.github.com/spec": "it is a pointer of Git LFS, not the file itself: run git lfs pull",
    b"\x89HDF": "it is an HDF5 file, of Keras say: save its arrays as .npz under the published names",
    b"\x93NUMPY": "it is one array alone, of np.save: save all of them under their names, np.savez(FILE, **arrays)",
    b"\x1f\x8b": "it is compressed with gzip: unpack it first",
    b"\x80": "it is a pickle, which is not read, it could run any code: save with torch.save(model.state_dict())",
}
_PAGES = b"<!doctype", b"<html", b"<?xml", b"<head"
_PAGE = "it is a web page and not the file, such as Google Drive's question before large files: fetch it in a browser"
_ONNX = "it is an ONNX file, from which nothing is read here: take the .npz, .pth or .safetensors it was made of"


def mistaken(first: bytes) -> str | None:
    """What a file that begins so is instead of weights, and what to do; None where nobody knows."""
    if not first:
        return "it is empty: fetch it again"
    if first.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        return _PAGE
    if first[:1] == b"\x08" and first[2:3] == b"\x12":  # its version, then who wrote it
        return _ONNX
    return next((what for beginning, what in _BEGINNINGS.items() if first.startswith(beginning)), None)
