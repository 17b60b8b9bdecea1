from __future__ import annotations

import time

import pytest

from wizardcoder.clean import languages

SHOWN = {
    "python": "def area(r):\n    return 3 * r * r\n",
    "javascript": "function area(r) {\n  return 3 * r * r;\n}\n",
    "java": "import java.util.List;\nclass A {\n  List<A> b;\n}\n",
    "c": '#include <stdio.h>\nint main(void) { puts("a"); }\n',
    "cpp": "#include <iostream>\nint main() {}\n",
    "csharp": "using System;\nclass A {}\n",
    "go": "package main\n\nfunc main() {\n}\n",
    "rust": "fn main() {\n    let mut a = 1;\n}\n",
    "ruby": "def area(r)\n  3 * r * r\nend\n",
    "php": "<?php\necho 1;\n",
    "bash": "#!/bin/bash\nls\n",
    "sql": "SELECT name\nFROM people\nWHERE age > 3;",
    "html": "<!DOCTYPE html>\n<html></html>",
    "css": ".box {\n  color: red;\n}\n",
}


@pytest.mark.parametrize("language", SHOWN)
def test_code_shows_its_language(language: str) -> None:
    assert languages.of_code(SHOWN[language]) == language


@pytest.mark.parametrize("language", SHOWN)
def test_text_that_is_all_code_shows_it_at_once(language: str) -> None:
    assert languages.of_bare_code(SHOWN[language]) == language
    assert languages.of_bare_code(f"Here you are:\n{SHOWN[language]}") == ""


@pytest.mark.parametrize("comment", ["# areas\n", "// areas\n\n", "-- areas\n# more\n"])
def test_a_comment_may_come_first(comment: str) -> None:
    assert languages.of_bare_code(comment + SHOWN["python"]) == "python"


@pytest.mark.parametrize(
    "text",
    [
        "Select the right tool from the list.",
        "Update your resume, set a goal and go.",
        "A class: a family of objects.",
        "Import the data as you like.",
        "func add(a: Int) -> Int {\n  return a\n}",  # Swift
        "class Student {\nprivate:\n  string name;\n};",
        "main = putStrLn 1",
    ],
)
def test_prose_and_languages_that_are_not_known_show_none(text: str) -> None:
    assert languages.of_code(text) == ""


@pytest.mark.parametrize(
    ("tag", "language"),
    [("py", "python"), ("sh", "bash"), ("golang", "go"), ("c#", "csharp"), ("jsx", "javascript")],
)
def test_tags_have_other_spellings(tag: str, language: str) -> None:
    assert languages.of_tag(tag) == language


@pytest.mark.parametrize("tag", ["", "text", "output", "123", "<|endoftext|>", "é"])
def test_a_tag_that_is_no_language_says_nothing(tag: str) -> None:
    assert languages.of_tag(tag) == ""


@pytest.mark.parametrize("unit", [" ", "a ", "{", "SELECT ", "def f(", "function a(", "# \n"])
def test_a_megabyte_is_looked_at_in_no_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    began = time.process_time()
    languages.of_code(text)
    languages.of_bare_code(text)
    assert time.process_time() - began < 1
