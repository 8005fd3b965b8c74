import msgspec
import numpy as np
import pytest
from scipy import integrate, stats

from rung.core.errors import SpecError
from rung.core.prior import SHARE, Near, Normal, Weights
from rung.core.space import Choice, Float, Int, Space


@pytest.mark.parametrize(("center", "spread"), [(0.5, 0.2), (0.0, 0.1), (0.97, 0.5), (0.3, 5.0)])
def test_a_belief_is_a_normal_cut_off_at_the_ends(center, spread):
    normal = Normal(center, spread)
    truncated = stats.truncnorm(-center / spread, (1 - center) / spread, center, spread)
    u = np.linspace(0, 1, 33)
    assert normal.log_density(u) == pytest.approx(truncated.logpdf(u))
    assert normal.quantile(u) == pytest.approx(truncated.ppf(u), abs=1e-9)
    assert integrate.quad(lambda x: float(np.exp(normal.log_density(np.array([x])))[0]), 0, 1)[
        0
    ] == pytest.approx(1)


def test_weights_give_each_option_its_share():
    weights = Weights([3, 1, 0, 4])
    drawn = np.bincount((weights.quantile((np.arange(8000) + 0.5) / 8000) * 4).astype(int), minlength=4)
    assert drawn.tolist() == [3000, 1000, 0, 4000]
    density = np.exp(weights.log_density(np.array([0.1, 0.3, 0.6, 0.9])))
    assert density == pytest.approx([1.5, 0.5, 1e-6, 2.0])


BELIEVED = Space(
    {
        "lr": Float(1e-5, 1.0, log=True, prior=Near(1e-3, spread=0.05)),
        "layers": Int(1, 9, prior=2),
        "batch": Choice([16, 32, 64], ordered=True, prior=32),
        "optimizer": Choice({"adam": {"beta": Float(0, 1, prior=0.9)}, "sgd": {}}, prior=[9, 1]),
        "free": Float(0, 1),
    }
)


def test_most_of_what_is_drawn_lies_where_the_user_believes():
    X = BELIEVED.points(4000, np.random.default_rng(0))
    near = np.abs(X[:, 0] - 0.4) < 0.1
    assert near.mean() == pytest.approx(SHARE * 0.954 + (1 - SHARE) * 0.2, abs=0.03)
    assert (X[:, 3] < 0.5).mean() == pytest.approx(SHARE * 0.9 + (1 - SHARE) * 0.5, abs=0.03)
    assert np.histogram(X[:, 5], 4, (0, 1))[0] / 4000 == pytest.approx(0.25, abs=0.03)


def test_the_logarithm_of_the_prior_adds_up_what_is_believed_of_active_hyperparameters():
    configs = [
        {"lr": 1e-3, "layers": 2, "batch": 32, "optimizer": "adam", "beta": 0.9, "free": 0.1},
        {"lr": 1e-3, "layers": 2, "batch": 32, "optimizer": "sgd", "free": 0.9},
        {"lr": 1.0, "layers": 9, "batch": 16, "optimizer": "sgd", "free": 0.9},
    ]
    best, other, worst = BELIEVED.log_prior(BELIEVED.encode(configs))
    beta = Normal(0.9, 0.2).log_density(np.array([0.9]))[0]
    assert best - other == pytest.approx(beta + np.log(9))
    assert worst < other - 10
    assert Space(x=Float(0, 1)).log_prior(np.array([[0.3]])).tolist() == [0.0]


def test_a_prior_is_written_with_its_space():
    text = msgspec.json.encode(BELIEVED.to_builtins())
    assert Space.from_builtins(msgspec.json.decode(text)) == BELIEVED
    assert BELIEVED.has_prior
    assert Space(x=Int(1, 9, prior=3)) == Space(x=Int(1, 9, prior=Near(3)))
    assert Space(x=Float(0, 9, prior=3)) == Space(x=Float(0, 9, prior=Near(3.0)))
    changed = Space(x=Int(1, 9, prior=3)).difference(Space(x=Int(1, 9)))
    assert changed == "prior of x changed from Near(value=3) to None."


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Float(0, 1, prior=2), "prior of a Float must be a number from 0.0 to 1.0"),
        (lambda: Float(0, 1, prior=Near(0.5, spread=0)), "spread of a prior"),
        (lambda: Int(1, 3, prior=1.5), "prior of an Int must be an integer"),
        (lambda: Choice(["a", "b"], ordered=True, prior="c"), "must be one of 'a', 'b'"),
        (lambda: Choice(["a", "b"], prior="a"), "list of 2 weights"),
        (lambda: Choice(["a", "b"], prior=[1, 2, 3]), "list of 2 weights"),
        (lambda: Choice(["a", "b"], prior=[1, -2]), "at least 0"),
        (lambda: Choice(["a", "b"], prior=[0, 0]), "above 0"),
    ],
)
def test_a_wrong_prior_is_refused(make, words):
    with pytest.raises(SpecError, match=words):
        make()
