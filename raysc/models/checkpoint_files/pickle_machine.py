"""Interpreter of pickles that imports nothing and calls nothing but the functions it is given.

A pickle is a program for a stack machine. This one knows the instructions that build plain values; a class or a
function that the pickle names is looked up in a table of inert stand-ins, and every other name ends the reading.
"""

import io
import pickletools
import reprlib
from collections.abc import Callable, Mapping
from typing import Any

from raysc.models.checkpoint_files.inert import Name, Record, RefusedError

Names = Mapping[tuple[str, str], Name]
"""(module, name) -> stand-in of the classes and functions that a layout has."""

MAX_INSTRUCTIONS = 2_000_000
"""Instructions of all pickles in a file; the largest of the known files has about 10^5."""
MAX_COPIES = 2_000_000
"""Values that calls may copy, which a short program could repeat many times."""
MAX_BITS = 128
"""Bits of an integer; the largest of the known files is torch's magic number, of 77 bits."""
MAX_KEY = 2**48
"""Integers above it are no keys: equal hashes of many would make a mapping slow. Old files have addresses as keys."""
MAX_SHOWN = 80
SHORT = reprlib.Repr()
SHORT.maxlevel = 2
MARK = object()
VALUES = {
    "NONE": None, "NEWTRUE": True, "NEWFALSE": False,
}  # fmt: skip
ARGUMENTS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
}  # fmt: skip
"""Instructions whose argument is the value."""
EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict, "EMPTY_SET": set}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
IGNORED = {"PROTO", "FRAME"}


class Budget:
    """Limits of the work that one file may ask for."""

    def __init__(self) -> None:
        self._instructions, self._copies = 0, 0

    def count_instruction(self) -> None:
        """Count an instruction; RefusedError beyond the limit."""
        self._instructions += 1
        if self._instructions > MAX_INSTRUCTIONS:
            raise RefusedError(f"its pickle has more than {MAX_INSTRUCTIONS} instructions")

    def copy(self, values: Any) -> Any:
        """Count values that a call copies, and return them; RefusedError beyond the limit."""
        self._copies += len(values)
        if self._copies > MAX_COPIES:
            raise RefusedError(f"its pickle copies more than {MAX_COPIES} values")
        return values


def shown(value: object) -> str:
    """Return a value of a file for a message: one line, without control characters and nested values.

    The text of a small program's nested lists could be longer than any memory.
    """
    short = repr(value if isinstance(value, str) else SHORT.repr(value))
    return short if len(short) <= MAX_SHOWN else f"{short[:MAX_SHOWN]}..."


