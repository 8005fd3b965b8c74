import numpy as np
import pytest

from rung.core.errors import ConfigurationError, SpecError
from rung.core.space import Choice, Float, Int, Space

SPACE = Space(
    {
        "batch": Choice([16, 32, 64, 128], ordered=True),
        "width": Int(8, 512, log=True),
        "model.lr": Float(1e-4, 1.0, log=True),
        "bias": Choice([True, False]),
        "size-limit": Int(1, 9),
        "optimizer": Choice({"adam": {"beta": Float(0, 1)}, "sgd": {"momentum": Float(0, 1), "beta": 0.5}}),
        "epochs": 3,
    }
)
BASE = {
    "batch": 32,
    "width": 64,
    "model.lr": 0.01,
    "bias": True,
    "size-limit": 4,
    "optimizer": "adam",
    "beta": 0.9,
    "epochs": 3,
}


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("batch * width <= 8192", True),
        ("batch * width < 2048", False),
        ("16 < batch < 64", True),
        ("16 < batch < 32", False),
        ("model.lr ** 2 + 1 > 1.00009", True),
        ("log(model.lr) < -4.7 or width == 64", True),
        ("min(batch, width, 9) == 9 and max(1, batch) == 32", True),
        ("width // 10 == 6 and width % 10 == 4 and -width / 2 == -32", True),
        ("not bias", False),
        ("bias == True", True),
        ("`size-limit` >= 5", False),
        ("optimizer in ('adam',)", True),
        ("optimizer not in ['adam']", False),
        ("optimizer != 'sgd' and beta > 0.8", True),
        ("momentum > 2", True),  # not active, so it does not bind
        ("momentum > 2 and batch > 999", True),
        ("epochs * width == 192", True),
        ("sqrt(width) == 8 and abs(-width) == 64 and exp(width - 64) == 1", True),
        ("width / (batch - 32) > 0", True),  # inf
        ("(width - 64) / (batch - 32) > 0", False),  # no number keeps nothing
        ("99 ** 99 ** 99 > width", True),
    ],
)
def test_a_rule_is_judged_alike_on_a_configuration_and_on_its_point(rule, kept):
    (point,) = SPACE.encode([BASE])
    X = np.vstack([point, np.full(len(point), 0.9999)])
    space = SPACE.where("width >= 1")  # a space with rules; the other rule may be one that nothing keeps
    space._rules = type(space._rules)([rule], space._root, space.columns)
    assert space.contains(BASE) is kept
    assert bool(space.allows(X)[0]) is kept
    assert bool(space.allows(X)[1]) is space.contains(space.decode(X)[1])


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("batch * widht <= 8", "Did you mean 'width'?"),
        ("optimizer == 'adm'", "Did you mean 'adam'?"),
        ("batch == 'large'", "which is none of its options"),
        ("width == 'large'", "which is a number"),
        ("__import__('os').system('x') == 1", "must not hold"),
        ("batch.__class__ == 1", "no hyperparameter"),
        ("(lambda: 1)() == batch", "must not hold"),
        ("[b for b in batch] == 1", "must not hold"),
        ("batch if bias else width", "must not hold"),
        ("batch << 9 > 1", "must not hold"),
        ("log(batch, 2) > 1", "must not hold"),
        ("optimizer + 1 > 2", "needs a number"),
        ("optimizer < 'b'", "needs a number"),
        ("not batch", "needs true or false"),
        ("bias is True", "not with `is`"),
        ("optimizer in momentum", "must list what follows"),
        ("batch * width", "must compare something"),
        ("1 < 2", "must name a hyperparameter"),
        ("batch <", "an expression of Python"),
        ("size-limit < 3", "no hyperparameter"),
        ("batch < " + "(" * 400 + "1" + ")" * 400, "an expression of Python"),
        ("batch < " + "1+" * 600 + "1", "may have 1000 characters"),
        ("batch < 1" + "0" * 400, "numbers of 64 bits"),
        ("batch < 3j", "must not hold 3j"),
        ("", "must be an expression"),
        (7, "must be an expression"),
    ],
)
def test_what_is_no_rule_is_refused_with_a_sentence(rule, words):
    with pytest.raises(SpecError, match="rule") as error:
        SPACE.where(rule)
    assert words in str(error.value)


def test_rules_that_nothing_keeps_are_refused_by_the_name_of_the_worst():
    with pytest.raises(SpecError, match=r"'batch \* width < 9' refuses 100000"):
        SPACE.where("width <= 256", "batch * width < 9")


def test_defaults_that_break_a_rule_are_refused():
    space = Space(a=Int(1, 9, default=5), b=Int(1, 9, default=5))
    with pytest.raises(SpecError, match=r"defaults .* 'a \* b <= 20', got a=5, b=5"):
        space.where("a * b <= 20")


def test_what_is_drawn_keeps_the_rules_and_what_breaks_one_is_said():
    space = SPACE.where("batch * width <= 4096").where(
        "optimizer != 'sgd' or momentum < 0.1", "bias or width < 99"
    )
    configs = space.sample(500, np.random.default_rng(0))
    assert all(c["batch"] * c["width"] <= 4096 and c.get("momentum", 0) < 0.1 for c in configs)
    assert {c["optimizer"] for c in configs} == {"adam", "sgd"}
    assert space.allows(space.points(100, np.random.default_rng(1))).all()
    with pytest.raises(ConfigurationError, match=r"'batch \* width <= 4096', got batch=128, width=64"):
        space.check({**BASE, "batch": 128})
    assert not space.contains({**BASE, "batch": 128})
    assert space.encodes({**BASE, "batch": 128})


def test_size_and_grid_hold_what_keeps_the_rules():
    space = Space(a=Int(1, 4), b=Choice({"x": {"c": Int(1, 3)}, "y": {}})).where(
        "a * c <= 4", "b != 'y' or a > 1"
    )
    grid = list(space.grid())
    assert space.size == len(grid) == sum(a * c <= 4 for a in range(1, 5) for c in range(1, 4)) + 3
    assert all(space.contains(config) for config in grid)


def test_spaces_differ_by_their_rules_and_the_difference_is_said():
    space = Space(a=Int(1, 4), b=Int(1, 4))
    one, other = space.where("a <= b", "a < 4"), space.where("a < 4", "a <= b", "a < 4")
    assert one == other
    assert one != space
    assert space.difference(space.where("a <= b")) == "the rule 'a <= b' was added."
    assert one.difference(space.where("a < 4")) == "the rule 'a <= b' was removed."
    assert eval(repr(one).replace("Space", "Space"), {"Space": Space, "Int": Int}) == one
    assert Space.from_builtins(one.to_builtins(), one.rules) == one
