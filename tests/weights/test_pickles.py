"""Pickles are read by an interpreter of our own: nothing is imported or called, whatever is in them."""

import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile

import numpy as np
import paddle
import pytest
from safetensors.numpy import save_file

from paddle_cv.weights import read_state

from .torch_writer import Tensor, module, save

POINTER = 0x4141414141414141


def _text(value):
    return pickle.SHORT_BINUNICODE + bytes([len(value)]) + value.encode()


def _name(module, name):
    return _text(module) + _text(name) + pickle.STACK_GLOBAL


def _object_dtype_of_bytes():
    """numpy.dtype("O8"), told by BUILD that it holds no references: numpy then takes bytes for pointers."""
    dtype = _name("numpy", "dtype") + _text("O8") + pickle.NEWFALSE + pickle.NEWTRUE + pickle.TUPLE3 + pickle.REDUCE
    minus_one = pickle.BININT + struct.pack("<i", -1)
    state = pickle.MARK + pickle.BININT1 + b"\3" + _text("|") + 3 * pickle.NONE + 2 * minus_one + pickle.BININT1 + b"\0"
    dtype += state + pickle.TUPLE + pickle.BUILD
    content = pickle.SHORT_BINBYTES + bytes([32]) + struct.pack("<4Q", *[POINTER] * 4)
    shape = pickle.BININT1 + bytes([4]) + pickle.TUPLE1
    array = _name("numpy.core.numeric", "_frombuffer") + pickle.MARK + content + dtype + shape + _text("C")
    return array + pickle.TUPLE + pickle.REDUCE


