"""What `rung` alone prints: two ways to start, and the commands."""

SCRIPT = """\
import json, rung

space = {"lr": rung.Float(1e-4, 1.0, log=True), "momentum": rung.Float(0.0, 0.99)}

def train(trial):
    w, v = json.loads((trial.checkpoint / "w").read_text()) if trial.checkpoint else (5.0, 0.0)
    for epoch in trial.steps():                          # as far as the study wants
        v = trial.config["momentum"] * v - trial.config["lr"] * 2 * w
        w = w + v
        trial.report(loss=w * w, save=lambda folder: (folder / "w").write_text(json.dumps([w, v])))

study = rung.Study("first", space, minimize="loss", resource=rung.Steps("epoch"),
                   scheduler=rung.ASHA(max_resource=27))
budget = rung.Budget(trials=60)
"""

TEXT = f"""\
rung: tuning is resource scheduling. At each moment a study decides which trial
deserves the next unit of training, which one waits, and which one ends.

A script that prints its accuracy is tuned as it is:

  rung run --maximize accuracy "python train.py --lr {{lr:1e-5..1e-1 log}}"
  rung init train.py    writes a study file with ranges from its argparse options

Or save this as first.py; then: rung run first.py

{SCRIPT}
Commands:

  rung run WHAT      run a Python file, a study file or a command; again to go on
  rung init SCRIPT   a study file to start from, for a script with argparse
  rung ls            the studies of a store (rung.db, or --store PATH)
  rung show          the trials of a study, and why each stands where it stands
  rung best          the best configuration, as a table, JSON, TOML or arguments
  rung why TRIAL     the story of one trial

rung COMMAND --help tells more.
"""
