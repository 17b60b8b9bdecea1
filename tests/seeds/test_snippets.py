"""Functions and classes are found whole; what is too long gives its parts."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizardcoder.seeds.codebase import LANGUAGES
from wizardcoder.seeds.snippets import snippets


def found(code: str, language: str = "Python", max_lines: int = 80) -> list[tuple[int, str]]:
    text = textwrap.dedent(code).lstrip("\n")
    return [(s.line, s.code) for s in snippets(text, language, max_lines)]


def test_functions_and_classes_with_their_decorators() -> None:
    code = "import a\n\n@a.b\nasync def f():\n    return 1\n\n\nclass C:\n    x = 1\n"
    assert found(code) == [(3, "@a.b\nasync def f():\n    return 1"), (8, "class C:\n    x = 1")]


def test_a_long_class_gives_its_methods_without_their_indentation() -> None:
    code = "class C:\n    x = 1\n\n    def f(self):\n        return 1\n"
    assert found(code, max_lines=4) == [(4, "def f(self):\n    return 1")]


def test_invalid_escapes_of_others_are_none_of_our_business() -> None:
    assert found("def f():\n    return '\\d'\n") == [(1, "def f():\n    return '\\d'")]


@pytest.mark.parametrize(
    "code", ["def (:", "print 1", "x = " + "9" * 5000, "(" * 5000, "x = " + "-" * 100_000 + "1"]
)
def test_what_python_cannot_parse_is_a_syntax_error(code: str) -> None:
    with pytest.raises(SyntaxError):
        snippets(code, "Python", 80)


def test_a_function_of_go_with_its_comment() -> None:
    code = """
        package main

        // F doubles.
        func F(n int) int {
            if n > 0 {
                return 2 * n
            }
            return 0
        }
    """
    ((line, text),) = found(code, "Go")
    assert line == 3
    assert text.startswith("// F doubles.\nfunc F") and text.endswith("return 0\n}")


def test_a_long_class_of_java_gives_its_methods() -> None:
    code = """
        public class A {
            @Override
            public int f(int n) {
                for (int i = 0; i < n; i++) {
                    n += i;
                }
                return n;
            }
        }
    """
    assert len(found(code, "Java")) == 1
    ((line, text),) = found(code, "Java", max_lines=8)
    assert line == 2
    assert text.startswith("@Override\npublic int f(int n) {") and text.endswith("\n}")


def test_a_brace_on_a_line_of_its_own_has_its_header_above() -> None:
    code = """
        #include <a.h>
        template <typename T>
        static T
        add(T a, T b)
        {
            return a + b;
        }
    """
    ((line, text),) = found(code, "C++")
    assert (line, text.split("\n")[0]) == (2, "template <typename T>")


def test_parameters_on_lines_of_their_own() -> None:
    code = "fn add(\n    a: u8,\n    b: u8,\n) -> u8 {\n    a + b\n}\n"
    assert found(code, "Rust") == [(1, code.rstrip())]


def test_a_namespace_is_not_a_definition_but_what_it_holds_is() -> None:
    code = "namespace a {\n  int f(int n) {\n    return n;\n  }\n}\n"
    assert found(code, "C++") == [(2, "int f(int n) {\n  return n;\n}")]


@pytest.mark.parametrize("line", ["if (x) {", "const a = {", "for (;;) {", "static struct S s = {"])
def test_control_and_data_are_no_definitions(line: str) -> None:
    assert found(f"{line}\n  a: 1\n}}\n", "JavaScript") == []


def test_a_brace_that_nothing_closes_costs_little() -> None:
    assert found("f() {\n" * 50_000, "C") == []


@given(st.lists(st.sampled_from(["f() {", "  g() {", "}", "  }", "{", ")", "// x", "", "x;"])))
def test_any_text_gives_lines_that_it_has(lines: list[str]) -> None:
    for language in sorted(set(LANGUAGES.values()) - {"Python"}):
        for line, code in found("\n".join(lines), language):
            assert 1 <= line <= len(lines) - code.count("\n")