class PickleMachine:
    """Interprets one pickle.

    Attributes:
        stack: values and marks.
    """

    def __init__(self, names: Names, budget: Budget, load_persistent: Callable[[Any], Any] | None = None) -> None:
        """Prepare the machine.

        Args:
            names: the classes and functions that may occur.
            budget: limits, shared by all pickles of a file.
            load_persistent: returns the value of a persistent id; None: there are none.
        """
        self._names, self._budget, self._load_persistent = names, budget, load_persistent
        self.stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self, stream: io.BytesIO) -> Any:
        """Interpret the pickle that begins at the stream's position, and leave the stream after it.

        Raises:
            RefusedError: the pickle is damaged or has an instruction or a name that is not allowed.
        """
        try:
            for opcode, argument, _ in pickletools.genops(stream):
                self._budget.count_instruction()
                if opcode.name == "STOP":
                    return self._pop()
                self._step(opcode.name, argument)
        except RefusedError:
            raise
        except Exception as error:  # a damaged pickle makes genops and the stack fail in many ways
            raise RefusedError(f"its pickle is damaged ({type(error).__name__}: {shown(str(error))})") from error
        raise RefusedError("its pickle has no end")

    def _step(self, name: str, argument: Any) -> None:
        if name in VALUES:
            self.stack.append(VALUES[name])
        elif name in ARGUMENTS:
            self.stack.append(plain_number(argument) if type(argument) is int else argument)
        elif name in EMPTY:
            self.stack.append(EMPTY[name]())
        elif name in TUPLES:
            self._push_tuple(TUPLES[name])
        elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self._memo[len(self._memo) if name == "MEMOIZE" else argument] = self.stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self.stack.append(self._memo[argument])
        elif name not in IGNORED:
            handler = getattr(self, f"_do_{name.lower()}", None)
            if handler is None:
                raise RefusedError(f"its pickle has the instruction {name}, which no known file has")
            handler(argument)

    def _pop(self) -> Any:
        value = self.stack.pop()
        if value is MARK:
            raise RefusedError("its pickle is damaged (a mark in the place of a value)")
        return value

    def _pop_to_mark(self) -> list[Any]:
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is MARK:
                values = self.stack[index + 1 :]
                del self.stack[index:]
                return values
        raise RefusedError("its pickle is damaged (a missing mark)")

    def _push_tuple(self, count: int) -> None:
        values = tuple(self._pop() for _ in range(count))
        self.stack.append(values[::-1])

    def _do_mark(self, argument: None) -> None:
        self.stack.append(MARK)

    def _do_pop(self, argument: None) -> None:
        self.stack.pop()

    def _do_tuple(self, argument: None) -> None:
        self.stack.append(tuple(self._pop_to_mark()))

    def _do_list(self, argument: None) -> None:
        self.stack.append(self._pop_to_mark())

    def _do_append(self, argument: None) -> None:
        value = self._pop()
        self._top(list).append(value)

    def _do_appends(self, argument: None) -> None:
        values = self._pop_to_mark()
        self._top(list).extend(values)

    def _do_dict(self, argument: None) -> None:
        values = self._pop_to_mark()
        self.stack.append({})
        self._set_items(values)

    def _do_setitem(self, argument: None) -> None:
        value, key = self._pop(), self._pop()
        self._set_items([key, value])

    def _do_setitems(self, argument: None) -> None:
        self._set_items(self._pop_to_mark())

    def _set_items(self, values: list[Any]) -> None:
        target = self._top(dict)
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[plain_key(key)] = value

    def _do_additems(self, argument: None) -> None:
        values = self._pop_to_mark()
        self._top(set).update(plain_key(value) for value in values)

    def _top(self, kind: type) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise RefusedError(f"its pickle adds items to something that is no {kind.__name__}")
        return self.stack[-1]

    def _do_global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._push_name(module, name)

    def _do_stack_global(self, argument: None) -> None:
        name, module = self._pop(), self._pop()
        self._push_name(module, name)

    def _push_name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise RefusedError("it names a class or function by something that is no text")
        stand_in = self._names.get((module, name))
        if stand_in is None:
            raise RefusedError(f"it names {shown(f'{module}.{name}')}, which is no part of a known layout")
        self.stack.append(stand_in)

    def _do_binpersid(self, argument: None) -> None:
        if self._load_persistent is None:
            raise RefusedError("its pickle refers to values outside itself")
        self.stack.append(self._load_persistent(self._pop()))

    def _do_reduce(self, argument: None) -> None:
        arguments, function = self._pop(), self._pop()
        self._call(function, arguments)

    def _do_newobj(self, argument: None) -> None:
        self._do_reduce(None)

    def _call(self, function: Any, arguments: Any) -> None:
        if not isinstance(function, Name) or function.call is None or not isinstance(arguments, tuple):
            raise RefusedError(f"its pickle calls {shown(getattr(function, 'path', type(function).__name__))}")
        try:
            self.stack.append(function.call(self._budget, *arguments))
        except TypeError as error:  # a wrong number or type of arguments
            raise RefusedError(f"its pickle calls {function.path} with other arguments than known files") from error

    def _do_build(self, argument: None) -> None:
        """Set an object's attributes; those of plain containers are torch's notes (``_metadata``) and are dropped."""
        state, target = self._pop(), self.stack[-1]
        if isinstance(target, Record):
            if not isinstance(state, dict | tuple):
                raise RefusedError(f"the state of {shown(target.kind)} is no mapping")
            target.state = state if isinstance(state, dict) else {"state": state}
        elif not isinstance(target, dict) or not isinstance(state, dict) or state.keys() - {"_metadata"}:
            raise RefusedError(f"its pickle sets attributes of a value of type {type(target).__name__}")


def plain_number(number: int) -> int:
    """Return an integer if it is small; else RefusedError: its text would be long, or would not exist."""
    if number.bit_length() > MAX_BITS:
        raise RefusedError(f"its pickle has an integer of more than {MAX_BITS} bits")
    return number


def plain_key(key: Any) -> Any:
    """Return a key of a mapping or a member of a set if it is text or a small number; else RefusedError."""
    if type(key) is int and not 0 <= key < MAX_KEY:
        raise RefusedError(f"its pickle has the key {key}")
    if type(key) not in (str, int):
        raise RefusedError(f"its pickle has a key of type {type(key).__name__}")
    return key
