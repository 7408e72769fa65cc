"""A group whose processes are threads of this one: what several ranks do, without MPI."""

import collections
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

from minifcn.machines.mpi import MpiGroup

TAGS = range(3)  # of messages: 0, `WAITING`, `FAILED`


class Broken(RuntimeError):
    """Another rank has failed."""


class Aborted(Exception):
    """A rank has ended all of them, with this exit code."""


class ThreadComm:
    """One rank's end of a network of threads, as much of an mpi4py communicator as `Messages` needs.

    sent  the bytes that each of its calls to `Isend` was given
    """

    def __init__(self, rank, network):
        self.rank, self.network, self.sent = rank, network, []

    def Get_rank(self):
        return self.rank

    def Get_size(self):
        return self.network.size

    def Isend(self, buffer, dest, tag):
        self.sent.append(buffer.nbytes)
        self.network.waiting[self.rank, dest, tag].append(buffer.tobytes())
        return Request(lambda: True)

    def Improbe(self, tag):
        for source in range(self.network.size):
            if arrived := self.network.waiting[source, self.rank, tag]:
                return Message(arrived.popleft())
        return None

    def Irecv(self, buffer, source, tag):
        arrived, place = self.network.waiting[source, self.rank, tag], object()
        order = self.network.receiving[source, self.rank, tag]
        order.append(place)

        def look():
            if order[0] is not place or not arrived:
                if self.network.broken.is_set():
                    raise Broken
                return False
            memoryview(buffer)[:] = arrived.popleft()
            order.popleft()
            return True

        return Request(look)

    def Abort(self, code):
        raise Aborted(code)


class Message:
    """One that has arrived."""

    def __init__(self, sent):
        self.sent = sent

    def Recv(self, buffer):
        memoryview(buffer).cast("B")[:] = self.sent


class Request:
    """Something under way; `Test` says whether it is done, and may be asked again."""

    def __init__(self, look):
        self.look, self.done = look, False

    def Test(self):
        self.done = self.done or self.look()
        return self.done


class Network:
    """What the threads share: messages under way, and who receives them in turn, by (source, destination, tag)."""

    def __init__(self, size):
        self.size, self.broken = size, threading.Event()
        places = list(itertools.product(range(size), range(size), TAGS))  # now: two threads could make one each
        self.waiting = {place: collections.deque() for place in places}
        self.receiving = {place: collections.deque() for place in places}


def ended(size, function):
    """[how function(group) of each rank ended, each in a thread of its own: a Future]."""
    network = Network(size)

    def run(rank):
        try:
            return function(MpiGroup(ThreadComm(rank, network)))
        except BaseException:
            network.broken.set()  # so that nobody waits for ever
            raise

    with ThreadPoolExecutor(size) as pool:
        return [pool.submit(run, rank) for rank in range(size)]


def run_ranks(size, function):
    """[function(group) of each rank]; the first error of any is raised."""
    futures = ended(size, function)
    errors = [future.exception() for future in futures]
    for error in sorted(filter(None, errors), key=lambda e: isinstance(e, Broken)):
        raise error
    return [future.result() for future in futures]
