"""Sums over the processes: each process adds up one share of the numbers, in the order of the ranks.

With n processes, an array is cut into n shares. Everybody sends share r to rank r, who adds the n of them up and sends
the sum to everybody: 2 (n - 1) / n of the array's bytes leave each process, and as many reach it, the least there can
be (Patarasuk and Yuan 2009, "Bandwidth optimal all-reduce algorithms for clusters of workstations"). An order of the
additions that never changes gives the same bits every time; a library's own sum may promise neither.
"""

import numpy as np

from minifcn.machines.group import share
from minifcn.machines.messages import Messages
from minifcn.machines.wires import Wire

MESSAGE = 1 << 20  # bytes at most: at 100 Mbit/s messages of 4 MiB, both ways at once, took up to twice their time


def sum_in_order(flat: np.ndarray, messages: Messages, wire: Wire) -> None:
    """Replace the numbers of a flat array in one piece by their sums over the processes."""
    for piece in _pieces(flat, messages.size):
        _sum_piece(piece, messages, wire)


def _sum_piece(piece, messages, wire):
    shares = [piece[share(piece.size, rank, messages.size)] for rank in range(messages.size)]
    others = [rank for rank in range(messages.size) if rank != messages.rank]
    own = shares[messages.rank]

    parts = [np.empty_like(own) for _ in shares]  # of each rank
    rooms = {rank: wire.room(parts[rank]) for rank in others}
    messages.swap({rank: wire.pack(shares[rank]) for rank in others}, rooms)
    for rank, message in rooms.items():
        wire.unpack(message, parts[rank])
    parts[messages.rank][...] = own
    own[...] = parts[0]
    for part in parts[1:]:
        own += part

    total = wire.pack(own)
    rooms = {rank: wire.room(shares[rank]) for rank in others}
    messages.swap(dict.fromkeys(others, total), rooms)
    for rank, message in {**rooms, messages.rank: total}.items():  # its own too: all have the numbers that travelled
        wire.unpack(message, shares[rank])


def spread(data: np.ndarray, messages: Messages) -> None:
    """Fill everybody's flat array of bytes with rank 0's, which sends each a share that they pass on to each other."""
    for piece in _pieces(data, messages.size):
        shares = [piece[share(piece.size, rank, messages.size)] for rank in range(messages.size)]
        own, others = shares[messages.rank], [rank for rank in range(1, messages.size) if rank != messages.rank]
        if messages.rank == 0:
            messages.swap({rank: shares[rank] for rank in others}, {})
            messages.swap(dict.fromkeys(others, own), {})
        else:
            messages.swap({}, {0: own})
            messages.swap(dict.fromkeys(others, own), {rank: shares[rank] for rank in [0, *others]})


def _pieces(flat, size):
    """The array in parts, each of which takes a message from every process to every other."""
    step = max(1, MESSAGE // flat.itemsize) * size
    return [flat[start : start + step] for start in range(0, flat.size, step)]
