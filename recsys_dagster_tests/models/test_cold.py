"""Cold songs, in a world where audio and artist decide what a song's row is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import Float32Array, Float64Array, IntArray
from recsys_dagster.models.cold import ColdConfig, Warmed, warm_up
from recsys_dagster.models.svd.folding import RidgeFolding, SoftmaxFolding
from recsys_dagster.models.svd.folding_implicit import ImplicitFolding
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.training import refit
from recsys_dagster_tests.models import checkerboard
from recsys_dagster_tests.tiers import examples

SONGS, ARTISTS, FACTORS, FEATURES = 300, 30, 4, 3
MANY = 10**9
WEAK = ColdConfig(noise=1e-6, artist_shrinkage=1e-6, regularisation=1e-6, length_exponent=1)


def units(rows: Any) -> Float32Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class World:
    """Songs whose rows are a linear function of audio, an offset of the artist, and noise."""

    def __init__(self, *, noise: float = 0.0, seed: int = 0, songs: int = SONGS) -> None:
        rng = np.random.default_rng(seed)
        self.artists: IntArray = rng.integers(ARTISTS, size=songs)
        self.audio = units(rng.standard_normal((songs, FEATURES)))
        weights = rng.standard_normal((FEATURES, FACTORS + 1))
        offsets = rng.standard_normal((ARTISTS, FACTORS + 1))
        self.truth: Float64Array = 1 + self.audio @ weights + offsets[self.artists]
        self.learned: Float64Array = self.truth + noise * rng.standard_normal(self.truth.shape)
        self.listeners: IntArray = rng.integers(1, 50, size=songs)

    def model(self, objective: str = "squared") -> SvdModel:
        """As training leaves it: songs without listeners have rows of 0."""
        rows = np.where(self.listeners[:, None] > 0, self.learned, 0).astype(np.float32)
        factors, bias = np.ascontiguousarray(rows[:, :-1]), rows[:, -1].copy()
        if objective == "squared":
            folding: Any = RidgeFolding.of(factors, bias, 0.0, 0.1, 1.0, 0)
        elif objective == "implicit":
            folding = ImplicitFolding.of(
                factors[:5], factors, np.ones(len(factors), np.float32), confidence=1.0,
                play_exponent=1.0, mean_weight=1.0, regularisation=0.1,
            )  # fmt: skip
        else:
            lengths = np.linalg.norm(factors, axis=1, keepdims=True)
            factors, bias = (
                (factors / np.where(lengths > 0, lengths, 1)).astype(np.float32),
                0 * bias,
            )
            chances = self.listeners.astype(np.float32)
            folding = SoftmaxFolding.of(factors[:5], factors, chances, 1.0, 0.15, 8, 1.0)
        return SvdModel(0.0, np.zeros(5, np.float32), bias, factors[:5].copy(), factors, folding)

    def warmed(self, config: ColdConfig = WEAK, objective: str = "squared") -> Warmed:
        return warm_up(
            self.model(objective), self.listeners, self.artists, self.audio, config=config
        )


def rows_of(warmed: Warmed) -> Float32Array:
    return np.column_stack([warmed.model.item_factors, warmed.model.item_bias])


def test_what_audio_and_artist_decide_is_predicted() -> None:
    world = World()
    world.listeners[:20] = 0
    warmed = world.warmed()
    np.testing.assert_allclose(rows_of(warmed)[:20], world.truth[:20], atol=1e-3)
    assert warmed.cold == 20
    assert not warmed.unknown.any()
    assert warmed.explained > 0.99


def test_audio_alone_does_for_songs_whose_artist_is_unknown() -> None:
    world = World()
    world.artists[:] = -1
    world.learned = 1 + world.audio @ np.ones((FEATURES, FACTORS + 1))
    world.listeners[:20] = 0
    np.testing.assert_allclose(rows_of(world.warmed())[:20], world.learned[:20], atol=1e-3)


@pytest.mark.parametrize("features", [0, FEATURES])
def test_the_artist_alone_does_for_songs_without_audio(features: int) -> None:
    world = World()
    world.audio = np.full((SONGS, features), np.nan, np.float32)
    world.listeners[0] = 0
    others = world.artists[1:] == world.artists[0]
    expected = world.learned[1:][others].mean(axis=0)
    np.testing.assert_allclose(rows_of(world.warmed())[0], expected, rtol=1e-4)


def test_an_unheard_song_of_a_heard_artist_sounds_like_their_others() -> None:
    world = World()
    world.audio[:] = units(np.eye(FEATURES)[world.artists % FEATURES])
    world.learned = (
        world.audio @ np.ones((FEATURES, FACTORS + 1)) * (1 + world.artists % FEATURES)[:, None]
    )
    world.audio[0], world.listeners[0] = np.nan, 0
    rows = rows_of(world.warmed(replace(WEAK, artist_shrinkage=1e9, regularisation=0.01)))
    other = np.flatnonzero(world.artists == world.artists[0])[1]
    np.testing.assert_allclose(rows[0], rows[other], rtol=0.2)


@pytest.mark.parametrize("objective", ["squared", "ranking"])
def test_many_listeners_keep_what_was_learned(objective: str) -> None:
    world = World(noise=1.0)
    world.listeners[:] = MANY
    before, after = world.model(objective), world.warmed(ColdConfig(), objective).model
    np.testing.assert_allclose(after.item_factors, before.item_factors, atol=1e-6)
    np.testing.assert_allclose(after.item_bias, before.item_bias, atol=1e-6)


def test_the_blend_is_the_formula() -> None:
    world = World(noise=1.0)
    kappas = (1e9, 2.0)
    predicted, blended = (rows_of(world.warmed(replace(WEAK, listeners=k))) for k in kappas)
    n = world.listeners[:, None]
    expected = (n * world.learned + 2 * predicted) / (n + 2)
    np.testing.assert_allclose(blended, expected, atol=1e-5)


def test_a_song_has_no_part_in_its_own_prediction() -> None:
    world = World(noise=1.0)
    world.audio[:] = np.nan
    config = replace(WEAK, listeners=1e9)
    before = rows_of(world.warmed(config))[0]
    world.learned[0] += 1e3
    near = rows_of(world.warmed(config))[0]
    np.testing.assert_allclose(near, before, atol=0.05)


def test_the_prediction_of_a_lone_song_is_the_mean_and_not_itself() -> None:
    world = World(noise=1.0)
    world.audio[:] = np.nan
    world.artists[0] = ARTISTS
    world.learned[0] = 1e3
    row = rows_of(world.warmed(ColdConfig(listeners=1e9)))[0]
    assert np.abs(row).max() < 100


def test_shrinkage_holds_an_artist_of_few_songs_to_the_mean() -> None:
    world = World(noise=0.1)
    world.audio[:] = np.nan
    world.listeners[0] = 0
    rows = [
        rows_of(world.warmed(replace(WEAK, artist_shrinkage=alpha)))[0] for alpha in (1e-6, 5, 1e9)
    ]
    mean = world.learned[1:].mean(axis=0)
    distances = [np.linalg.norm(row - mean) for row in rows]
    assert distances[0] > distances[1] > distances[2]
    np.testing.assert_allclose(rows[2], mean, atol=1e-3)


def test_regularisation_holds_audio_down_and_noise_trusts_few_listeners_less() -> None:
    world = World(noise=0.1)
    world.artists[:] = -1
    world.listeners[:20] = 0
    strong = rows_of(world.warmed(replace(WEAK, regularisation=1e9)))[:20]
    np.testing.assert_allclose(strong, np.tile(strong[0], (20, 1)), atol=1e-4)
    world.learned[20:150] += 100
    world.listeners[20:150], world.listeners[150:] = 1, 1000
    trusting, wary = (
        rows_of(world.warmed(replace(WEAK, noise=noise)))[:20].mean() for noise in (1e-6, 1e3)
    )
    assert wary < trusting / 10


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_rows_of_the_ranking_objective_are_lengthened(exponent: float) -> None:
    world = World(noise=1.0)
    world.listeners[:20] = 0
    natural, other = (
        world.warmed(ColdConfig(length_exponent=e), "ranking").model.item_factors[:20]
        for e in (1.0, exponent)
    )
    lengths = np.linalg.norm(natural, axis=1, keepdims=True)
    assert lengths.max() <= 1 + 1e-6
    np.testing.assert_allclose(other, natural / lengths * lengths**exponent, atol=1e-5)


def test_of_implicit_preference_predicted_rows_are_stretched() -> None:
    world = World(noise=1.0)
    world.listeners[:20] = 0
    natural, longer = (
        world.warmed(ColdConfig(stretch=stretch), "implicit").model.item_factors[:20]
        for stretch in (1.0, 1.5)
    )
    np.testing.assert_allclose(longer, 1.5 * natural, rtol=1e-5)


def test_of_the_squared_error_lengths_are_what_they_are() -> None:
    world = World(noise=1.0)
    one, other = (
        rows_of(world.warmed(ColdConfig(length_exponent=e, stretch=s)))
        for e, s in ((0.0, 1.0), (1.0, 2.0))
    )
    np.testing.assert_array_equal(one, other)


def unknown_world() -> World:
    """0: audio alone. 1: an artist with played songs alone. 2, 3, 4: neither; 5: 1 listener."""
    world = World(noise=0.1)
    world.listeners[:6] = [0, 0, 0, 0, 0, 1]
    world.artists[:6] = [-1, world.artists[6], -1, ARTISTS, ARTISTS, -1]
    world.audio[1:6] = np.nan
    return world


@pytest.mark.parametrize("objective", ["squared", "ranking"])
def test_songs_of_neither_are_unknown_and_keep_rows_of_0(objective: str) -> None:
    warmed = unknown_world().warmed(ColdConfig(), objective)
    assert np.flatnonzero(warmed.unknown).tolist() == [2, 3, 4]
    assert warmed.cold == 2
    assert not rows_of(warmed)[2:5].any()
    assert rows_of(warmed)[[0, 1, 5]].any(axis=1).all()


def test_everything_else_of_the_model_stays() -> None:
    model = World().model()
    world = World()
    after = warm_up(model, world.listeners, world.artists, world.audio).model
    for name in ("mean", "user_bias", "user_factors", "folding"):
        assert getattr(after, name) is getattr(model, name)
    np.testing.assert_array_equal(model.item_factors, World().model().item_factors)


@pytest.mark.slow
@given(seed=st.integers(0, 1000), hidden=st.floats(0, 1), deaf=st.floats(0, 1))
@settings(max_examples=examples(30), deadline=None)
def test_the_order_of_songs_and_the_names_of_artists_do_not_matter(
    seed: int, hidden: float, deaf: float
) -> None:
    world = World(noise=0.5, seed=seed, songs=60)
    rng = np.random.default_rng(seed)
    world.listeners[rng.random(60) < hidden] = 0
    world.audio[rng.random(60) < deaf] = np.nan
    world.artists[rng.random(60) < 0.2] = -1
    one = world.warmed(ColdConfig(), "ranking")
    order = rng.permutation(60)
    names = np.append(rng.permutation(10**6)[:ARTISTS], -1)
    model = world.model("ranking")
    turned = replace(
        model, item_factors=model.item_factors[order], item_bias=model.item_bias[order]
    )
    other = warm_up(turned, world.listeners[order], names[world.artists[order]], world.audio[order])
    assert np.isfinite(rows_of(one)).all()
    np.testing.assert_array_equal(other.unknown, one.unknown[order])
    np.testing.assert_allclose(rows_of(other), rows_of(one)[order], atol=1e-4)


@given(seed=st.integers(0, 1000))
@settings(max_examples=examples(20), deadline=None)
def test_ranking_rows_never_exceed_length_one(seed: int) -> None:
    world = World(noise=1.0, seed=seed, songs=60)
    world.listeners[:20] = 0
    lengths = np.linalg.norm(world.warmed(ColdConfig(), "ranking").model.item_factors, axis=1)
    assert lengths.max() <= 1 + 1e-5


def test_the_same_input_gives_the_same_bytes_and_the_seed_chooses_only_who_judges() -> None:
    world = World(noise=1.0)
    first, again = world.warmed(ColdConfig()), world.warmed(ColdConfig())
    assert rows_of(first).tobytes() == rows_of(again).tobytes()
    assert first.explained == again.explained
    other = warm_up(world.model(), world.listeners, world.artists, world.audio, rng=1)
    assert rows_of(first).tobytes() == rows_of(other).tobytes()
    assert first.explained != other.explained


def test_parts_of_the_catalogue_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(noise=1.0)
    whole = rows_of(world.warmed(ColdConfig()))
    monkeypatch.setattr("recsys_dagster.models.cold_ridge._ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(rows_of(world.warmed(ColdConfig())), whole, atol=1e-5)


@pytest.mark.parametrize("listeners", [0, 3])
@pytest.mark.parametrize("songs", [0, 1])
def test_a_catalogue_of_one_song_or_none(songs: int, listeners: int) -> None:
    world = World(songs=songs)
    world.listeners[:] = listeners
    warmed = world.warmed(ColdConfig(), "ranking")
    assert np.isfinite(warmed.model.item_factors).all()
    assert np.isnan(warmed.explained)
    assert warmed.cold == (songs if not listeners else 0)


def test_noise_is_not_explained_however_many_features_fit_it() -> None:
    world, rng = World(), np.random.default_rng(5)
    world.learned = rng.standard_normal(world.truth.shape)
    world.audio = units(rng.standard_normal((SONGS, 14)))
    assert world.warmed(WEAK).explained < 0


@pytest.mark.parametrize("config", [checkerboard.CONFIG, checkerboard.RANKING])
def test_a_trained_model_is_saved_loaded_and_finds_a_song_nobody_played(
    config: Any, tmp_path: Path
) -> None:
    users, items, plays = checkerboard.pairs_for(config)
    size = checkerboard.SIZE
    cold = 4
    kept = items != cold
    model = refit(
        users[kept], items[kept], plays[kept],
        n_users=size, n_items=size, epochs=config.epochs, config=config,
    ).model  # fmt: skip
    audio = units(np.stack([np.arange(size) % 2, 1 - np.arange(size) % 2], axis=1))
    counts = np.bincount(items[kept], minlength=size)
    warmed = warm_up(model, counts, np.full(size, -1), audio)
    warmed.model.save(tmp_path)
    again = SvdModel.load(tmp_path)
    new = again.fold_in(np.array([0, 2]))
    scores = again.scores(new.factors, new.bias)
    assert scores[cold] > scores[1::2].max()
    np.testing.assert_array_equal(scores, warmed.model.scores(new.factors, new.bias))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"listeners": np.ones(3, int)}, "got 3 listener counts, 300 artists"),
        ({"audio": np.ones(SONGS, np.float32)}, r"audio of shape \(300,\)"),
        ({"listeners": np.full(SONGS, -1)}, "listeners must be at least 0; got -1"),
        ({"artists": np.full(SONGS, -2)}, "artists must be at least -1; got -2"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    world = World()
    arrays = {"listeners": world.listeners, "artists": world.artists, "audio": world.audio}
    with pytest.raises(RecsysError, match=message):
        warm_up(world.model(), **{**arrays, **changes})


@pytest.mark.parametrize("name", ["listeners", "noise", "artist_shrinkage", "regularisation"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(RecsysError, match=f"{name} must be a number above 0; got {value}"):
        ColdConfig(**{name: value})


def test_an_exponent_out_of_range_is_refused() -> None:
    with pytest.raises(RecsysError, match=r"length_exponent must be a number from 0 to 1; got 2"):
        ColdConfig(length_exponent=2)
