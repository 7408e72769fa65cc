"""Which mask belongs to which picture, found by the names of files and of the folders that they lie in."""

import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from minifcn.data.reading.lists import files_below, json_files
from minifcn.data.reading.photos import picture_suffixes
from minifcn.data.reading.splitting import SPLIT_NAMES
from minifcn.errors import InputError

_IMAGES = "images image imgs img photos photo pictures picture jpegimages rgb inputs input leftimg8bit"
_MASKS = "masks mask labels label annotations annotation annots annot segmentationclass segmentationclasspng gt gtfine"
_MASKS += " groundtruth truth segmentation segmentations targets target"
_ROLES = dict.fromkeys(_IMAGES.split(), "image") | dict.fromkeys(_MASKS.split(), "mask") | {"ground": None}
_OF_A_MASK = re.compile(
    r"(?:(.+?)[_\-. ])?(?:masks?|labels?|gt|seg|segmentation|annotation)(?:[_\-. ](.+)|(\d+))?", re.I
)
_OF_AN_IMAGE = re.compile(r"(?:(.+?)[_\-. ])?(?:image|img|photo|rgb|sat)(?:[_\-. ](.+)|(\d+))?", re.I)
_LOSSY = {".jpg", ".jpeg", ".jpe", ".jfif", ".heic", ".heif", ".webp", ".avif"}
SAME_FOLDER = "X.jpg beside X.png, X_mask.png or X_label.png"


class Pair(NamedTuple):
    """A picture and its mask; `name` is the picture's path from the root, with / and without its suffix."""

    name: str
    image: Path
    mask: Path


class Pairing(NamedTuple):
    """What was found in a folder.

    pairs      in the order of their names
    splits     {name of a pair: "train", "val" or "test"}, where a folder says it
    images, masks  those that have no partner, paths from the root
    """

    pairs: list[Pair]
    splits: dict[str, str]
    images: list[str]
    masks: list[str]


class _File(NamedTuple):
    path: Path
    place: tuple[str, ...]  # the folders that say neither what it is nor whose
    stem: str
    role: str | None  # "image", "mask" or unknown
    split: str | None


def find_pairs(root: Path) -> Pairing:
    """Pair the pictures below a folder with their masks.

    A file is a mask where a folder above it says so (masks, labels, annotations ...) or its own name (X_mask, X_label).
    Folders named train, val or test, above or below, tell the split. InputError where there is no pair at all.
    """
    suffixes = picture_suffixes()
    files = [_describe(path, root, suffixes) for path in find_pictures(root)]
    if not files:
        raise InputError(f"{root} holds no picture; expected images/ and masks/, or {SAME_FOLDER}")
    images, masks = _parted(files)
    partners = _matched(images, masks)
    pairs, splits = [], {}
    for image, mask in partners:
        pair = Pair(_name(image.path, root), image.path, mask.path)
        pairs.append(pair)
        if split := image.split or mask.split:
            splits[pair.name] = split
    paired = {file.path for partner in partners for file in partner}
    alone = [[_relative(file.path, root) for file in group if file.path not in paired] for group in (images, masks)]
    if not pairs:
        raise InputError(_several(root, images, masks) or _no_pair(root, *alone))
    if twice := [name for name, count in Counter(pair.name for pair in pairs).items() if count > 1]:
        raise InputError(f"{root} has two pictures named {twice[0]}, and masks for them: take one away")
    return Pairing(sorted(pairs), splits, *map(sorted, alone))


def find_pictures(root: Path) -> Iterator[Path]:
    """The pictures' files below a folder, as `files_below`."""
    return files_below(root, picture_suffixes())


def split_of(path: Path, root: Path) -> str | None:
    """The split that the folders between root and a file tell: "train", "val", "test" or none."""
    return _describe(path, root, ()).split


def _describe(path, root, suffixes):
    place, role, split = [], None, None
    for folder in path.relative_to(root).parts[:-1]:
        words = re.split(r"[_\-. ]", re.sub("^(train|val|test)annot$", r"\1_annot", folder.lower()))
        if all(word in _ROLES or word in SPLIT_NAMES for word in words):
            role = next((_ROLES[word] for word in words if _ROLES.get(word)), role)
            split = next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), split)
        else:
            place.append(normal(folder))
    stem = Path(path.stem)  # X of X.png, and of X.jpg.png
    return _File(path, tuple(place), normal(stem.stem if stem.suffix.lower() in suffixes else stem.name), role, split)


