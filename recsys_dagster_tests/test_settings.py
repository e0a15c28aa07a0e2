from pathlib import Path

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings, load_settings
from recsys_dagster.up.servers import addresses, servers


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)


def test_defaults(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.data_dir == tmp_path / "data"
    assert settings.engine == "local"
    assert settings.feature_sources == ("catalogue",)
    assert settings.spotipy_client_secret is None


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("RECSYS_ENGINE=spark\nSPARK_MASTER=local[2]\nSOMETHING=else\n")
    assert load_settings().engine == "spark"
    monkeypatch.setenv("RECSYS_ENGINE", "local")
    settings = load_settings()
    assert (settings.engine, settings.spark_master) == ("local", "local[2]")


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_FEATURE_SOURCES", "")
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "")
    settings = load_settings()
    assert settings.feature_sources == ("catalogue",)
    assert settings.spotipy_client_secret is None


def test_a_wrong_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_ENGINE", "flink")
    with pytest.raises(RecsysError, match=r"RECSYS_ENGINE.*'local' or 'spark'"):
        load_settings()


def test_sources_are_split_and_lower_cased(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_FEATURE_SOURCES", " Catalogue ,,ReccoBeats, ")
    assert load_settings().feature_sources == ("catalogue", "reccobeats")


def test_a_relative_data_folder_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_DATA_DIR", "here/../there")
    assert load_settings().data_dir == tmp_path / "there"
    assert load_settings(Path("given")).data_dir == tmp_path / "given"


def test_the_home_folder_is_known_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_DATA_DIR", "~/music")
    assert load_settings().data_dir == Path.home().resolve() / "music"
    monkeypatch.setenv("RECSYS_DATA_DIR", "~nobody-of-that-name/music")
    with pytest.raises(RecsysError, match="RECSYS_DATA_DIR"):
        load_settings()


@pytest.mark.parametrize("name", ["SPOTIPY_CLIENT_SECRET", "LASTFM_API_KEY", "LISTENBRAINZ_TOKEN"])
def test_secrets_are_never_shown(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "top-secret-7")
    settings = load_settings()
    assert getattr(settings, name.lower()).get_secret_value() == "top-secret-7"
    assert "top-secret-7" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert "top-secret-7" not in settings.model_dump_json()


def test_an_env_file_in_another_encoding_is_said_clearly() -> None:
    Path(".env").write_bytes("RECSYS_DATA_DIR=Mädchen".encode("latin-1"))
    with pytest.raises(RecsysError, match=r"\.env is not UTF-8"):
        load_settings()


@pytest.mark.parametrize("name", ["LASTFM_USERS", "LISTENBRAINZ_USERS"])
def test_users_are_split_and_keep_their_case(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert getattr(load_settings(), name.lower()) == ()
    monkeypatch.setenv(name, " RJ ,, Mr. Rob,")
    assert getattr(load_settings(), name.lower()) == ("RJ", "Mr. Rob")


def test_every_setting_is_in_the_example() -> None:
    example = (Path(__file__).parent.parent / ".env.example").read_text(encoding="utf-8")
    named = {line.lstrip("# ").partition("=")[0] for line in example.splitlines()}
    assert {str(field.alias) for field in Settings.model_fields.values()} <= named


@pytest.mark.parametrize("name", ["RECSYS_PIPELINE_URL", "SPOTIPY_REDIRECT_URI"])
@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "file:///etc/passwd", "//host", "http://", "127.0.0.1:3000"]
)
def test_links_are_addresses_of_pages(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(RecsysError, match=f"{name}.*http"):
        load_settings()


def test_the_app_is_told_where_the_servers_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wanted = servers("127.0.0.1", 3100, 8600, tmp_path)
    assert addresses(wanted, load_settings()) == {
        "RECSYS_PIPELINE_URL": "http://127.0.0.1:3100",
        "SPOTIPY_REDIRECT_URI": "http://127.0.0.1:8600",
    }
    monkeypatch.setenv("RECSYS_PIPELINE_URL", "https://else.example")
    assert list(addresses(wanted, load_settings())) == ["SPOTIPY_REDIRECT_URI"]


@pytest.mark.parametrize(("said", "kept"), [("3", 3), ("0", 0), ("all", 0), (" ALL ", 0), ("", 10)])
def test_how_many_releases_stay(said: str, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_KEEP_RELEASES", said)
    assert load_settings().keep_releases == kept


@pytest.mark.parametrize("said", ["-1", "few", "1.5"])
def test_how_many_releases_stay_is_a_number(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_KEEP_RELEASES", said)
    with pytest.raises(RecsysError, match="RECSYS_KEEP_RELEASES"):
        load_settings()
