"""How files come to be: their mode and owner, links, long names, and what a killed process leaves."""

import os
import signal
import stat
import threading

import pytest
from shared.processes import in_another_process

from skbackprop import BackpropRegressor, files, load

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and locks of POSIX")


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def content_of(path):
    return files.read(path)[0]


@pytest.fixture
def umask():
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o027, 0o077])
def test_a_new_file_has_the_mode_of_the_process(tmp_path, umask, mask):
    umask(mask)
    files.write(tmp_path / "new", 1, [])
    (tmp_path / "other").write_text("")
    assert mode_of(tmp_path / "new") == mode_of(tmp_path / "other") == 0o666 & ~mask


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o666, 0o444, 0o755])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path, umask, mode):
    path = tmp_path / "file"
    files.write(path, 1, [])
    path.chmod(mode)
    files.write(path, 2, [])
    assert mode_of(path) == mode
    assert content_of(path) == 2


@posix
def test_what_few_may_read_is_never_open_to_all(tmp_path, umask, monkeypatch):
    path = tmp_path / "file"
    files.write(path, 1, [])
    path.chmod(0o600)
    umask(0)
    seen, fsync = [], os.fsync

    def looked_at(descriptor):
        seen.extend(mode_of(file) for file in tmp_path.iterdir())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", looked_at)
    files.write(path, 2, [])
    assert set(seen) == {0o600}


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="only root gives files away")
def test_a_file_that_is_replaced_keeps_owner_and_group(tmp_path):
    path = tmp_path / "file"
    files.write(path, 1, [])
    os.chown(path, 12345, 23456)
    files.write(path, 2, [])
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


@posix
@pytest.mark.parametrize("is_relative", [False, True])
def test_a_link_stays_a_link(tmp_path, is_relative):
    (tmp_path / "models").mkdir()
    target, link, next_link = tmp_path / "models" / "model-7", tmp_path / "current", tmp_path / "newest"
    link.symlink_to("models/model-7" if is_relative else target)
    next_link.symlink_to(link)
    for version, path in enumerate((link, next_link, link)):  # first it leads to nothing
        BackpropRegressor(max_iter=version + 1).save(path)
        assert link.is_symlink()
        assert next_link.is_symlink()
        assert load(target).max_iter == load(path).max_iter == version + 1
    assert [path.name for path in target.parent.iterdir()] == ["model-7"]


@posix
def test_links_in_a_circle_are_an_error(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match="a"):
        files.write(tmp_path / "a", 1, [])
    assert (tmp_path / "a").is_symlink()


@posix
def test_a_pipe_is_written_to(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    files.write(path, "through a pipe", [])
    reader.join()
    assert stat.S_ISFIFO(path.stat().st_mode)
    (tmp_path / "file").write_bytes(read[0])
    assert content_of(tmp_path / "file") == "through a pipe"


@pytest.mark.parametrize(
    "name", ["n" * 250, "n" * 255, "ä" * 127, ".hidden", "a b[*]?c"], ids=lambda n: n[:8]
)
def test_every_name_that_a_file_can_have(tmp_path, name):
    for content in (1, 2):
        files.write(tmp_path / name, content, [])
        assert content_of(tmp_path / name) == content
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_errors_name_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"not_there.net"):
        files.write(tmp_path / "not_there" / "net", 1, [])
    with pytest.raises(OSError, match="nnnnn"):
        files.write(tmp_path / ("n" * 256), 1, [])
    with pytest.raises((IsADirectoryError, PermissionError)):
        files.write(tmp_path, 1, [])
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal
from skbackprop import files
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
files.write(path, "never seen", [])
"""


@posix
def test_what_a_killed_process_leaves_goes_with_the_next_file(tmp_path):
    path, other = tmp_path / "net", tmp_path / "other"
    files.write(path, 1, [])
    for killed in (path, path, other):
        assert in_another_process(KILLED, path=killed) == (-signal.SIGKILL, None)
    assert content_of(path) == 1
    assert len(list(tmp_path.iterdir())) == 4 - 1  # the second one has removed what the first one left
    files.write(path, 2, [])
    assert content_of(path) == 2
    left = {file for file in tmp_path.iterdir() if file != path}
    assert len(left) == 1  # of the other file
    files.write(other, 3, [])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["net", "other"]


def test_what_is_being_written_is_not_left_over(tmp_path, monkeypatch):
    """Another thread replaces the same file while this one is at it."""
    path, fsync, depth = tmp_path / "net", os.fsync, []

    def fsync_after_another_write(descriptor):
        if len(depth) < 3:
            depth.append(descriptor)
            files.write(path, len(depth), [])
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync_after_another_write)
    files.write(path, "the last one", [])
    assert content_of(path) == "the last one"
    assert len(depth) == 3
    assert [file.name for file in tmp_path.iterdir()] == ["net"]


@posix
def test_file_systems_without_locks_and_modes(tmp_path, monkeypatch):
    def refuses(*arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(files, "flock", refuses)
    monkeypatch.setattr(os, "fchmod", refuses)
    monkeypatch.setattr(os, "fchown", refuses)
    for content in (1, 2):
        files.write(tmp_path / "net", content, [])
        assert content_of(tmp_path / "net") == content
    assert [file.name for file in tmp_path.iterdir()] == ["net"]


def test_systems_without_flock(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "flock", None)
    for content in (1, 2):
        files.write(tmp_path / "net", content, [])
        assert content_of(tmp_path / "net") == content
    assert [file.name for file in tmp_path.iterdir()] == ["net"]
