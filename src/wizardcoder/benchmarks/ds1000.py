"""DS-1000: a thousand data science problems in seven libraries (arXiv 2211.11501).

The simplified format of 2024, completion only. The test stands in the same program as the answer,
so its verdicts are never attested, and it runs on an environment of its own (`environment`).
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from wizardcoder import prompts
from wizardcoder.benchmarks import environment, rows, sources
from wizardcoder.benchmarks.benchmark import Answer, Assembly, Benchmark, Runtime
from wizardcoder.benchmarks.environment import MODULES, Environment
from wizardcoder.errors import InputError, UsageError
from wizardcoder.extraction import Cut, Extracted
from wizardcoder.records import Problem
from wizardcoder.storage import sha256, text_digest

SOURCE = sources.Source(
    benchmark="ds1000",
    file="ds1000.jsonl.gz",
    url="https://raw.githubusercontent.com/xlang-ai/DS-1000/b39aab7/data/ds1000.jsonl.gz",
    sha256="e8c6daa9d7223976bce0296644f3933f78d7f47830669ff05cd61da62c6ba9b3",
)
INSTALL = "wizardcoder doctor ds1000 --install"
_CPU_SECONDS = 120.0  # the authors' limit, which they measure on the wall
_STOPS = ("</code>", "\nEND SOLUTION", "\n# SOLUTION END")
_PROMPT_NOTE = "the prompt is this project's own: the paper's prompts were never published"
#: What is cut out of an answer: the rule, its mark, and whether the code ends there.
_MARKS = (
    ("</code>", "</code>", True),
    ("python fence", "```python", False),
    ("fence", "```", True),
    ("END SOLUTION", "\nEND SOLUTION", True),
    ("<code>", "<code>", False),
)
#: What problems fetch over a network, as data sets of the environment.
_FETCHES = (
    (re.compile(r"\bload_dataset\(\s*[\"'](\w+)"), "seaborn/{}", "seaborn's data repository"),
    (re.compile(r"\bfetch_(\w+)\("), "sklearn/{}", "scikit-learn's data sets"),
)
_SKLEARN = (
    *("cluster", "compose", "datasets", "decomposition", "ensemble", "feature_extraction.text"),
    *("feature_selection", "linear_model", "manifold", "metrics", "model_selection", "neighbors"),
    *("pipeline", "preprocessing", "svm", "tree"),
)
_NUMERIC = (
    *("numpy", "pandas", "pandas.core.reshape.reshape", "pandas.core.resample"),
    *(f"scipy.{name}" for name in ("integrate", "interpolate", "io", "ndimage", "optimize")),
    *(f"scipy.{name}" for name in ("signal", "sparse", "spatial", "special", "stats")),
)
_COMMON = (
    *_NUMERIC,
    *(f"sklearn.{name}" for name in _SKLEARN),
    *("matplotlib.pyplot", "matplotlib.backends.backend_agg", "seaborn", "statsmodels.api"),
    *(f"PIL.{name}ImagePlugin" for name in ("Bmp", "Gif", "Jpeg", "Png", "Ppm")),
)
#: What is loaded before a problem, by the heaviest module that it imports: one of them is enough.
_PRELOAD = {
    "tensorflow": ("tensorflow", *_NUMERIC),
    "torch": ("torch", "torch.distributed.tensor", *_NUMERIC),  # tensors load it at first use
}


@dataclass(frozen=True, kw_only=True)
class DS1000(Benchmark):
    """The problems, and the environment that they run on, None where there is none."""

    environment: Environment | None = None

    def answer(self, row: rows.Row) -> Answer | None:
        """A row with `code` (of a list the first), and `metadata.problem_id` or `id`."""
        if "code" not in row.table:
            return None
        code = row.table["code"]
        if isinstance(code, list) and code:
            code = code[0]
        if not isinstance(code, str):
            raise row.error("code", "is neither text nor a list of texts", code)
        metadata = row.table.get("metadata")
        number = metadata.get("problem_id") if isinstance(metadata, dict) else row.table.get("id")
        if type(number) is not int:
            raise row.error("metadata.problem_id", "is not a whole number", number)
        return Answer(_task_id(number), code)

    def assemble(self, problem: Problem, code: str, mode: Assembly | None = None) -> str:
        """The problem's test, run on the code. Raises UsageError for mode `solution`."""
        if mode == "solution":
            raise UsageError(
                "ds1000: answers are inserted where the problem's code ends; --assembly completion "
                "is the only way"
            )
        last = "test_string(code)\n" if "test_string(" in problem.test else ""
        return f"{problem.test}\ncode = {code!r}\ntest_execution(code)\n{last}"

    def runtime(self, problem: Problem) -> Runtime:
        """The environment, with the problem's libraries loaded."""
        if self.environment is None:
            raise UsageError(f"ds1000: its libraries are not installed; install them: {INSTALL}")
        needed = self._needed[problem.task_id]
        heaviest = next((module for module in _PRELOAD if module in needed.modules), "")
        return Runtime(
            python=self.environment.python,
            preload=_PRELOAD.get(heaviest, _COMMON),
            variables=self.environment.variables,
            lacks=needed.lacks(self.environment),
        )

    @property
    def surroundings(self) -> str:
        """The hash of what is installed."""
        if self.environment is None:
            return "nothing"
        return text_digest({**asdict(self.environment), "folder": ""})[:16]

    def unable(self) -> dict[str, list[str]]:
        """The problems that cannot run, by the reason."""
        found: dict[str, list[str]] = {}
        for problem in self.problems:
            if lacks := self.runtime(problem).lacks:
                found.setdefault(lacks, []).append(problem.task_id)
        return found

    @cached_property
    def _needed(self) -> dict[str, _Needs]:
        return {problem.task_id: _needs(problem) for problem in self.problems}


