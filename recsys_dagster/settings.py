"""Every setting in one place, from the environment and `.env`."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from recsys_dagster.errors import RecsysError

_NO_SECRETS = {"session_id", "use_ssl", "user_agent", "user_id"}
"""Of what may follow a Spark Connect server in its address."""
_NO_LINK = "an address must begin with http:// or https:// and name a host"


class Settings(BaseSettings):
    """The settings, each named in `env.example` with a comment.

    A variable in the environment wins over the same one in `.env`. Secrets are never printed.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    dagster_home: Path | None = Field(None, alias="DAGSTER_HOME")
    postgres_url: str | None = Field(None, alias="DAGSTER_POSTGRES_URL", repr=False)
    """Where Dagster keeps its history instead of in SQLite; without the password."""
    postgres_password: SecretStr | None = Field(None, alias="DAGSTER_POSTGRES_PASSWORD")
    host: str = Field("127.0.0.1", alias="RECSYS_HOST")
    """Where `recsys up` listens."""
    data_dir: Path = Field(Path("data"), alias="RECSYS_DATA_DIR")
    engine: Literal["local", "spark"] = Field("local", alias="RECSYS_ENGINE")
    spark_remote: SecretStr | None = Field(None, alias="SPARK_REMOTE")
    """Of a Spark Connect server; it may hold a token."""
    spark_master: str | None = Field(None, alias="SPARK_MASTER")
    spark_submit: str = Field("", alias="RECSYS_SPARK_SUBMIT", repr=False)
    """More options for `spark-submit`."""
    svd_objective: Literal["ranking", "squared"] = Field("ranking", alias="RECSYS_SVD_OBJECTIVE")
    automation: bool = Field(False, alias="RECSYS_AUTOMATION")
    """Whether schedules and sensors are on unless somebody switches them off in the UI."""
    refresh_after: float = Field(0.01, ge=0, le=1, alias="RECSYS_REFRESH_AFTER")
    """The share of listens that has to be new before a sensor refreshes the models."""
    relearn_after: float = Field(0.05, ge=0, le=1, alias="RECSYS_RELEARN_AFTER")
    """The share of plays that may be new before ranker and evaluation are done anew."""
    feature_sources: Annotated[tuple[str, ...], NoDecode] = Field(
        ("catalogue",), alias="RECSYS_FEATURE_SOURCES"
    )
    spotipy_client_id: str | None = Field(None, alias="SPOTIPY_CLIENT_ID")
    spotipy_client_secret: SecretStr | None = Field(None, alias="SPOTIPY_CLIENT_SECRET")
    keep_releases: int = Field(10, ge=0, alias="RECSYS_KEEP_RELEASES")
    """How many releases stay; 0, or `all`: every one."""
    lastfm_api_key: SecretStr | None = Field(None, alias="LASTFM_API_KEY")
    lastfm_users: Annotated[tuple[str, ...], NoDecode] = Field((), alias="LASTFM_USERS")
    listenbrainz_token: SecretStr | None = Field(None, alias="LISTENBRAINZ_TOKEN")
    listenbrainz_users: Annotated[tuple[str, ...], NoDecode] = Field((), alias="LISTENBRAINZ_USERS")
    login: Annotated[tuple[str, ...], NoDecode] = Field((), alias="RECSYS_LOGIN")
    """Who may open the app: addresses, `@domain`s, or `*`; `off`: everybody; empty: not said."""
    alert_webhook: SecretStr | None = Field(None, alias="RECSYS_ALERT_WEBHOOK")
    """Where failed runs and stale releases are told of."""
    stale_after: float = Field(9.0, gt=0, alias="RECSYS_STALE_AFTER")
    """Days that new listens may wait for a release before it is told of."""
    keep_runs: int = Field(200, ge=20, alias="RECSYS_KEEP_RUNS")
    """How many runs Dagster's event store keeps."""
    pipeline_url: str = Field("http://127.0.0.1:3000", alias="RECSYS_PIPELINE_URL")
    """Where the app says that the pipeline UI is."""
    spotipy_redirect_uri: str = Field("http://127.0.0.1:8501", alias="SPOTIPY_REDIRECT_URI")
    """Where Spotify sends visitors back to: the app."""
    spotify_api_url: str = Field("https://api.spotify.com/v1", alias="SPOTIFY_API_URL")
    spotify_interval: float = Field(0.5, ge=0, le=3600, alias="SPOTIFY_INTERVAL")
    """Seconds between requests."""
    spotify_accounts_url: str = Field("https://accounts.spotify.com", alias="SPOTIFY_ACCOUNTS_URL")
    reccobeats_api_url: str = Field("https://api.reccobeats.com", alias="RECCOBEATS_API_URL")
    reccobeats_interval: float = Field(0.5, ge=0, le=3600, alias="RECCOBEATS_INTERVAL")
    """Seconds between requests."""
    lastfm_api_url: str = Field("https://ws.audioscrobbler.com/2.0/", alias="LASTFM_API_URL")
    listenbrainz_api_url: str = Field("https://api.listenbrainz.org", alias="LISTENBRAINZ_API_URL")

    def secrets(self) -> tuple[str, ...]:
        """The values that must never be told, for those who take them out of texts."""
        values = (getattr(self, name) for name in type(self).model_fields)
        found = [one.get_secret_value() for one in values if isinstance(one, SecretStr)]
        return (*found, *self._parts_of_remote())

    def _parts_of_remote(self) -> list[str]:
        """What follows the server in `sc://host:port/;token=...`: it is told apart from it too."""
        address = self.spark_remote.get_secret_value() if self.spark_remote else ""
        parts = [part.partition("=") for part in address.split(";")[1:]]
        return [unquote(value) for name, _, value in parts if name not in _NO_SECRETS and value]

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        try:
            return path.expanduser().resolve()
        except RuntimeError as error:  # no such user's home
            raise ValueError(error) from None

    @field_validator("pipeline_url", "spotipy_redirect_uri")
    @classmethod
    def _link(cls, address: str) -> str:
        """Take nothing but the address of a page: it becomes a link."""
        parts = urlsplit(address.strip())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(_NO_LINK)
        return address.strip()

    @field_validator("alert_webhook")
    @classmethod
    def _webhook(cls, address: SecretStr | None) -> SecretStr | None:
        """Take nothing but the address of a web service; it is not repeated, as it is a secret."""
        if address is None:
            return None
        try:
            return SecretStr(cls._link(address.get_secret_value()))
        except ValueError:  # of which the text may have a part of the address in it
            raise ValueError(_NO_LINK) from None

    @field_validator(
        "feature_sources", "lastfm_users", "listenbrainz_users", "login", mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        """Read `catalogue, reccobeats` as a list."""
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("keep_releases", mode="before")
    @classmethod
    def _all(cls, value: Any) -> Any:
        """Read `all` as no limit."""
        return 0 if isinstance(value, str) and value.strip().lower() == "all" else value

    @field_validator("login")
    @classmethod
    def _whom(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what names nobody, such as `true`: who comes in must not be left to chance."""
        if len(names) > 1 and {"*", "off"} & set(names):
            raise ValueError("* and off stand alone")
        if wrong := [name for name in names if "@" not in name and name not in {"*", "off"}]:
            raise ValueError(
                f"{wrong[0]!r} is no e-mail address, no @domain, and neither * nor off"
            )
        return tuple(name.casefold() for name in names)

    @field_validator("feature_sources")
    @classmethod
    def _lower(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.lower() for name in names)


def load_settings(data_dir: Path | None = None) -> Settings:
    """Read the settings; `data_dir`, where given, wins over `RECSYS_DATA_DIR`.

    Raises
    ------
    RecsysError
        A setting has a value that it cannot have.
    """
    given: dict[str, Any] = {} if data_dir is None else {"RECSYS_DATA_DIR": data_dir}
    try:
        return Settings(**given)
    except UnicodeDecodeError:
        wrong = "The file .env is not UTF-8. Save it again as UTF-8."
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        wrong = (
            f"The setting {name} is wrong: {first['msg'].lower()}. "
            "Correct it in the environment or in .env; `recsys settings` explains every one."
        )
    # Raised out here it does not carry the original, which has what was set in it.
    raise RecsysError(wrong)
