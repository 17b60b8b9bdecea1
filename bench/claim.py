"""The paper's claim in miniature, with every control and several training seeds.

    python bench/claim.py [--seeds 3] [--out runs/claim]

Prints pass@1 by number of steps for every arm, and the difference between the last evolved arm and
every other one, with 95 % intervals over tasks × training seeds. Resumes where it was interrupted.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wizardcoder import evaluate, recipe, scoring
from wizardcoder.cli.progress import Watch
from wizardcoder.pipeline import Run, open_run, run_all
from wizardcoder.pipeline.names import load_benchmark

RECIPE = Path(__file__).resolve().parents[1] / "recipes" / "miniature.toml"
ARMS = (
    *("base", "seed", "round-1", "round-2", "round-3"),
    *("more-of-the-same", "paraphrase", "depth-matched"),
)
OURS = "round-3"

#: pass@1 of an arm on the tasks of a group: (tasks, training seeds).
Table = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3, help="training seeds (default 3)")
    parser.add_argument("--out", type=Path, default=Path("runs/claim"))
    options = parser.parse_args()
    runs = [run_with_seed(options.out / f"seed-{n}", n) for n in range(options.seeds)]
    tables = {arm: scores(runs, arm) for arm in ARMS}
    print(levels(tables, len(runs)))
    print()
    print(differences(tables))


def run_with_seed(folder: Path, seed: int) -> Run:
    """A finished run of every arm with one training seed."""
    loaded = recipe.load(RECIPE, [f"train.seed={seed}"])
    with Watch() as watch:
        run = open_run(folder, loaded.model_copy(update={"arms": list(ARMS)}), watch=watch)
        run_all(run)
    return run


def scores(runs: Sequence[Run], arm: str) -> dict[str, Table]:
    """pass@1 of an arm, by group."""
    benchmark = load_benchmark("miniature")
    found = [
        evaluate.problem_scores(
            evaluate.read_verdicts(run.path / "verdicts" / arm / benchmark.name)
        )
        for run in runs
    ]
    groups: dict[str, list[list[float]]] = defaultdict(list)
    for problem in benchmark.problems:
        groups[problem.group].append([rates[problem.task_id] for rates in found])
    return {group: np.array(rows) for group, rows in groups.items()}


def levels(tables: dict[str, dict[str, Table]], seeds: int) -> str:
    """pass@1 in percent with intervals, an arm a line."""
    groups = sorted(next(iter(tables.values())))
    lines = [
        f"pass@1 %, {seeds} training seeds | {' | '.join(groups)}",
        "--- |" * len(groups) + "---",
    ]
    for arm, table in tables.items():
        cells = []
        for group in groups:
            low, high = scoring.bootstrap_interval(table[group], seed=0)
            cells.append(f"{100 * table[group].mean():.1f} [{100 * low:.0f}, {100 * high:.0f}]")
        lines.append(f"{arm} | {' | '.join(cells)}")
    return "\n".join(lines)


def differences(tables: dict[str, dict[str, Table]]) -> str:
    """The last evolved arm less every other arm, in points with intervals."""
    groups = sorted(tables[OURS])
    lines = [f"{OURS} less … (points) | {' | '.join(groups)}", "--- |" * len(groups) + "---"]
    for arm in (arm for arm in tables if arm != OURS):
        cells = []
        for group in groups:
            mean, (low, high) = scoring.paired_difference(
                tables[arm][group], tables[OURS][group], seed=0
            )
            cells.append(f"{100 * mean:+.1f} [{100 * low:+.0f}, {100 * high:+.0f}]")
        lines.append(f"{arm} | {' | '.join(cells)}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
