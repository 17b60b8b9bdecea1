"""Contamination: what of a benchmark stands in training records.

Four rules, the strongest evidence first: `verbatim` and `containment` look at texts (`overlap`),
`function` at code without its names (`functions`), and a benchmark may bring a check of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from wizardcoder.clean.functions import functions_in
from wizardcoder.clean.hits import Hit, excerpt
from wizardcoder.clean.overlap import Overlap
from wizardcoder.clean.problems import telling_function
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Clean
from wizardcoder.records import Problem, Record

#: A benchmark's own check of a text that may hold code: the rule broken and the task id, or None.
Check = Callable[[str], tuple[str, str] | None]
Problems = Mapping[str, Sequence[Problem]]

#: Functions of fewer AST nodes are everybody's; from here to `min_ast_nodes` they are counted.
COUNTED_AST_NODES = 10
_RULES = ("verbatim", "containment", "function")
_BATCH = 2048


class Search:
    """The problems of some benchmarks, ready to be looked for in batches of records."""

    def __init__(
        self, options: Clean, problems: Problems, checks: Mapping[str, Check] | None = None
    ) -> None:
        self._min_nodes = options.min_ast_nodes
        self._checks = dict(checks or {})
        self._overlap = Overlap(
            problems, shingle_tokens=options.shingle_tokens, containment=options.containment
        )
        self._functions: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for benchmark, given in problems.items():
            for problem in given:
                function = telling_function(problem, options.min_ast_nodes)
                if function is not None and function.nodes >= COUNTED_AST_NODES:
                    self._functions[function.digest].append((benchmark, problem.task_id))

    def hits(self, records: Sequence[Record]) -> list[Hit]:
        """Every hit, by record in the order given, the strongest evidence first."""
        found: dict[str, list[Hit]] = {record.id: [] for record in records}
        for hit in self._overlap.hits(records):
            found[hit.record_id].append(hit)
        for record in records:
            found[record.id] += [*self._function_hits(record), *self._own_hits(record)]
        return [hit for hits in found.values() for hit in sorted(hits, key=_strength)]

    def _function_hits(self, record: Record) -> Iterator[Hit]:
        seen = set()
        for text in (record.response, record.instruction, record.input):
            for function in functions_in(text):
                for key in self._functions.get(function.digest, ()):
                    if key not in seen:
                        seen.add(key)
                        yield Hit(
                            record_id=record.id,
                            benchmark=key[0],
                            task_id=key[1],
                            rule="function",
                            part="solution",
                            score=float(function.nodes),
                            span=excerpt(function.source),
                            drops=function.nodes >= self._min_nodes,
                        )

    def _own_hits(self, record: Record) -> Iterator[Hit]:
        for benchmark, check in self._checks.items():
            for part, text in (("response", record.response), ("question", record.question)):
                if broken := check(text):
                    rule, task_id = broken
                    yield Hit(
                        record_id=record.id,
                        benchmark=benchmark,
                        task_id=task_id,
                        rule=rule,
                        part=part,
                        score=1.0,
                        span=excerpt(text),
                        drops=True,
                    )


def find_contamination(
    records: Sequence[Record],
    options: Clean,
    problems: Problems,
    checks: Mapping[str, Check] | None = None,
    progress: Progress = silent,
) -> list[Hit]:
    """Every hit of a list of records with distinct ids, in their order."""
    search = Search(options, problems, checks)
    hits: list[Hit] = []
    for start in range(0, len(records), _BATCH):
        hits += search.hits(records[start : start + _BATCH])
        progress(
            min(start + _BATCH, len(records)), len(records), f"contamination: {len(hits)} hits"
        )
    return hits


def _strength(hit: Hit) -> tuple[bool, int, float, str, str]:
    rank = _RULES.index(hit.rule) if hit.rule in _RULES else len(_RULES)
    return not hit.drops, rank, -hit.score, hit.benchmark, hit.task_id