class _Needs(NamedTuple):
    """What a problem imports and fetches; `homes` says whose each fetched file is."""

    modules: set[str]
    homes: dict[str, str]

    def lacks(self, found: Environment) -> str:
        missing = sorted((self.modules & set(MODULES)) - set(found.modules))
        if missing:
            return f"{missing[0]} is not installed"
        absent = sorted(self.homes.keys() - set(found.files))
        return f"{absent[0]} of {self.homes[absent[0]]} needs the network" if absent else ""


def load(data: Path | None = None) -> DS1000:
    """DS-1000 from a file, a folder, or wherever `sources.locate` finds it.

    Raises MissingDataError when it is nowhere, InputError for a malformed row.
    """
    path = sources.locate(SOURCE, data)
    problems = tuple(_problem(row) for row in rows.read(path))
    if not problems:
        raise InputError(path, problem="holds no problem")
    found = environment.find()
    return DS1000(
        name="ds1000",
        problems=problems,
        data_sha256=sha256(path),
        cpu_seconds=_CPU_SECONDS,
        extractor=clean,
        stops=_STOPS,
        notes=(_PROMPT_NOTE, *_environment_notes(found)),
        as_script=True,
        environment=found,
    )


def clean(text: str) -> Extracted:
    r"""The code of an answer, by the authors' rules in their order.

    >>> clean("```python\nx = 1\n```\nDone.").code
    '\nx = 1\n'
    """
    cuts = []
    for rule, mark, ends in _MARKS:
        kept = text.split(mark)[0] if ends else text.replace(mark, "")
        if kept != text:
            cuts.append(Cut(rule, len(text) - len(kept)))
            text = kept
    return Extracted(text, tuple(cuts))


def _problem(row: rows.Row) -> Problem:
    metadata = row.table.get("metadata")
    if not isinstance(metadata, dict):
        raise row.error("metadata", "is not an object", metadata)
    about = rows.Row(row.file, row.line, metadata)
    prompt = row.text("prompt")
    return Problem(
        task_id=_task_id(about.integer("problem_id")),
        prompt=prompt,
        instruction=prompts.ds1000_instruction(prompt),
        entry_point="test_execution",
        test=row.text("code_context"),
        canonical_solution=row.text("reference_code"),
        group=about.text("library"),
        variant=about.text("perturbation_type"),
    )


def _task_id(number: int) -> str:
    return f"DS-1000/{number}"


def _needs(problem: Problem) -> _Needs:
    source = f"{problem.test}\n{problem.canonical_solution}"
    homes = {
        file.format(name): home
        for pattern, file, home in _FETCHES
        for name in pattern.findall(source)
    }
    return _Needs(environment.imports(source), homes)


def _environment_notes(found: Environment | None) -> list[str]:
    different = ", ".join(found.differences()) if found else ""
    return [f"not the authors' environment: {different}"] if different else []
