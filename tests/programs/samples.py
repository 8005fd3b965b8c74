"""Programs to tune, and what happened to processes."""

import os
import select
import stat
from pathlib import Path

SHELL = """\
#!/bin/sh
# Goes on from a checkpoint, and ends at its target: x * (1 + 2 + … + step), one report a step.
step=$RUNG_START
sum=0
[ -n "$RUNG_CHECKPOINT" ] && sum=$(cat "$RUNG_CHECKPOINT")
while [ "$step" -lt "$RUNG_TARGET" ]; do
    step=$((step + 1))
    sum=$((sum + step * $1))
    echo "training step $step"
    echo "$sum" > "$RUNG_SAVE/sum.$step"
    echo "{\\"loss\\": $sum, \\"step\\": $step, \\"saved\\": \\"sum.$step\\"}"
done
"""

C = """\
// Knows its target, saves into a folder, and writes its reports to the file.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int main(int argc, char **argv) {
    double x = atof(argv[1]), sum = 0;
    int step = atoi(getenv("RUNG_START")), target = atoi(getenv("RUNG_TARGET"));
    const char *from = getenv("RUNG_CHECKPOINT");
    char path[4096];
    FILE *reports = fopen(getenv("RUNG_REPORTS"), "a"), *file;
    if (from) {
        snprintf(path, sizeof path, "%s/sum", from);
        if (!(file = fopen(path, "r")) || fscanf(file, "%lf", &sum) != 1) return 3;
        fclose(file);
    }
    while (step < target) {
        sum += ++step * x;
        printf("step %d\\n", step);
        if (step == target) {
            snprintf(path, sizeof path, "%s/model", getenv("RUNG_SAVE"));
            mkdir(path, 0755);
            snprintf(path, sizeof path, "%s/model/sum", getenv("RUNG_SAVE"));
            file = fopen(path, "w");
            fprintf(file, "%.17g", sum);
            fclose(file);
            fprintf(reports, "{\\"loss\\": %.17g, \\"saved\\": \\"model\\"}\\n", sum);
        } else {
            fprintf(reports, "{\\"loss\\": %.17g}\\n", sum);
        }
        fflush(reports);
    }
    return 0;
}
"""

ARGPARSE = '''\
"""A script that knows nothing of rung."""
import argparse

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--x", type=float, default=1.0, help="the slope")
parser.add_argument("--kind", choices=["a", "b"], default="a")
parser.add_argument("--epochs", type=int, default=9)
parser.add_argument("--fast", action="store_true")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--data", default="data.csv")
args = parser.parse_args()
total = 0
for epoch in range(args.epochs):
    total += (epoch + 1) * args.x
    print(f"epoch {epoch}: loss={total:.17g} kind={args.kind}")
'''


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def ended(pid: int, within_s: float = 30.0) -> bool:
    """Whether a process ends in time; one that only waits to be noticed has ended."""
    try:
        number = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return bool(poll.poll(within_s * 1000))
    finally:
        os.close(number)