def _parted(files):
    """(images, masks) of _Files: what no folder says, their names do, or the two kinds of one name."""
    if all(file.role != "mask" for file in files):
        files = [file._replace(role=None) for file in files]
    images, masks, unknown = ([file for file in files if file.role == role] for role in ("image", "mask", None))
    owners = {_key(file, _core(file.stem)) for file in unknown if _bare(file.stem, _OF_A_MASK) == file.stem}
    alike = defaultdict(list)
    for file in unknown:
        if _bare(file.stem, _OF_A_MASK) != file.stem and (images or _key(file, _core(file.stem)) in owners):
            masks.append(file)
        else:
            alike[_key(file, file.stem)].append(file)
    masked = {_key(file, _core(file.stem)) for file in masks}
    for group in alike.values():
        lossless = [file for file in group if file.path.suffix.lower() not in _LOSSY]
        if len(group) == 2 and len(lossless) == 1 and _key(group[0], _core(group[0].stem)) not in masked:
            masks += lossless
            images += [file for file in group if file not in lossless]
        else:
            images += group
    return images, masks


def _key(file, stem):
    return file.place, file.split, stem


def _bare(stem, pattern=_OF_AN_IMAGE):
    """What a name is without the word that says what it is: X of X_mask, mask_X, X_image; 7 of mask7."""
    of = pattern.fullmatch(stem)
    return " ".join(filter(None, of.groups())) if of and any(of.groups()) else stem


def _core(stem):
    return _bare(_bare(stem, _OF_A_MASK)).casefold()


def _matched(images, masks):
    """[(image, mask)]: by place, split and name as they are, then without what names say beside, then by name alone."""
    ways = [
        (lambda f: _key(f, f.stem), lambda f: _key(f, f.stem)),
        (lambda f: _key(f, f.stem), lambda f: _key(f, _bare(f.stem, _OF_A_MASK))),
        (lambda f: _key(f, _bare(f.stem)), lambda f: _key(f, _bare(f.stem, _OF_A_MASK))),
        (lambda f: (f.place, f.stem), lambda f: (f.place, f.stem)),
        (lambda f: f.stem, lambda f: f.stem),
        (lambda f: _core(f.stem), lambda f: _core(f.stem)),
    ]
    pairs = []
    for of_image, of_mask in ways:
        ours, theirs = _unique(images, of_image), _unique(masks, of_mask)
        found = [(ours[key], theirs[key]) for key in ours if key in theirs]
        pairs += found
        paired = {file.path for pair in found for file in pair}
        images, masks = ([file for file in group if file.path not in paired] for group in (images, masks))
    return pairs


def _unique(files, key):
    """{key: file} of those whose key no other has."""
    counts = Counter(map(key, files))
    return {key(file): file for file in files if counts[key(file)] == 1}


def normal(text: str) -> str:
    """A name with its marks joined to their letters, as some systems keep them apart."""
    return unicodedata.normalize("NFC", text)


def _relative(path, root):
    return path.relative_to(root).as_posix()


def _name(path, root):
    return normal(os.path.splitext(_relative(path, root))[0])


def _several(root, images, masks):
    """What is said where a picture has several masks, if any has."""
    of = defaultdict(list)
    for mask in masks:
        of[_core(mask.stem)].append(_relative(mask.path, root))
    for image in images:
        if len(those := of[_core(image.stem)]) > 1:
            ways = "keep one of these folders or names, or hide the others (.name)"
            return f"{_relative(image.path, root)} has {len(those)} masks, {', '.join(those[:3])}: {ways}"
    return ""


def _no_pair(root, images, masks):
    some = f"{len(images)} pictures ({', '.join(images[:3])}{' ...' if len(images) > 3 else ''})"
    if masks:
        some += f" and {len(masks)} masks ({', '.join(masks[:3])}{' ...' if len(masks) > 3 else ''})"
        return f"{root} holds {some}, but none of one name: expected images/X.jpg with masks/X.png, or {SAME_FOLDER}"
    if any(json_files(root)):
        return (
            f"{root} holds {some} and no mask, but JSON files: if these are labels, use --data labelme or --data coco"
        )
    return f"{root} holds {some} and no mask: expected images/X.jpg with masks/X.png, or {SAME_FOLDER}"
