from __future__ import annotations

import time
from contextlib import suppress

import pytest

from wizardcoder.clean import languages, syntax

GOOD = {
    "python": ["a = 1", 'print "Python 2"\n'],
    "javascript": ["const a = (b) => b + 1;", "...\nf();", "<p>{a}</p>", "let a: number = 1;"],
    "typescript": ["const a: number = 1;", "interface A { b?: string }", "const a = <p>b</p>;"],
    "tsx": ["const a = <p>b</p>;"],
    "java": ["class A { int b() { return 1; } }", 'System.out.println("a");'],
    "c": ["#include <stdio.h>  \n\nint main(void) { return 0; }\n", "int a = b::c();"],
    "cpp": ["std::vector<int> a;\nint main() { return 0; }"],
    "csharp": ['Console.WriteLine("a");', "class A { public int B { get; set; } }"],
    "go": ["package main\n\nfunc main() {\n\tprintln(1)\n}\n", "a := 1\n"],
    "rust": ['fn main() { println!("{}", 1); }', "let a = 1;"],
    "ruby": ["def a(b)\n  b.map { |c| c + 1 }\nend\n"],
    "php": ["<?php\n$a = 1;\necho $a;\n", "$a = 1;\n...\n"],
    "bash": ["for a in *; do echo $a; done\n", "$ pip install x\n$ ls | wc -l\n"],
    "sql": [
        "SELECT a FROM b WHERE c > 1;",
        "SELECT TOP 3 a FROM b;",
        "SELECT a FROM b WHERE c > NOW() - INTERVAL 3 DAY;",
        "USE shop;\nSELECT a FROM [my table] LIMIT 2, 1;",
    ],
    "html": ["<!DOCTYPE html>\n<html><body><p>a</p><br></body></html>", "<li>a</li>"],
    "css": [".a { color: red; }\n@media print { p { margin: 0 } }"],
    "json": ['{"a": [1, 2.5, null]}', '{"a": 1}\n{"a": 2}\n', '// it\n{"a": 1}', "9" * 5000],
}
BAD = {
    "python": "def f(:\n  return 1",
    "javascript": "function a( { return 1; }",
    "typescript": "const a: = 1;",
    "tsx": "const a = <p>b</p",
    "java": "int a = ;\nvoid b( { }",
    "c": "int main( { return 0; }",
    "cpp": "int main() { int a[ = 1; }",
    "csharp": 'class A { void B( { Console.WriteLine("a") } }',
    "go": "package main\nfunc main( {\n}",
    "rust": "fn main( { let a = ; }",
    "ruby": "def a(b\n  c(\nend",
    "php": "<?php\nfunction a( { return 1 }",
    "bash": "if [ 1 ]; then\necho a",
    "sql": "SELECT a, FROM b WHERE (c > 1;",
    "html": "<p>a</b></p></div",
    "css": ".a { color: red; }}}",
    "json": '{"a": 1,}',
}


def fault(code: str, language: str, seconds: float = 10.0) -> str | None:
    return syntax.fault(code, language, time.thread_time() + seconds)


def test_every_known_language_is_tried_here() -> None:
    assert set(GOOD) == set(BAD) == languages.KNOWN


@pytest.mark.parametrize(("language", "code"), [(k, code) for k in GOOD for code in GOOD[k]])
def test_code_of_a_language_is_read(language: str, code: str) -> None:
    assert fault(code, language) is None


@pytest.mark.parametrize("language", BAD)
def test_a_planted_fault_is_found(language: str) -> None:
    found = fault(BAD[language], language)
    assert found is not None and found.startswith("line ")


def test_the_line_of_the_fault_is_told() -> None:
    assert fault("int a;\nint b;\nint main( { }", "c") == "line 3: not c"


def test_nobody_judges_a_language_without_a_grammar() -> None:
    assert fault("}}} (", "haskell") is None


@pytest.mark.parametrize("language", sorted(languages.KNOWN))
def test_a_nul_is_no_code(language: str) -> None:
    assert fault("\0" * 16_000, language) == "holds a NUL character"


def test_code_that_is_too_long_is_not_read() -> None:
    with pytest.raises(syntax.UnreadError, match="16385 characters"):
        fault("a" * 16_385, "java")


def test_code_that_takes_too_long_is_given_up_and_the_next_is_read() -> None:
    with pytest.raises(syntax.UnreadError, match="too long"):
        fault("x<" * 3_000, "java", seconds=0.005)
    assert fault("int a = 1;", "java") is None


def test_json_that_nests_too_deep_is_not_read() -> None:
    with pytest.raises(syntax.UnreadError, match="nested"):
        fault("[" * 16_000, "json")


def test_a_lone_surrogate_harms_nobody() -> None:
    assert fault("// \ud800\nint a = 1;", "java") is None


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted(languages.KNOWN))
@pytest.mark.parametrize("unit", ["(", "[{", '"', "<a>", "<<A\n", "x<", "`${", "/*", "#{", "\n "])
def test_hostile_code_ends_in_bounded_time(language: str, unit: str) -> None:
    code = unit * (syntax.MOST_CHARACTERS // len(unit))
    began = time.thread_time()
    with suppress(syntax.UnreadError):
        fault(code, language, seconds=1.0)
    assert time.thread_time() - began < 4
