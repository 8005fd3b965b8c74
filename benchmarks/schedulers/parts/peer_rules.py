"""What another tool's ASHA says to fixed streams: `PYTHON peer_rules.py ray|syne_tune < cases` prints JSON.

There is a list of cases, `{"eta", "levels", "arrivals": [[trial, level, loss or null], ...]}`; null is NaN. Every trial
arrives at every level, whatever was said to it before, so that all tools compare with the same results. The answer
holds for each case a list of "CONTINUE" and "STOP", and the version. It ends with code 3 if the tool is not installed.
"""

import json
import logging
import math
import sys
import types
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)


def ray(case: dict[str, object]) -> list[str]:
    from ray.tune.schedulers import AsyncHyperBandScheduler

    scheduler = AsyncHyperBandScheduler(
        metric="loss",
        mode="min",
        max_t=case["levels"][-1],
        grace_period=case["levels"][0],
        reduction_factor=case["eta"],
    )
    trials: dict[int, object] = {}
    said = []
    for trial, level, loss in case["arrivals"]:
        if trial not in trials:
            trials[trial] = types.SimpleNamespace(trial_id=str(trial))
            scheduler.on_trial_add(None, trials[trial])
        result = {"loss": math.nan if loss is None else loss, "training_iteration": level}
        said.append(scheduler.on_trial_result(None, trials[trial], result))
    return said


def syne_tune(case: dict[str, object]) -> list[str]:
    from syne_tune.optimizer.schedulers.asha import Bracket

    bracket = Bracket(case["levels"][0], case["levels"][-1], case["eta"], 0)
    return [
        bracket.on_result(trial, level, {"loss": math.nan if loss is None else loss})
        for trial, level, loss in case["arrivals"]
    ]


def main() -> None:
    name = sys.argv[1]
    try:
        module = __import__(name)
    except ImportError:
        sys.exit(3)
    rule = {"ray": ray, "syne_tune": syne_tune}[name]
    print(json.dumps({"version": module.__version__, "said": [rule(case) for case in json.load(sys.stdin)]}))


if __name__ == "__main__":
    main()
