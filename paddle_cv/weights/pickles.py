"""What a pickle of weights says, read without `pickle`.

A pickle is a program for a small stack machine, and with the standard library it may import and call whatever it names. Here its
operations are interpreted, and nothing is imported or called: what a file names becomes a `Name`, what it calls becomes a `Thing`
that remembers the call, and the few calls by which numpy, Paddle and PyTorch write arrays make arrays of numbers.

Memory stays a small multiple of the file's size: the number of operations is bounded, and arrays share the file's bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arrays import array_of, dtype_of

__all__ = ["Array", "Calls", "Name", "Thing", "read_pickle"]

# Operations of one pickle; a whole pickled network of a thousand layers has some 100,000.
_MAX_OPERATIONS = 2_000_000
# Longer texts of a number than any that weights have.
_MAX_DIGITS = 100
# Python's hash of an integer is itself below this; larger ones can be chosen to have equal hashes.
_MAX_KEY = 2**60


class Name:
    """What a pickle wants to import: only its name."""

    __slots__ = ("path",)

    def __init__(self, path: str):
        self.path = path


class Thing:
    """The result of a call that is not made: the name of what was called, and what the object would have been given."""

    __slots__ = ("arguments", "items", "name", "state")

    def __init__(self, name: str, arguments: tuple = ()):
        self.name, self.arguments = name, arguments
        self.state: Any = None
        self.items: dict = {}


class Array:
    """An array of numpy's that the pickle describes in two steps; `array` stays None where it is not one of numbers."""

    __slots__ = ("array",)

    def __init__(self, array: np.ndarray | None = None):
        self.array = array


class _DType:
    __slots__ = ("code",)

    def __init__(self, code: Any):
        self.code = code


#: What is done for calls of some names: it gets the arguments.
Calls = Mapping[str, Callable[..., Any]]


def read_pickle(
    data: bytes, start: int = 0, calls: Calls | None = None, persistent: Callable[[Any], Any] | None = None
) -> tuple[Any, int]:
    """Reads one pickle.

    Args:
        data: Bytes of a file.
        start: Where the pickle begins.
        calls: Further calls that have a meaning, by name.
        persistent: Gives the object for a persistent id; None: there must be none.

    Returns:
        Its object, made of dictionaries, lists, tuples, texts, numbers, bytes (as memoryview) and the stand-ins of this module; and
        where the pickle ends.

    Raises:
        Exception: It is damaged, or does what weights never need. Whoever calls has to take any for that.
    """
    machine = _Machine(data, start, {**_CALLS, **(calls or {})}, persistent)
    return machine.run(), machine.place


