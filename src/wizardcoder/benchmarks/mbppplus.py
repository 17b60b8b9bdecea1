"""MBPP+: MBPP's cleaner tasks with 35 times the tests (arXiv 2305.01210), in any release.

v0.2.0 has 378 tasks and is what is fetched; v0.1.0, with 399, is read when its file is named. The
hash of the data in every result tells which it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wizardcoder import prompts
from wizardcoder.benchmarks import evalplus, mbpp, sources
from wizardcoder.benchmarks.benchmark import Benchmark
from wizardcoder.records import Problem
from wizardcoder.storage import sha256

SOURCE = sources.Source(
    benchmark="mbppplus",
    file="MbppPlus.jsonl.gz",
    url="https://github.com/evalplus/mbppplus_release/releases/download/v0.2.0/MbppPlus.jsonl.gz",
    sha256="af43697e8791c4c149bdfd6b489d8b5412507551ac20e28a439f650b8225db63",
)
#: By the function's name, as the official harness has it.
_ORACLES = {
    "are_equivalent": "anything",
    "sum_div": "or zero",
    "surface_Area": "pyramid",
    "digit_distance_nums": "digits",
    **dict.fromkeys(("similar_elements", "find_char_long", "common_in_nested_lists"), "set"),
    **dict.fromkeys(("extract_singly", "larg_nnum", "intersection_array"), "set"),
    **dict.fromkeys(("find_dissimilar", "Diff"), "set"),
    **dict.fromkeys(("check_str", "text_match_three", "text_starta_endb"), "presence"),
}


def load(data: Path | None = None) -> Benchmark:
    """MBPP+ from a file, a folder, or wherever `sources.locate` finds it.

    Raises MissingDataError when it is nowhere, InputError for a malformed row.
    """
    path = sources.locate(SOURCE, data)
    inputs = evalplus.Inputs(path, _ORACLES, lambda problem: _SHAPES.get(_number(problem)))
    return Benchmark(
        name="mbppplus",
        problems=inputs.problems(prompts.mbppplus_instruction),
        data_sha256=sha256(path),
        assembly="solution",
        stops=mbpp.STOPS,
        cpu_seconds=evalplus.CPU_SECONDS,
        examples=inputs,
    )


def _number(problem: Problem) -> int:
    return int(problem.task_id.rpartition("/")[2])


# JSON has neither tuples, nor sets, nor complex numbers: what the tasks' arguments are


def _tuples(arguments: list[Any]) -> Iterable[Any]:
    return map(tuple, arguments)


def _lists_of_tuples(arguments: list[Any]) -> Iterable[Any]:
    return (list(map(tuple, argument)) for argument in arguments)


def _tuples_of_tuples(arguments: list[Any]) -> Iterable[Any]:
    return (tuple(map(tuple, argument)) for argument in arguments)


def _first_list_of_tuples(arguments: list[Any]) -> Iterable[Any]:
    return list(map(tuple, arguments[0])), arguments[1]


def _first_tuple(arguments: list[Any]) -> Iterable[Any]:
    return tuple(arguments[0]), *arguments[1:]


def _second_tuple(arguments: list[Any]) -> Iterable[Any]:
    return arguments[0], tuple(arguments[1])


def _list_of_sets(arguments: list[Any]) -> Iterable[Any]:
    filled = (isinstance(item, list) and item for item in arguments[0])
    return ([set(item) if item else {} for item in filled],)


def _float_and_complex(arguments: list[Any]) -> Iterable[Any]:
    return float(arguments[0]), complex(arguments[1])


def _complex(arguments: list[Any]) -> Iterable[Any]:
    return (complex(arguments[0]),)


def _tuple_of_tuples_and_others(arguments: list[Any]) -> Iterable[Any]:
    return (tuple(tuple(x) if isinstance(x, list) else x for x in arguments[0]),)


def _dict_of_tuples(arguments: list[Any]) -> Iterable[Any]:
    return {key: tuple(value) for key, value in arguments[0].items()}, *arguments[1:]


def _tuples_all_the_way(value: Any) -> Any:
    return tuple(map(_tuples_all_the_way, value)) if isinstance(value, list) else value


_SHAPES: dict[int, evalplus.Shape] = {
    **dict.fromkeys((2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424), _tuples),
    **dict.fromkeys((429, 470, 560, 579, 596, 616, 630, 726, 740, 744, 809), _tuples),
    **dict.fromkeys((63, 64, 70, 94, 120, 237, 272, 299), _lists_of_tuples),
    **dict.fromkeys((400, 409, 417, 438, 473, 614, 780), _lists_of_tuples),
    **dict.fromkeys((75, 413, 444, 753), _first_list_of_tuples),
    **dict.fromkeys((106, 750), _second_tuple),
    115: _list_of_sets,
    124: _float_and_complex,
    **dict.fromkeys((250, 307, 405, 446, 617, 720, 763, 808), _first_tuple),
    252: _complex,
    **dict.fromkeys((259, 401, 445), _tuples_of_tuples),
    278: _tuple_of_tuples_and_others,
    **dict.fromkeys((580, 615, 791), _tuples_all_the_way),
    722: _dict_of_tuples,
}
