"""Objectives as one finds them in projects that use Optuna; workers import them from here."""

import signal
import time
from typing import Any

from rung.integrations.optuna import TrialPruned


def quadratic(trial: Any) -> float:
    """The first example of Optuna's README."""
    x = trial.suggest_float("x", -10, 10)
    return (x - 2) ** 2


def classifier(trial: Any) -> float:
    """The second one: a model and its hyperparameters, which hang on the model."""
    import sklearn.datasets
    import sklearn.ensemble
    import sklearn.model_selection
    import sklearn.svm

    X, y = sklearn.datasets.load_iris(return_X_y=True)
    name = trial.suggest_categorical("classifier", ["SVC", "RandomForest"])
    if name == "SVC":
        c = trial.suggest_float("svc_c", 1e-10, 1e10, log=True)
        model = sklearn.svm.SVC(C=c, gamma="auto")
    else:
        depth = trial.suggest_int("rf_max_depth", 2, 32)
        model = sklearn.ensemble.RandomForestClassifier(max_depth=depth, n_estimators=2, random_state=0)
    return sklearn.model_selection.cross_val_score(model, X, y, n_jobs=1, cv=3).mean()


def network(trial: Any) -> float:
    """Layers by a loop, a switch, and pruning."""
    layers = trial.suggest_int("layers", 1, 3)
    width = sum(trial.suggest_int(f"units_{number}", 4, 64, log=True) for number in range(layers))
    lr = trial.suggest_float("lr", 1e-4, 1.0, log=True)
    rate = (
        trial.suggest_float("rate", 0.1, 0.5, step=0.1)
        if trial.suggest_categorical("drop", [True, False])
        else 0.0
    )
    loss = 4.0
    for epoch in range(9):
        loss *= 1.0 - 0.3 * lr
        trial.report(loss + rate + width / 1000, epoch)
        if trial.should_prune():
            raise TrialPruned
    trial.set_user_attr("width", width)
    return loss + rate + width / 1000


def network_of_optuna(trial: Any) -> float:
    """The same, with Optuna's own exception."""
    import optuna

    try:
        return network(trial)
    except TrialPruned:
        raise optuna.TrialPruned() from None


def sparse(trial: Any) -> float:
    """Counts global steps from 1 and reports every tenth; what it returns is not what it reported last."""
    x = trial.suggest_float("x", 0.0, 1.0)
    for step in range(1, 31):
        if step % 10 == 0:
            trial.report(x + 1 / step, step)
            if trial.should_prune():
                raise TrialPruned
    return x


def front(trial: Any) -> tuple[float, float]:
    """Two values."""
    x = trial.suggest_float("x", 0.0, 1.0)
    return x, (1.0 - x) ** 2


def of_all_kinds(trial: Any) -> float:
    """Every way to ask."""
    assert trial.suggest_categorical("none", [None, "balanced", 3]) in (None, "balanced", 3)
    assert trial.suggest_categorical("flag", [True, False]) in (True, False)
    assert trial.suggest_categorical("hidden", [(50,), (100, 50)]) in ((50,), (100, 50))
    assert trial.suggest_categorical("function", [abs, max]) in (abs, max)
    assert trial.suggest_float("fixed", 0.5, 0.5) == 0.5
    assert trial.suggest_int("fixed_too", 3, 3) == 3
    assert trial.suggest_discrete_uniform("share", 0.0, 1.0, 0.25) in (0.0, 0.25, 0.5, 0.75, 1.0)
    assert trial.suggest_int("even", 2, 8, step=2) in (2, 4, 6, 8)
    assert trial.suggest_int("even", 2, 8, step=2) == trial.params["even"]
    assert 1e-4 <= trial.suggest_loguniform("rate", 1e-4, 1.0) <= 1.0
    return trial.suggest_uniform("x", 0.0, 1.0)


def same_name_in_two_branches(trial: Any) -> float:
    """The range of lr hangs on the optimizer."""
    if trial.suggest_categorical("optimizer", ["sgd", "adam"]) == "sgd":
        return trial.suggest_float("lr", 1e-2, 1.0, log=True)
    return trial.suggest_float("lr", 1e-5, 1e-3, log=True)


def range_by_another(trial: Any) -> float:
    """No choice tells which range holds."""
    most = trial.suggest_int("most", 2, 4)
    return float(trial.suggest_int("chosen", 1, most))


def nested(trial: Any) -> float:
    """A branch in a branch, and something that hangs on two choices at once."""
    value = 0.0
    scaled = trial.suggest_categorical("scaled", [False, True])
    if trial.suggest_categorical("model", ["tree", "net"]) == "net":
        if trial.suggest_categorical("optimizer", ["adam", "sgd"]) == "sgd":
            value += trial.suggest_float("momentum", 0.0, 0.9)
        if scaled:
            value += trial.suggest_float("scale", 0.1, 10.0)
    return value


def rare(trial: Any) -> float:
    """A hyperparameter that is asked for in one of a thousand trials."""
    x = trial.suggest_float("x", 0.0, 1.0)
    return x + trial.suggest_float("surprise", 0.0, 1.0) if 0.2 < x < 0.201 else x


def silent_training(trial: Any) -> float:
    """Asks, and then trains for long without a word."""
    x = trial.suggest_float("x", 0.0, 1.0)
    time.sleep(3600)
    return x


def unreachable(trial: Any) -> float:
    """Sits where no signal reaches it, as in a C library."""
    x = trial.suggest_float("x", 0.0, 1.0)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    time.sleep(3600)
    return x


def slow_pruning(trial: Any) -> float:
    """Its first step takes longer than anybody waits."""
    x = trial.suggest_float("x", 0.0, 1.0)
    if trial.number == 0 and type(trial).__name__ == "ProbeTrial":
        time.sleep(3600)
    trial.report(x, 0)
    if trial.should_prune():
        raise TrialPruned
    return x


def endless(trial: Any) -> float:
    """Reports, prunes, and never ends by itself."""
    x = trial.suggest_float("x", 0.0, 1.0)
    step = 0
    while True:
        trial.report(x, step)
        if trial.should_prune():
            raise TrialPruned
        step += 1
        time.sleep(0.01)


def infeasible(trial: Any) -> float:
    """Gives up most configurations by itself."""
    x = trial.suggest_float("x", 0.0, 1.0)
    if x > 0.2:
        raise TrialPruned
    return x


def broken(trial: Any) -> float:
    """Fails always."""
    trial.suggest_float("x", 0.0, 1.0)
    raise KeyError("data")


def asks_for_nothing(trial: Any) -> float:
    """Not to be tuned."""
    return 1.0


def deaf(trial: Any) -> float:
    """Reports and never asks whether to go on."""
    x = trial.suggest_float("x", 0.0, 1.0)
    for epoch in range(9):
        trial.report(x, epoch)
    return x


def looks_at_the_study(trial: Any) -> float:
    """Knows the direction, and wants to know the best value."""
    assert trial.study.direction == 2
    return trial.suggest_float("x", 0.0, 1.0) - trial.study.best_value
