"""Where a candidate's own folder lies: nowhere that hides what it is shown."""

from __future__ import annotations

from wizardcoder.sandbox import root


def test_the_scratch_folder_lies_where_nothing_is_shown() -> None:
    assert root.writable(("/usr", "/scratches/env")) == "/scratch"


def test_an_interpreter_that_lies_there_moves_it() -> None:
    assert root.writable(("/scratch/tmp/env", "/scratch1")) == "/scratch2"
