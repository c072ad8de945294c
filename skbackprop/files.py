"""One file for a model or a checkpoint: a checksum, JSON and arrays. Reading it executes nothing.

The format is: MAGIC, version (4 bytes), SHA-256 of the rest (32 bytes), length of the JSON (8 bytes), JSON,
arrays. Numbers are little-endian; every array begins at a multiple of 64 bytes from the start of the arrays.
"""

import hashlib
import json
import os
import re
import stat
from contextlib import contextmanager, suppress
from math import prod
from pathlib import Path
from secrets import token_hex

import numpy as np

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # on Windows, which cannot remove open files
    flock = None

MAGIC = b"skbackprop\n"
VERSION = 1
ALIGNMENT = 64
HEAD = len(MAGIC) + 4 + 32
DTYPES = re.compile(r"[<>|=][biufcSUmM][0-9]{1,9}(\[[0-9A-Za-zμ]+\])?")
LARGEST = np.iinfo(np.intp).max


def write(path, content, arrays):
    """Replace the file in one step: a reader sees either the old file or the new one.

    A new file gets the permissions that `open` would give it, a replaced file keeps its own. If the path is a
    link, the file that it points to is replaced; a pipe or the like is written to. Incomplete files that
    killed processes left in the same folder are removed.

    Parameters
    ----------
    path : str or PathLike
        The file.

    content : object
        Anything that `json` can write.

    arrays : list of ndarray
        Arrays of numbers, booleans or strings.

    Raises
    ------
    OSError
        If the folder is not writable or the disk is full; an existing file then stays unchanged.
    """
    path = Path(os.path.realpath(path))
    earlier = _stat_of(path)
    pieces = list(_pieces(content, [np.asarray(array, order="C") for array in arrays]))
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    pieces = (MAGIC, VERSION.to_bytes(4, "little"), digest.digest(), *pieces)
    if earlier is not None and not stat.S_ISREG(earlier.st_mode):
        with open(path, "wb") as file:
            file.writelines(pieces)
        return
    _remove_left_over(path)
    with _replacement(path, earlier) as file:
        file.writelines(pieces)
    _sync_folder(path.parent)


def read(path):
    """(content, arrays) of a file that `write` wrote.

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
    try:
        described = _described(bytes(body[8:stop]))
        return described["content"], [_array(body[stop:], array) for array in described["arrays"]]
    except ValueError as error:
        raise ValueError(
            f"{os.fspath(path)!r} has no content that this library could have written: {error}"
        ) from error


def _pieces(content, arrays):
    """The bytes after the checksum."""
    described, start = [], 0
    for array in arrays:
        described.append({"dtype": array.dtype.str, "shape": array.shape, "start": start})
        start += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    text = json.dumps({"content": content, "arrays": described}, allow_nan=False).encode()
    yield len(text).to_bytes(8, "little")
    yield text
    for array in arrays:
        yield array.tobytes() + bytes(-array.nbytes % ALIGNMENT)


def _described(text):
    """Parse and check the JSON: a file with a correct checksum may still contain anything."""
    try:
        described = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply.") from None
    if not (_has_keys(described, "content", "arrays") and isinstance(described["arrays"], list)):
        raise ValueError("its JSON is not a content with a list of arrays.")
    return described


def _no_constant(name):
    raise ValueError(f"{name} is not JSON.")


def _has_keys(thing, *names):
    return isinstance(thing, dict) and thing.keys() == set(names)


def _array(body, described):
    if not (_has_keys(described, "dtype", "shape", "start") and isinstance(described["shape"], list)):
        raise ValueError(f"{described!r:.200} does not describe an array.")
    name, shape, start = (described[key] for key in ("dtype", "shape", "start"))
    numbers = (*shape, start)
    if not all(type(number) is int and 0 <= number <= LARGEST for number in numbers):
        raise ValueError(
            f"the shape {shape!r:.200} and the start {start!r:.200} of an array must be integers."
        )
    if not (isinstance(name, str) and DTYPES.fullmatch(name)):
        raise ValueError(f"{name!r:.200} is not a dtype of numbers, booleans, strings or times.")
    try:
        dtype = np.dtype(name)
    except (TypeError, SyntaxError) as error:
        raise ValueError(f"{name!r:.200} is not a dtype: {error}") from error
    size = prod(shape)
    if start + size * dtype.itemsize > len(body):
        raise ValueError(f"an array of shape {tuple(shape)!r:.200} reaches beyond the end of the file.")
    if size == 0:
        return np.empty(shape, dtype)
    return np.frombuffer(body, dtype, size, start).reshape(shape).copy()


def _stat_of(path):
    """The status of the file at this path; None if there is no file."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


@contextmanager
def _replacement(path, earlier):
    """A file next to `path` that replaces it at the end; its lock shows that it is still in use."""
    temporary, descriptor = _new_file(path, 0o666 if earlier is None else stat.S_IMODE(earlier.st_mode))
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
            if flock is not None:
                _give_to_the_same(descriptor, earlier)
                os.replace(temporary, path)
        if flock is None:
            os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _new_file(path, mode):
    """A new file that will replace `path`; nobody can read it who may not read `path`."""
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0)
    while True:
        temporary = path.with_name(_prefix(path) + token_hex(8))
        try:
            descriptor = os.open(temporary, flags, mode & 0o777 | stat.S_IRUSR | stat.S_IWUSR)
        except OSError as error:
            raise OSError(error.errno, error.strerror, os.fspath(path)) from None
        if flock is None:
            return temporary, descriptor
        with suppress(OSError):  # file systems without locks: nothing is removed there
            flock(descriptor, LOCK_EX)
        if temporary.exists():
            return temporary, descriptor
        os.close(descriptor)  # another process removed it before it was locked


def _prefix(path):
    """The start of the names of replacements for this file; it must be short if the name is long."""
    return f".skbackprop-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}-"


def _remove_left_over(path):
    """Remove replacements for this file whose writers no longer exist."""
    for temporary in path.parent.glob(f"{_prefix(path)}*"):
        with suppress(OSError):  # in use, already removed, or owned by another user
            if flock is None:
                temporary.unlink()
                continue
            descriptor = os.open(temporary, os.O_RDWR)
            try:
                flock(descriptor, LOCK_EX | LOCK_NB)
                temporary.unlink()
            finally:
                os.close(descriptor)


def _give_to_the_same(descriptor, earlier):
    """Set owner, group and permissions of the earlier file, as far as the process may do so."""
    if earlier is None:
        return
    for owner in ((-1, earlier.st_gid), (earlier.st_uid, -1)):
        with suppress(PermissionError):
            os.fchown(descriptor, *owner)
    with suppress(PermissionError):  # file systems without permissions
        os.fchmod(descriptor, stat.S_IMODE(earlier.st_mode))


def _sync_folder(folder):
    """Write the folder to disk, so that the new name is stored too, if the system supports this."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
