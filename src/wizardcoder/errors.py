"""Every error that WizardCoder raises on purpose, in one tree.

    WizardCoderError                 exit 1
    ├── UsageError                   exit 2   wrong usage or input
    │   ├── RecipeError                       a recipe that cannot be read or makes no sense
    │   ├── InputError                        a row or field of a data file
    │   ├── MissingDataError                  a benchmark or seed file that is nowhere to be found
    │   ├── MissingExtraError                 an optional dependency that is not installed
    │   ├── StageConflictError                a stage folder made with other options or inputs
    │   ├── RunLockedError                    another process writes this run
    │   └── StorageError                      the disk is full or refuses to write
    ├── TeacherError                 exit 1   the teacher cannot be used
    │   ├── TeacherAccessError       exit 2   wrong endpoint, key or model: nothing will work
    │   │   └── MissingReplyError             a replay needs what the ledger does not hold
    │   └── TeacherRefusedError      exit 1   it refuses this one request, for good
    ├── SandboxError                 exit 1   the sandbox cannot give a verdict
    ├── TrainingError                exit 1   training cannot go on (NaN loss, no data)
    │   └── MemoryExhaustedError              one process has no memory left
    └── BudgetError                  exit 3   stopped by a budget or time limit

A message says what is wrong, the value got, where, and the command or field that mends it.
"""

from __future__ import annotations


class WizardCoderError(Exception):
    """An error with a message for the person at the keyboard."""

    exit_code = 1

    def __reduce__(self) -> tuple[object, ...]:
        return _revive, (type(self), str(self))  # whatever __init__ wants, workers can send it


class UsageError(WizardCoderError):
    """Wrong usage or wrong input."""

    exit_code = 2


class RecipeError(UsageError):
    """A recipe that cannot be read or makes no sense."""


class InputError(UsageError):
    """A row or field of a data file that cannot be used.

    >>> print(InputError("s.jsonl", line=3, field="instruction", value=7, problem="is not text"))
    s.jsonl:3: field 'instruction' is not text (got 7)
    """

    def __init__(
        self,
        file: object,
        *,
        problem: str,
        line: int | None = None,
        field: str | None = None,
        value: object = None,
        mend: str = "",
    ) -> None:
        where = f"{file}:{line}" if line is not None else f"{file}"
        subject = f"field '{field}' " if field is not None else ""
        got = "" if value is None else f" (got {_shorten(value)})"
        super().__init__(f"{where}: {subject}{problem}{got}{'; ' + mend if mend else ''}")


class MissingDataError(UsageError):
    """A benchmark or seed file that is nowhere to be found."""


class MissingExtraError(UsageError):
    """An optional dependency that is not installed."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(
            f"this needs the package '{module}', which is not installed; "
            f"install it with: pip install 'wizardcoder[{extra}]'"
        )


class StageConflictError(UsageError):
    """A stage folder that was made with other options or inputs."""


class RunLockedError(UsageError):
    """Another process writes this run."""


class StorageError(UsageError):
    """The disk is full or refuses to write."""


class TeacherError(WizardCoderError):
    """The teacher cannot be used: it is down, refuses, or keeps failing."""


class TeacherAccessError(TeacherError):
    """Wrong endpoint, key or model: nothing will work until that is mended."""

    exit_code = 2


class TeacherRefusedError(TeacherError):
    """The endpoint refuses this request, and would again: too long, or against its policy."""


class MissingReplyError(TeacherAccessError):
    """A replay needs a reply that the ledger does not hold."""


class SandboxError(WizardCoderError):
    """The sandbox cannot give a verdict."""


class TrainingError(WizardCoderError):
    """Training cannot go on."""


class MemoryExhaustedError(TrainingError):
    """One process has no memory left. Of several that train together, only that one knows it."""


class BudgetError(WizardCoderError):
    """Stopped by a budget or time limit; the run can go on later."""

    exit_code = 3


def _revive(kind: type[WizardCoderError], message: str) -> WizardCoderError:
    error = kind.__new__(kind)
    error.args = (message,)
    return error


def _shorten(value: object, limit: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
