"""Small files: private, replaced in one step, and one instance a folder."""

from pathlib import Path

import pytest

from server.embedded.files import FolderLock, kept_secret, read_settings, write_private, write_settings
from server.embedded.messages import EmbeddedError


def test_settings_come_back_as_written(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": "postgresql://a:b=c#d@h/x?y=1", "EMPTY": "", "名": "值"}
    write_settings(tmp_path / "anfang.env", settings)
    assert read_settings(tmp_path / "anfang.env") == settings


def test_comments_and_empty_lines_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "e").write_text("# A=1\n\n  B = 2 \n")
    assert read_settings(tmp_path / "e") == {"B": "2"}


def test_a_line_without_equals_is_named(tmp_path: Path) -> None:
    (tmp_path / "e").write_text("A=1\nnonsense\n")
    with pytest.raises(EmbeddedError) as caught:
        read_settings(tmp_path / "e")
    assert (caught.value.code, caught.value.params["line"]) == ("settings_unreadable", 2)


def test_files_are_private_even_when_they_replace_open_ones(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o666)
    (tmp_path / ".secret.new").write_text("left by a crash")
    write_private(file, b"new")
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = kept_secret(tmp_path / "s")
    assert kept_secret(tmp_path / "s") == first
    assert len(first) >= 40


def test_a_folder_has_one_instance_at_a_time(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()
    with pytest.raises(EmbeddedError) as caught:
        second.acquire()
    assert caught.value.code == "another_instance"
    first.release()
    second.acquire()
    second.release()


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    with pytest.raises(EmbeddedError) as caught:
        FolderLock(tmp_path / "var").acquire()
    assert caught.value.code == "home_unusable"
