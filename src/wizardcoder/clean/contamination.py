"""Contamination: what of a benchmark stands in training records.

The strongest evidence first: `verbatim`, `containment` and `edited` look at texts (`overlap`),
`function` at code without its names (`functions`), and a benchmark may bring a check of its own.
Both sides are read as `characters` says, so that no odd space hides a leak.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from wizardcoder.clean import columns, workers
from wizardcoder.clean.characters import as_compared, compared
from wizardcoder.clean.functions import Function, functions_in
from wizardcoder.clean.hits import Hit, excerpt
from wizardcoder.clean.problems import telling_function
from wizardcoder.progress import Progress, silent
from wizardcoder.recipe import Clean
from wizardcoder.records import Problem

if TYPE_CHECKING:
    import pyarrow as pa

#: A benchmark's own check of a text that may hold code: the rule broken and the task id, or None.
#: A function of a module, so that it can be sent to other processes.
Check = Callable[[str], tuple[str, str] | None]
Problems = Mapping[str, Sequence[Problem]]

#: Functions of fewer AST nodes are everybody's; from here to `min_ast_nodes` they are counted.
COUNTED_AST_NODES = 10
_RULES = ("verbatim", "containment", "edited", "function")
_COLUMNS = ["id", "instruction", "input", "response", "system", "turns"]


def find(
    table: pa.Table,
    options: Clean,
    problems: Problems,
    checks: Mapping[str, Check] | None = None,
    *,
    jobs: int = 1,
    progress: Progress = silent,
) -> list[Hit]:
    """Every hit in a table with the columns of Record, row by row, the strongest first.

    Question, response, system text and the later turns of a conversation are searched: all that a
    model is shown when it is trained. The hits do not depend on `jobs`, the number of processes.
    Raises WizardCoderError when one of them dies.
    """
    if not any(problems.values()) and not checks:
        return []
    search = Search(options, problems, checks or {})
    hits: list[Hit] = []
    for first_row, found in workers.over(table.select(_COLUMNS), _search, search, jobs=jobs):
        hits += found
        done = min(first_row + workers.SLICE_ROWS, table.num_rows)
        progress(done, table.num_rows, f"contamination: {len(hits)} hits")
    return hits


class _Target(NamedTuple):
    """The function of a problem that gives it away."""

    benchmark: str
    task_id: str
    function: Function


class _Texts(NamedTuple):
    """The texts of a record that may hold code, the response first; which parts they are of."""

    record_id: str
    parts: tuple[tuple[str, str], ...]


class Search:
    """The problems of some benchmarks, ready to be looked for in tables of records; picklable."""

    def __init__(self, options: Clean, problems: Problems, checks: Mapping[str, Check]) -> None:
        from wizardcoder.clean.overlap import Overlap  # compiled code, which takes time to load

        self._min_nodes = options.min_ast_nodes
        self._checks = dict(checks)
        self._overlap = Overlap(
            problems, shingle_tokens=options.shingle_tokens, containment=options.containment
        )
        self._functions: dict[str, list[_Target]] = defaultdict(list)
        for benchmark, given in problems.items():
            for problem in given:
                function = telling_function(problem, options.min_ast_nodes)
                if function is not None and function.nodes >= COUNTED_AST_NODES:
                    target = _Target(benchmark, problem.task_id, function)
                    self._functions[function.digest].append(target)
        self._outlines = frozenset(
            target.function.outline for found in self._functions.values() for target in found
        )

    def hits(self, rows: pa.Table) -> list[Hit]:
        """Every hit, row by row, the strongest evidence first."""
        ids, whole = rows["id"].to_pylist(), _whole(rows)
        found: dict[str, list[Hit]] = {record_id: [] for record_id in ids}
        for hit in self._overlap.hits(ids, columns.Texts.of(whole)):
            found[hit.record_id].append(hit)
        for texts in _texts(rows if self._checks else _with_functions(rows, whole)):
            found[texts.record_id] += [*self._function_hits(texts), *self._own_hits(texts)]
        return [hit for hits in found.values() for hit in sorted(hits, key=_strength)]

    def _function_hits(self, texts: _Texts) -> Iterator[Hit]:
        seen = set()
        for _, text in texts.parts:
            for function in functions_in(text, self._outlines) if "def " in text else ():
                for target in self._functions.get(function.digest, ()):
                    if target[:2] not in seen:
                        seen.add(target[:2])
                        yield Hit(
                            record_id=texts.record_id,
                            benchmark=target.benchmark,
                            task_id=target.task_id,
                            rule="function",
                            part="solution",
                            score=float(function.nodes),
                            span=excerpt(function.source),
                            drops=function.nodes >= self._min_nodes,
                            matched=excerpt(target.function.source),
                        )

    def _own_hits(self, texts: _Texts) -> Iterator[Hit]:
        for benchmark, check in self._checks.items():
            for part, text in texts.parts:
                if broken := check(text):
                    rule, task_id = broken
                    yield Hit(
                        record_id=texts.record_id,
                        benchmark=benchmark,
                        task_id=task_id,
                        rule=rule,
                        part=part,
                        score=1.0,
                        span=excerpt(text),
                        drops=True,
                    )


def _search(search: Search, rows: pa.Table) -> list[Hit]:
    return search.hits(rows)


def _whole(rows: pa.Table) -> pa.LargeStringArray:
    """All that is searched of every row, as it is compared."""
    import pyarrow as pa
    import pyarrow.compute as pc

    between = pa.scalar("\n", pa.large_string())
    lists = rows["turns"].combine_chunks().cast(pa.list_(pa.large_string()))
    whole = columns.texts(rows)
    for more in (columns.strings(rows, "system"), pc.binary_join(lists, between)):
        if pc.any(pc.greater(pc.binary_length(more), 0)).as_py():
            whole = pc.binary_join_element_wise(whole, more, between)
    return compared(whole)


def _with_functions(rows: pa.Table, whole: pa.LargeStringArray) -> pa.Table:
    """The rows that may hold Python functions."""
    import pyarrow.compute as pc

    return rows.filter(pc.match_substring(whole, "def "))


def _texts(rows: pa.Table) -> Iterator[_Texts]:
    for row in rows.to_pylist():
        question = "\n".join(filter(None, (row["instruction"], row["input"])))
        others = [("system", row["system"])] if row["system"] else []
        others += [("turn", turn) for turn in row["turns"]]
        parts = (("response", row["response"]), ("question", question), *others)
        yield _Texts(row["id"], tuple((part, as_compared(text)) for part, text in parts))


def _strength(hit: Hit) -> tuple[bool, int, float, str, str]:
    rank = _RULES.index(hit.rule) if hit.rule in _RULES else len(_RULES)
    return not hit.drops, rank, -hit.score, hit.benchmark, hit.task_id
