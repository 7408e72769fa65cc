"""The pickle of a checkpoint, read by a small machine that knows containers and descriptions of tensors.

A pickle is a program: Python's own unpickler calls the functions that it names. Here they are looked up in a table
(`descriptions`), and what is not in it is refused by name.

Why not a `pickle.Unpickler` with a strict `find_class`: on a file of 200 KB, with a tuple nested deep enough as a
dict's key, it crashes the whole process.
"""

import pickletools
from typing import Any, BinaryIO

from minifcn.errors import InputError
from minifcn.weights.pth.descriptions import Opaque, Parameter, call, known, plain_key, storage
from minifcn.weights.pth.elements import Storage

LONGEST = 1 << 26  # bytes; 100,000 tensors take a third


def read_pickle(file: BinaryIO) -> tuple[Any, dict[str, Storage]]:
    """Read one pickle from `file`'s position -> (what it holds, {key: Storage} of all storages that it names).

    InputError for anything but containers, plain values and tensors; other errors where the bytes make no pickle.
    """
    machine = Machine()
    for opcode, argument, position in pickletools.genops(_Bounded(file)):  # type: ignore[arg-type]
        if (position or 0) > LONGEST:
            raise InputError(f"its pickle is longer than {LONGEST} bytes, expected names and sizes of tensors alone")
        machine.do(opcode.name, argument)
    (result,) = machine.stack
    return result, machine.storages


class _Bounded:
    """A file of which nobody reads more than LONGEST bytes at a time, whatever a damaged one asks for."""

    def __init__(self, file: BinaryIO):
        self.tell, self._file = file.tell, file

    def read(self, count: int) -> bytes:
        return self._file.read(min(count, LONGEST))

    def readline(self) -> bytes:
        return self._file.readline(LONGEST)


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_NUMBERS = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"}
_TEXTS = {"BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING"}
_BYTES = {"BINBYTES", "SHORT_BINBYTES"}


class Machine:
    """A pickle's stack, its marks, its memo of values used again, and the storages that it named."""

    def __init__(self):
        self.stack, self.marks, self.memo, self.storages = [], [], {}, {}

    def do(self, name: str, argument: Any) -> None:
        """One instruction, by its name in `pickletools`."""
        push, pop = self.stack.append, self.stack.pop
        match name:
            case "PROTO" | "FRAME" | "STOP":
                pass
            case _ if name in _NUMBERS or name in _TEXTS:
                push(argument)
            case _ if name in _CONSTANTS:
                push(_CONSTANTS[name])
            case _ if name in _BYTES:  # of a NumPy number, say: weights need none
                push(Opaque("bytes"))
            case "EMPTY_DICT":
                push({})
            case "EMPTY_LIST":
                push([])
            case "MARK":
                self.marks.append(len(self.stack))
            case "TUPLE":
                push(tuple(self._since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                push(tuple([pop() for _ in range(int(name[-1]))][::-1]))
            case "APPEND" | "APPENDS":
                items = self._since_mark() if name == "APPENDS" else [pop()]
                self._top(list).extend(items)
            case "SETITEM" | "SETITEMS":
                items = self._since_mark() if name == "SETITEMS" else [pop(), pop()][::-1]
                pairs = zip(items[::2], items[1::2], strict=True)
                self._top(dict).update((plain_key(key), value) for key, value in pairs)
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = self.stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.stack[-1]
            case "BINGET" | "LONG_BINGET":
                push(self.memo[argument])
            case "GLOBAL":
                push(known(argument.replace(" ", ".", 1)))
            case "STACK_GLOBAL":
                last, module = pop(), pop()
                push(known(".".join([module, last])))  # fails where they are no text
            case "REDUCE" | "NEWOBJ":
                arguments, function = pop(), pop()
                push(call(function, arguments))
            case "BUILD":
                state = pop()
                if isinstance(self.stack[-1], Parameter):
                    self.stack[-1].set_state(state)
                elif not isinstance(self.stack[-1], Opaque):
                    self._top(dict)  # a state dict's attributes: versions of its layers, which nobody needs
            case "BINPERSID":
                named = storage(pop())
                if self.storages.setdefault(named.key, named) != named:
                    raise InputError(f"a storage is named twice, as {self.storages[named.key]} and as {named}")
                push(named)
            case _:
                raise InputError(f"the pickle has the instruction {name}, which no state dict needs: refused")

    def _since_mark(self):
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def _top(self, kind):
        top = self.stack[-1]
        if not isinstance(top, kind):
            raise InputError(f"the pickle changes a {type(top).__name__} as if it were a {kind.__name__}: refused")
        return top
