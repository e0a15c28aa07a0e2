from collections.abc import Iterator

import pytest
import streamlit as st

from recsys_dagster_tests.streamlit_app.fake import FakeShelf
from streamlit_app.parts import release


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeShelf]:
    """An empty shelf in the place of the data folder's."""
    stand_in = FakeShelf()
    monkeypatch.setattr(release, "shelf", lambda: stand_in)
    _forget()
    yield stand_in
    _forget()


def _forget() -> None:
    st.cache_resource.clear()
    st.cache_data.clear()