@dataclass
class _Machine:
    data: bytes
    place: int
    calls: Calls
    persistent: Callable[[Any], Any] | None
    stack: list = field(default_factory=list)
    marks: list = field(default_factory=list)
    memo: dict = field(default_factory=dict)
    operations: int = 0
    encoded: int = 0

    def __post_init__(self) -> None:
        self.view = memoryview(self.data)

    def run(self) -> Any:
        while True:
            self.charge(1)
            code = self.take(1)[0]
            if code == ord("."):
                return self.stack.pop()
            if code not in _OPERATIONS:
                raise ValueError(f"operation {code:#x} of a pickle, which weights never need")
            _OPERATIONS[code](self)

    def charge(self, operations: int) -> None:
        self.operations += operations
        if self.operations > _MAX_OPERATIONS:
            raise ValueError(f"more than {_MAX_OPERATIONS} operations, which weights never need")

    # Reading.

    def take(self, count: int) -> memoryview:
        end = self.place + count
        if count < 0 or end > len(self.data):
            raise ValueError("it ends in the middle")
        part = self.view[self.place : end]
        self.place = end
        return part

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self) -> bytes:
        end = self.data.find(b"\n", self.place)
        part = bytes(self.take(end - self.place))
        self.place += 1
        return part

    def digits(self) -> bytes:
        line = self.line()
        if len(line) > _MAX_DIGITS:
            raise ValueError("a number of too many digits")
        return line

    # The stack.

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def down_to_mark(self) -> list:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def pop(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.stack.pop()

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise ValueError("a tuple of what is not there")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def integer(self) -> None:
        line = self.digits()
        self.push(line == b"01" if line in (b"00", b"01") else int(line))  # the former are booleans

    # What is filled.

    def append(self, items: list) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(items)
        elif not isinstance(target, Thing):
            raise ValueError("something is appended to what is no list")

    def set_items(self, items: list) -> None:
        target = self.stack[-1]
        entries = target.items if isinstance(target, Thing) else target
        if not isinstance(entries, dict) or len(items) % 2:
            raise ValueError("entries for what is no dictionary")
        for key, value in zip(items[::2], items[1::2]):
            entries[_key(key)] = value

    def dictionary(self, items: list) -> None:
        self.push({})
        self.set_items(items)

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Thing):
            target.state = state[0] if isinstance(state, tuple) and len(state) == 2 and state[0] else state
        elif isinstance(target, _DType):
            _set_byte_order(target, state)
        elif isinstance(target, Array):
            _set_array(target, state, self.bytes_of)

    def bytes_of(self, value: Any) -> Any:
        """Bytes that pickles of protocol 2, or of Python 2, have as text of which each character is a byte."""
        if not isinstance(value, str):
            return value
        self.encoded += len(value)
        if self.encoded > 4 * len(self.data):
            raise ValueError("more bytes than the file has")
        return value.encode("latin1")

    # What is named and called.

    def name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise ValueError("a name that is no text")
        # numpy 2 has other names, Python 2 had.
        module = module.replace("numpy._core", "numpy.core").replace("__builtin__", "builtins")
        self.push(Name(f"{module.replace('copy_reg', 'copyreg')}.{name}"))

    def stack_name(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.name(module, name)

    def reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        self.push(self.call(function, arguments))

    def new_object(self) -> None:
        arguments, kind = self.stack.pop(), self.stack.pop()
        self.push(self.call(kind, arguments))

    def new_object_ex(self) -> None:
        self.stack.pop()  # keyword arguments
        self.new_object()

    def call(self, function: Any, arguments: Any) -> Any:
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise ValueError("it calls what has no name")
        if function.path in ("copyreg._reconstructor", "copyreg.__newobj__") and isinstance(arguments[0], Name):
            return self.call(arguments[0], ())
        if function.path == "_codecs.encode":
            if len(arguments) == 2 and arguments[1] in ("latin1", "latin-1"):
                return self.bytes_of(arguments[0])
            raise ValueError("bytes in an unknown encoding")
        if function.path in _DICTIONARIES:
            return self.new_dictionary(*arguments[-1:])
        if function.path in self.calls:
            return self.calls[function.path](*arguments)
        return Thing(function.path, arguments)

    def new_dictionary(self, entries: Any = ()) -> dict:
        """Python 2 gives an OrderedDict its entries as a list of pairs."""
        if not isinstance(entries, (list, tuple)):
            return {}
        self.charge(len(entries))  # the same list can be given to many
        return {_key(key): value for key, value in entries}

    def persistent_id(self) -> None:
        if self.persistent is None:
            raise ValueError("it refers to something outside")
        self.push(self.persistent(self.stack.pop()))


def _key(key: Any) -> Any:
    """A key as it is, where it is one whose hash costs nothing; another object in its place for others."""
    if isinstance(key, int) and abs(key) >= _MAX_KEY:
        return Thing("key")
    return key if key is None or isinstance(key, (str, int, float, Name, Thing, _DType)) else Thing("key")


def _set_byte_order(dtype: _DType, state: Any) -> None:
    plain = isinstance(state, tuple) and len(state) >= 5 and state[2:5] == (None, None, None)
    if not plain or state[1] not in ("<", ">", "|", "=") or dtype_of(dtype.code) is None:
        dtype.code = None  # structured, or nested, or of objects
    else:
        dtype.code = state[1] + dtype.code[-2:]


def _set_array(target: Array, state: Any, bytes_of: Callable[[Any], Any]) -> None:
    if not isinstance(state, tuple) or len(state) not in (4, 5):
        raise ValueError("an array without a description")
    shape, dtype, fortran, content = state[-4:]
    numbers = dtype_of(dtype.code) if isinstance(dtype, _DType) else None
    if numbers is not None:
        target.array = array_of(_buffer(bytes_of(content)), numbers, shape, fortran is True)


def _buffer(content: Any) -> bytes | memoryview:
    if not isinstance(content, (bytes, memoryview)):
        raise ValueError("an array whose numbers are no bytes")
    return content


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> Array:
    target = Array()
    _set_array(target, (shape, dtype, order == "F", content), lambda value: value)
    return target


def _scalar(dtype: Any, content: Any = None) -> Any:
    numbers = dtype_of(dtype.code) if isinstance(dtype, _DType) else None
    if numbers is None:
        return Thing("numpy.core.multiarray.scalar")
    if isinstance(content, str):
        content = content.encode("latin1")
    return array_of(_buffer(content), numbers, (1,))[0]


def _evaluated(text: Any, names: Any) -> Any:
    """Paddle has its own tensors evaluate the text `data`, where that is an array."""
    if text != "data" or not isinstance(names, dict):
        raise ValueError("it wants to evaluate a text, which weights never need")
    return names.get("data")


_DICTIONARIES = ("collections.OrderedDict", "collections.defaultdict", "builtins.dict")
_CALLS: Calls = {
    "builtins.tuple": lambda items=(): items,
    "builtins.list": lambda items=(): items,
    "builtins.set": lambda items=(): items,
    "builtins.frozenset": lambda items=(): items,
    "builtins.eval": _evaluated,
    "numpy.dtype": lambda code, *_: _DType(code),
    "numpy.core.multiarray._reconstruct": lambda *_: Array(),
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _from_buffer,
}


def _text(form: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(str(m.take(m.number(form)), "utf-8", "surrogatepass"))


def _python2_text(form: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(str(m.take(m.number(form)), "latin1"))


def _bytes(form: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(m.take(m.number(form)))


def _number(form: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(m.number(form))


def _constant(value: Any) -> Callable[[_Machine], None]:
    return lambda m: m.push(value)


def _put(form: str) -> Callable[[_Machine], None]:
    return lambda m: m.memo.__setitem__(m.number(form), m.stack[-1])


def _get(form: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(m.memo[m.number(form)])


def _unquoted(line: bytes) -> str:
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
        raise ValueError("a text without its quotes")
    return line[1:-1].decode("unicode_escape")


_OPERATIONS: dict[int, Callable[[_Machine], Any]] = {
    code[0]: operation
    for code, operation in {
        b"\x80": lambda m: m.take(1),  # the protocol
        b"\x95": lambda m: m.take(8),  # the length of a frame
        b"(": lambda m: m.marks.append(len(m.stack)),
        b"0": _Machine.pop,
        b"1": _Machine.down_to_mark,
        b"2": lambda m: m.push(m.stack[-1]),
        b"N": _constant(None),
        b"\x88": _constant(True),
        b"\x89": _constant(False),
        b"K": _number("<B"),
        b"M": _number("<H"),
        b"J": _number("<i"),
        b"G": _number(">d"),
        b"\x8a": lambda m: m.push(int.from_bytes(m.take(m.number("<B")), "little", signed=True)),
        b"I": _Machine.integer,
        b"L": lambda m: m.push(int(m.digits().rstrip(b"L"))),
        b"F": lambda m: m.push(float(m.digits())),
        b"\x8c": _text("<B"),
        b"X": _text("<I"),
        b"\x8d": _text("<Q"),
        b"V": lambda m: m.push(m.line().decode("raw_unicode_escape")),
        b"S": lambda m: m.push(_unquoted(m.line())),
        b"U": _python2_text("<B"),
        b"T": _python2_text("<I"),
        b"C": _bytes("<B"),
        b"B": _bytes("<I"),
        b"\x8e": _bytes("<Q"),
        b"\x96": _bytes("<Q"),
        b"q": _put("<B"),
        b"r": _put("<I"),
        b"p": lambda m: m.memo.__setitem__(int(m.digits()), m.stack[-1]),
        b"\x94": lambda m: m.memo.__setitem__(len(m.memo), m.stack[-1]),
        b"h": _get("<B"),
        b"j": _get("<I"),
        b"g": lambda m: m.push(m.memo[int(m.digits())]),
        b"]": lambda m: m.push([]),
        b"}": lambda m: m.push({}),
        b")": _constant(()),
        b"\x8f": lambda m: m.push([]),  # a set
        b"l": lambda m: m.push(m.down_to_mark()),
        b"d": lambda m: m.dictionary(m.down_to_mark()),
        b"t": lambda m: m.push(tuple(m.down_to_mark())),
        b"\x91": lambda m: m.push(tuple(m.down_to_mark())),  # a set
        b"\x85": lambda m: m.tuple_of(1),
        b"\x86": lambda m: m.tuple_of(2),
        b"\x87": lambda m: m.tuple_of(3),
        b"a": lambda m: m.append([m.stack.pop()]),
        b"e": lambda m: m.append(m.down_to_mark()),
        b"\x90": lambda m: m.append(m.down_to_mark()),
        b"s": lambda m: m.set_items([m.stack.pop(), m.stack.pop()][::-1]),
        b"u": lambda m: m.set_items(m.down_to_mark()),
        b"c": lambda m: m.name(m.line().decode(), m.line().decode()),
        b"\x93": _Machine.stack_name,
        b"R": _Machine.reduce,
        b"\x81": _Machine.new_object,
        b"\x92": _Machine.new_object_ex,
        b"b": _Machine.build,
        b"Q": _Machine.persistent_id,
    }.items()
}
