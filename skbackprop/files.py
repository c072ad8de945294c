"""One file for a model or a checkpoint: JSON and arrays behind a checksum. Nothing in it is executed.

MAGIC, version (4 bytes), SHA-256 of the rest (32 bytes), length of the JSON (8 bytes), JSON, arrays. Numbers
are little-endian; every array begins at a multiple of 64 bytes from the start of the arrays.
"""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np

MAGIC = b"skbackprop\n"
VERSION = 1
ALIGNMENT = 64
HEAD = len(MAGIC) + 4 + 32


def write(path, content, arrays):
    """Replace the file by one with this content; whoever reads sees the old one or the new one.

    Parameters
    ----------
    path : str or PathLike

    content : object
        What `json` can write.

    arrays : list of ndarray
        Of numbers, booleans or strings.

    Raises
    ------
    OSError
        If the folder cannot be written to, or is full; a file that was there stays as it was.
    """
    path = Path(path)
    pieces = list(_pieces(content, [np.asarray(array, order="C") for array in arrays]))
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in (MAGIC, VERSION.to_bytes(4, "little"), digest.digest(), *pieces):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def read(path):
    """(content, arrays) of a file that `write` has written.

    Raises
    ------
    ValueError
        If it is another kind of file, of a later version, cut off or altered.
    """
    data = Path(path).read_bytes()
    if not data.startswith(MAGIC):
        raise ValueError(f"{os.fspath(path)!r} is not a file of skbackprop.")
    version = int.from_bytes(data[len(MAGIC) : len(MAGIC) + 4], "little")
    body = memoryview(data)[HEAD:]
    if hashlib.sha256(body).digest() != data[len(MAGIC) + 4 : HEAD]:
        raise ValueError(f"{os.fspath(path)!r} is cut off or altered: its checksum is wrong.")
    if version != VERSION:
        raise ValueError(f"{os.fspath(path)!r} has format {version}, but this version reads {VERSION} only.")
    stop = 8 + int.from_bytes(body[:8], "little")
    described = json.loads(bytes(body[8:stop]))
    body = body[stop:]
    return described["content"], [_array(body, **array) for array in described["arrays"]]


def _pieces(content, arrays):
    """The bytes behind the checksum."""
    described, start = [], 0
    for array in arrays:
        described.append({"dtype": array.dtype.str, "shape": array.shape, "start": start})
        start += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    text = json.dumps({"content": content, "arrays": described}, allow_nan=False).encode()
    yield len(text).to_bytes(8, "little")
    yield text
    for array in arrays:
        yield array.tobytes() + bytes(-array.nbytes % ALIGNMENT)


def _array(body, dtype, shape, start):
    dtype = np.dtype(dtype)
    size = int(np.prod(shape))
    if size == 0:
        return np.empty(shape, dtype)
    return np.frombuffer(body, dtype, size, start).reshape(shape).copy()


def _sync_folder(folder):
    """The new name is on the disk too, where the system can do that."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