def test_pointers_in_a_crafted_file(tmp_path):
    """In a process of its own, as it ends the process where numpy believes the file."""
    entry = _text("a.weight") + _object_dtype_of_bytes() + pickle.SETITEM
    (tmp_path / "evil.pdparams").write_bytes(pickle.PROTO + b"\4" + pickle.EMPTY_DICT + entry + pickle.STOP)
    code = (
        "import sys; from paddle_cv.weights import files\n"
        "read = getattr(files, '_read_pdparams', None) or files._read_content\n"
        "from pathlib import Path; content = read(Path(sys.argv[1]))\n"
        "array = files._array(content['a.weight']); print([] if array is None else [repr(value) for value in array])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "evil.pdparams")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split()[-1] == "[]"
    with pytest.raises(ValueError, match="no weights"):
        read_state(tmp_path / "evil.pdparams")


@pytest.mark.parametrize("protocol", range(6))
def test_what_a_file_calls_is_not_called(tmp_path, protocol):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    weights = np.arange(3, dtype="f4")
    for number, content in enumerate(({"a": Evil()}, {"a": Evil(), "w": weights}, [Evil()])):
        path = tmp_path / f"{number}.pdparams"
        path.write_bytes(pickle.dumps(content, protocol))
        if "w" in content:
            assert np.array_equal(read_state(path)["w"], weights)
        else:
            with pytest.raises(ValueError, match=f"{number}.pdparams.*(mkdir|list)"):
                read_state(path)
    assert not (tmp_path / "owned").exists()


def test_nothing_named_is_imported(tmp_path):
    (tmp_path / "a.pth").write_bytes(b"cantigravity\nfly\n.")
    with pytest.raises(ValueError, match=r"antigravity\.fly"):
        read_state(tmp_path / "a.pth")
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol(tmp_path, protocol):
    content = {
        "a": np.arange(6, dtype=">f8").reshape(2, 3),
        "b": np.asfortranarray(np.arange(6, dtype="f2").reshape(2, 3)),
        "c": np.array(5),
        "names": np.array(["x", "y"]),
        "objects": np.array([{}, None]),
        "flags": {1, 2},
        "kinds": np.zeros(2, [("x", "f4")]),
        ("a", 1): [True, None, -(2**70), 1.5, b"bytes", "text\n'\\é"],
        "scalar": np.float32(2.0),
    }
    (tmp_path / "a.pdparams").write_bytes(pickle.dumps(content, protocol))
    read = read_state(tmp_path / "a.pdparams")
    assert list(read) == ["a", "b", "c"]
    assert all(np.array_equal(read[key], content[key]) for key in read)
    assert [value.dtype.str for value in read.values()] == ["<f4", "<f4", "<i8"]


def _bombs():
    mark, one = pickle.MARK, pickle.BININT1 + b"\1"
    huge = pickle.BINBYTES8 + struct.pack("<Q", 2**60)
    array = pickle.dumps({"a": np.zeros(4, "f4")}, 4)
    yield "a length beyond the file", pickle.PROTO + b"\4" + huge
    yield "a shape beyond its bytes", array.replace(b"K\4\x85", b"J\xff\xff\xff\x7f\x85")
    yield "empty dictionaries", pickle.PROTO + b"\4" + mark + pickle.EMPTY_DICT * 10**7
    yield "tuples of each other", pickle.PROTO + b"\4" + one + (pickle.DUP + pickle.TUPLE2) * 10**7
    pairs = mark + (mark + one + one + pickle.TUPLE) * 1000 + pickle.LIST + pickle.TUPLE1 + pickle.PUT + b"0\n"
    ordered = b"ccollections\nOrderedDict\n" + pickle.GET + b"0\n" + pickle.REDUCE
    yield "one list in many dictionaries", pairs + mark + ordered * 10**5
    text = pickle.BINUNICODE + struct.pack("<I", 2**20) + b"x" * 2**20 + _text("latin1") + pickle.TUPLE2
    encoded = b"c_codecs\nencode\n" + pickle.BINGET + b"\0" + pickle.REDUCE
    yield "one text encoded many times", text + pickle.BINPUT + b"\0" + mark + encoded * 10**4
    yield "digits", b"L" + b"9" * 10**6 + b"L\n."


# Reads every file that it is given, and prints by how many MiB its memory grew at most.
_READ_ALL = """
import resource, sys
from paddle_cv.weights import read_state
def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = most()
for path in sys.argv[1:]:
    try: read_state(path); print("read", path)
    except ValueError as error: print(str(error)[-100:])
print((most() - before) // 1024)
"""


def test_memory_is_bounded(tmp_path):
    paths = []
    for number, (_, content) in enumerate(_bombs()):
        paths.append(tmp_path / f"{number}.pdparams")
        paths[-1].write_bytes(content)
    # Some 800 KB, of which numpy made 800 MB; 3 MB took 6.7 GB.
    with zipfile.ZipFile(tmp_path / "zeros.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        header = (
            b"\x93NUMPY\1\0v\0" + f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({200 * 2**20},), }}".encode()
        )
        with archive.open("a.npy", "w", force_zip64=True) as file:
            file.write(header.ljust(127) + b"\n")
            for _ in range(800):
                file.write(bytes(2**20))
    # A header that says more than there is, and an archive's directory that says less.
    np.savez(tmp_path / "short.npz", a=np.zeros(4, "f4"))
    content = (tmp_path / "short.npz").read_bytes()
    (tmp_path / "long.npz").write_bytes(content.replace(b"(4,), }        ", b"(4000000000,), "))
    paths += [tmp_path / "zeros.npz", tmp_path / "long.npz"]
    command = [sys.executable, "-c", _READ_ALL, *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    *results, grown = run.stdout.splitlines()
    assert not any(line.startswith("read") for line in results), results
    assert "unpacked are no weights" in results[-2]
    print(f"{grown} MiB more memory at most")
    assert int(grown) < 700, results


_FUZZ = """
import random, resource, sys
from pathlib import Path
from paddle_cv.weights import read_state
def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count, folder = int(sys.argv[1]), Path(sys.argv[2])
seeds = [(path.name, path.read_bytes()) for path in sorted(folder.glob("seed*"))]
chance = random.Random(int(sys.argv[3]))
before, outcomes = most(), {"read": 0, "refused": 0}
for _ in range(count):
    name, content = chance.choice(seeds)
    content = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        place, kind = chance.randrange(len(content)), chance.randrange(5)
        if kind == 0: content[place] = chance.randrange(256)
        elif kind == 1: content[place] ^= 1 << chance.randrange(8)
        elif kind == 2: del content[place : place + chance.randrange(1, 9)]
        elif kind == 3: content[place:place] = bytes(chance.choices(range(256), k=chance.randrange(1, 9)))
        else:
            start, length = chance.randrange(len(content)), chance.randrange(1, 60)
            content[place:place] = content[start : start + length]
        content = content or bytearray(1)
    path = folder / ("mutated" + Path(name).suffix)
    path.write_bytes(content)
    try:
        for value in read_state(path).values(): value.sum()
        outcomes["read"] += 1
    except ValueError:
        outcomes["refused"] += 1
print(outcomes["read"], outcomes["refused"], (most() - before) // 1024)
"""


def test_mutated_files_are_read_or_refused(tmp_path):
    """PADDLE_CV_MUTATIONS: how many; 100,000 of them were tried."""
    count = int(os.environ.get("PADDLE_CV_MUTATIONS", 3000))
    chance = np.random.default_rng(0)
    state = {"a.weight": chance.normal(size=(2, 3)).astype("f4"), "a.bias": chance.normal(size=2).astype("f4")}
    tensors = {key: Tensor(value, parameter=True) for key, value in state.items()}
    for protocol in (2, 4):
        paddle.save(state, str(tmp_path / f"seed{protocol}.pdparams"), protocol=protocol)
    (tmp_path / "seed0.pkl").write_bytes(pickle.dumps(state, 0))
    (tmp_path / "seed5.pkl").write_bytes(pickle.dumps({"net": state, "n": 3}, 5))
    save({"state_dict": tensors}, tmp_path / "seed.pth")
    save({"state_dict": tensors}, tmp_path / "seed_legacy.pth", legacy=True)
    save(
        lambda: module("a.Net", _modules={"a": module("a.Layer", _parameters=tensors)}),
        tmp_path / "seed.pt",
        legacy=True,
    )
    np.savez(tmp_path / "seed.npz", **state)
    save_file(state, tmp_path / "seed.safetensors")
    seed = random.randrange(2**32)
    command = [sys.executable, "-X", "faulthandler", "-c", _FUZZ, str(count), str(tmp_path), str(seed)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, f"seed {seed}: {run.stderr[-2000:]}"
    read, refused, grown = map(int, run.stdout.split()[-3:])
    print(f"{count} mutated files: {read} read, {refused} refused, {grown} MiB more memory at most")
    assert read + refused == count and refused > count // 3 and read > count // 50
    assert grown < 200, f"seed {seed}"
