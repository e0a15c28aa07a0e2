"""No name of a user leads out of the folder, and no two users share one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services.names import check_user, folder_name


@pytest.mark.parametrize("name", ["", " ", "\t", ".", "..", "a\0b", "a\nb", "\x1b[31m", "x" * 101])
def test_what_is_no_name_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(RecsysError) as caught:
        check_user(name)
    assert "as the service spells it" in str(caught.value)
    assert len(str(caught.value)) < 250
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("RJ", "rj"),
        ("some_user-7", "some_user-7"),
        ("../../etc/passwd", "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd"),
        ("a\\b:c", "a%5Cb%3Ac"),
        ("Mr. Rob", "mr%2E%20rob"),
        ("Жанна", "жанна"),
        ("100%", "100%25"),
    ],
)
def test_folders(name: str, folder: str) -> None:
    assert folder_name(check_user(name)) == folder


@given(st.text(min_size=1, max_size=100))
def test_every_name_is_one_visible_folder(name: str) -> None:
    try:
        folder = folder_name(check_user(name))
    except RecsysError:
        return
    root = Path("/data/raw/history/lastfm")
    assert (root / folder).resolve().parent == root
    assert not folder.startswith((".", "~"))
    assert len(folder.encode()) <= 120
    assert folder == folder_name(check_user(name))


def test_long_names_do_not_meet() -> None:
    folders = {folder_name("名" * 99 + last) for last in "abc"} | {folder_name("名" * 100)}
    assert len(folders) == 4
