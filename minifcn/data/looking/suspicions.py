"""What is suspicious in a data set that was looked at: what may be meant and seldom is, with what to do."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from minifcn.data.dataset import VOID
from minifcn.data.looking.agreement import WAYS, better_ways
from minifcn.data.looking.duplicates import twins
from minifcn.data.looking.inspection import Inspection, nothing_to_learn, one_class
from minifcn.data.looking.look import Look
from minifcn.data.reading.fitting import size_in_words

NAMED = 3  # pairs or classes that a line names
SLOPING = 0.15  # share of border pixels as smoothing leaves them; of drawn masks 0.05, of smoothed ones 0.3
RARE = 0.001  # of the pixels
FEW = 20  # pairs to train on
LARGE = 1_000_000  # pixels of a picture
OURS = ("train", "val")  # splits that must have nothing in common


class Suspicion(NamedTuple):
    """One thing that is suspicious.

    kind      in a word or two
    words     a line that says what it is, names some pairs, and says what to do
    looks     the pairs that it is about, if not all
    forbids   whether no training is possible with it
    """

    kind: str
    words: str
    looks: tuple[Look, ...] = ()
    forbids: bool = False


def suspicions(inspection: Inspection) -> list[Suspicion]:
    """All that is suspicious, what forbids a training first."""
    kinds: tuple[Callable[[Inspection], Iterable[Suspicion]], ...] = (_unreadable, _classes, _void, _tones, _rare)
    kinds += (_smoothed, _turned, _twice, _sizes, _few, _cautions)
    found = [suspicion for kind in kinds for suspicion in kind(inspection)]
    return sorted(found, key=lambda suspicion: not suspicion.forbids)


def _unreadable(inspection):
    looks = [look for look in inspection.all if look.error]
    for alike in _alike(looks, lambda look: look.error):
        more = f"; and {len(alike) - 1} more like it: {_named(alike[1:])}" if len(alike) > 1 else ""
        yield Suspicion("unreadable", f"{alike[0].error}{more}", tuple(alike), forbids=True)


def _classes(inspection):
    if len(inspection.classes) < 2:
        yield Suspicion("one class", one_class(inspection.dataset), forbids=True)
        return
    count = len(inspection.classes)
    shown = {split: inspection.images(split)[:count] > 0 for split in inspection.looks if inspection.read(split)}
    if not shown:
        return
    if "train" in shown and shown["train"].sum() < 2:
        numbers, void = np.flatnonzero(shown["train"]).tolist(), bool(inspection.pixels("train")[VOID])
        words = nothing_to_learn(inspection.dataset, numbers, void, len(inspection.read("train")))
        yield Suspicion("one class", words, forbids=True)
    nobody = ~np.any(list(shown.values()), axis=0)
    if nobody.any():
        ways = "add pictures of it, or take it from the classes" if nobody.sum() == 1 else "add pictures, or name fewer"
        yield Suspicion("unseen class", f"no picture shows {_quoted(inspection, nobody)}: {ways}")
    if all(split in shown for split in OURS):
        how = " (another --split-seed, or lists)" if "split_seed" in inspection.dataset.told else ""
        if (only := shown["val"] & ~shown["train"]).any():
            ways = f"no network can learn it; let a picture of it train{how}"
            yield Suspicion("only in val", f"train never shows {_quoted(inspection, only)}, val does: {ways}")
        if (only := shown["train"] & ~shown["val"]).any():
            ways = f"how well it is learned is not measured; let a picture of it validate{how}"
            yield Suspicion("only in train", f"val never shows {_quoted(inspection, only)}, train does: {ways}")


def _void(inspection):
    looks = [look for look in inspection.all if not look.error and look.pixels[VOID] == look.pixels.sum()]
    if looks:
        words = f"{_pairs(looks, 'is', 'are')} void all over ({_named(looks)}), which teaches nothing: check the masks"
        yield Suspicion("all void", words, tuple(looks))
    read = inspection.read("val") if "val" in inspection.looks else []
    if read and all(look in looks for look in read):
        words = "every pixel of val is void: there is nothing to count; check the masks"
        yield Suspicion("nothing to count", words, forbids=True)


def _tones(inspection):
    """Masks of 0 and 255 alone, where those of more classes have no 255."""
    looks = [look for look in inspection.all if np.flatnonzero(look.pixels).tolist() == [0, VOID]]
    others = np.array([look.pixels for look in inspection.all if look.pixels[1:VOID].any()])
    if looks and len(others) and not others[:, VOID].any():
        what = f"nothing but {inspection.classes[0]!r} and void ({_named(looks)}), and no other has void"
        words = f"{_pairs(looks, 'has', 'have')} {what}: if {VOID} is an object there, save them as the others are"
        yield Suspicion("two tones", words, tuple(looks))


def _rare(inspection):
    if "train" not in inspection.looks:
        return
    pixels = inspection.pixels("train")[: len(inspection.classes)]
    shares = pixels / max(pixels.sum(), 1)
    rare = (pixels > 0) & (shares < RARE)
    if rare.any():
        count = int(rare.sum())
        has = f"{_quoted(inspection, rare)} {'has' if count == 1 else 'have'} under {100 * RARE:g} % of train's pixels"
        yield Suspicion("rare class", f"{has}{' each' * (count > 1)}: --class-balance lets rare classes weigh more")


def _smoothed(inspection):
    looks = [look for look in inspection.all if look.slopes > SLOPING]
    if looks:
        run = "has" if len(looks) == 1 else "have"
        ways = "as smoothing leaves them: resize masks by nearest neighbour, save them as PNG"
        words = f"{_pairs(looks, run, run)} borders with numbers in between ({_named(looks)}), {ways}"
        yield Suspicion("smoothed", words, tuple(looks))


def _turned(inspection):
    looks = inspection.all
    ways = better_ways(np.array([look.agreement for look in looks]))
    for way in sorted({*ways.tolist()} - {0}):
        those = tuple(look for look, its in zip(looks, ways) if its == way)
        fit = "mask fits its picture" if len(those) == 1 else "masks fit their pictures"
        words = f"{len(those)} {fit} better {WAYS[way]} ({_named(those)})"
        many = f", of {len(looks)}" if len(those) > NAMED else ""
        yield Suspicion(f"better {WAYS[way]}", f"{words}{many}: look at them with --out, and turn the masks", those)


def _twice(inspection):
    looks = [look for split in OURS if split in inspection.looks for look in inspection.read(split)]
    across = [pair for pair in twins(looks) if pair[0].split != pair[1].split]
    if across:
        told = ", ".join(f"{_name(a)} is {_name(b)}" for a, b in across[:NAMED]) + " ..." * (len(across) > NAMED)
        words = f"{_pictures(across)} in train and in val ({told}): val's figures flatter; leave out one of each"
        yield Suspicion("in train and val", words, tuple(look for pair in across for look in pair))
    for split in inspection.looks:
        if pairs := twins(inspection.read(split)):
            told = ", ".join(f"{_name(a)} is {_name(b)}" for a, b in pairs[:NAMED]) + " ..." * (len(pairs) > NAMED)
            words = f"{_pictures(pairs)} twice in {split} ({told}): leave out one of each"
            yield Suspicion("twice", words, tuple(look for pair in pairs for look in pair))


def _sizes(inspection):
    sizes = inspection.sizes("train") if "train" in inspection.looks else {}
    if len(sizes) > 1:
        words = f"pictures to train on have {len(sizes)} sizes: batches are filled up to their largest"
        yield Suspicion("sizes", f"{words}; --crop N or --size WxH makes them equal, --batch-size 1 leaves them alone")
    looks = [look for look in inspection.all if look.size[0] * look.size[1] > LARGE]
    if looks:
        largest = max(looks, key=lambda look: look.size[0] * look.size[1]).size
        words = f"{_pictures(looks)} of more than a million pixels, the largest {size_in_words(largest)}"
        yield Suspicion("large", f"{words}: --size 640 makes training many times faster")


def _few(inspection):
    if "train" in inspection.looks and len(inspection.looks["train"]) < FEW:
        count = len(inspection.looks["train"])
        pairs = f"{count} pair{'s' * (count > 1)} to train on"
        yield Suspicion("few", f"{pairs}: few; label more pictures, or begin from trained weights (--init)")


def _cautions(inspection):
    for alike in _alike(inspection.cautions, str):
        more = f"; and {len(alike) - 1} more like it" if len(alike) > 1 else ""
        yield Suspicion("caution", f"{alike[0]}{more}")


def _alike(items: Iterable, text: Callable[..., str]) -> Iterator[list]:
    """Items whose texts differ in the file that they begin with, and in numbers, alone, together."""
    groups: dict[str, list] = {}
    for item in items:
        after = re.sub(r"^.*?\.\w{2,5}(?=[ :])", "", text(item))
        words = [word for word in after.split() if not re.search(r"[/\\\d]", word)]
        groups.setdefault(" ".join(words), []).append(item)
    yield from groups.values()


def _name(look):
    return f"{look.split}: {look.name}"


def _named(looks: Sequence[Look]) -> str:
    return ", ".join(map(_name, looks[:NAMED])) + " ..." * (len(looks) > NAMED)


def _quoted(inspection, which):
    names = [repr(inspection.classes[number]) for number in np.flatnonzero(which)]
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _pairs(looks, one, many):
    return f"{len(looks)} mask {one}" if len(looks) == 1 else f"{len(looks)} masks {many}"


def _pictures(items):
    return f"{len(items)} picture is" if len(items) == 1 else f"{len(items)} pictures are"
