"""The libraries that DS-1000 runs on: what its authors pinned, and what is installed here.

Knows what stands where, not how it gets there (`installation`).
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from wizardcoder.benchmarks.sources import cache_folder
from wizardcoder.storage import write_text

PYTHON = "3.10"
_MARKER = "environment.json"
_FORMAT = 1


class Pin(NamedTuple):
    """A package in the version of DS-1000's environment.yml, and the module that it provides.

    `stand_in`: a version to take where the pinned one is not to be had without a GPU's libraries.
    """

    package: str
    version: str
    module: str
    stand_in: str = ""


PINS = (
    Pin("numpy", "1.26.4", "numpy"),
    Pin("pandas", "1.5.3", "pandas"),
    Pin("scipy", "1.12.0", "scipy"),
    Pin("scikit-learn", "1.4.0", "sklearn"),
    Pin("matplotlib", "3.8.4", "matplotlib"),
    Pin("seaborn", "0.13.2", "seaborn"),
    Pin("statsmodels", "0.14.1", "statsmodels"),
    Pin("xgboost", "2.0.3", "xgboost"),
    Pin("gensim", "4.3.2", "gensim"),
    Pin("torch", "2.2.0", "torch", stand_in="2.13.0"),
    Pin("tensorflow-cpu", "2.16.1", "tensorflow"),
)
#: Needed by problems but not pinned by the authors: package and module.
COMPANIONS = (("pyyaml", "yaml"), ("pillow", "PIL"))
#: The modules that problems may import, besides the standard library.
MODULES = (*(pin.module for pin in PINS), *(module for _, module in COMPANIONS), "mpl_toolkits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A finished installation.

    `versions`: of the packages of `PINS` and `COMPANIONS` that are there. `modules`: which of
    `MODULES` could be imported. `files`: data sets that problems fetch over a network and that
    could be fetched when it was installed, as `SOURCE/NAME` (see `installation`).
    """

    folder: str
    python_version: str
    versions: dict[str, str]
    modules: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def python(self) -> str:
        """The path of its interpreter."""
        return str(Path(self.folder) / "bin" / "python")

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """What its programs find in their environment: no window, no chatter, one thread."""
        return (
            ("MPLBACKEND", "Agg"),
            ("MPLCONFIGDIR", str(Path(self.folder) / "matplotlib")),
            ("SEABORN_DATA", str(Path(self.folder) / "data" / "seaborn")),
            ("SCIKIT_LEARN_DATA", str(Path(self.folder) / "data" / "sklearn")),
            ("TF_CPP_MIN_LOG_LEVEL", "3"),
            ("TF_NUM_INTEROP_THREADS", "1"),
            ("TF_NUM_INTRAOP_THREADS", "1"),
        )

    def difference(self, pin: Pin) -> str:
        """In what a package differs from its pin, "" when in nothing that counts."""
        version = self.versions.get(pin.package)
        if version is None:
            return f"no {pin.package} {pin.version}"
        if pin.module not in self.modules:
            return f"{pin.package} {version} cannot be imported"
        same = version.partition("+")[0] == pin.version
        return "" if same else f"{pin.package} {version} for {pin.version}"

    def differences(self) -> list[str]:
        """Where it is not what the authors pinned."""
        python = f"Python {self.python_version} for {PYTHON}"
        same = self.python_version.startswith(f"{PYTHON}.")
        return [*([] if same else [python]), *filter(None, map(self.difference, PINS))]


def folder_of(python_version: str) -> Path:
    """Where the environment of a Python lies: one for each minor version."""
    minor = ".".join(python_version.split(".")[:2])
    return cache_folder() / "environments" / f"ds1000-python{minor}"


def find() -> Environment | None:
    """The environment that was finished last, None when there is none."""
    markers = (cache_folder() / "environments").glob(f"ds1000-*/{_MARKER}")
    newest = sorted(markers, key=lambda file: file.stat().st_mtime, reverse=True)
    return next(filter(None, map(_read, newest)), None)


def finish(environment: Environment) -> None:
    """Mark an installation as finished: before that it does not count. Raises StorageError."""
    text = json.dumps({"format": _FORMAT, **asdict(environment)}, indent=1)
    write_text(Path(environment.folder) / _MARKER, text + "\n")


def unfinish(folder: Path) -> None:
    """An installation that is about to change does not count until it is finished again."""
    (folder / _MARKER).unlink(missing_ok=True)


def imports(source: str) -> set[str]:
    r"""The modules that code imports, also inside its texts: problems keep code in them.

    >>> sorted(imports("import numpy as np, os.path\ntext = '\nfrom torch.nn import Linear\n'"))
    ['numpy', 'os', 'torch']
    """
    lines = [*_FROM.findall(source), *_IMPORT.findall(source)]
    names = [name.split() for line in lines for name in line.split(",")]
    return {words[0].split(".")[0] for words in names if words}


_FROM = re.compile(r"^[ \t]*from[ \t]+([\w.]+)[ \t]+import\b", re.MULTILINE)
_IMPORT = re.compile(r"^[ \t]*import[ \t]+(\w[\w., \t]*)", re.MULTILINE)


def _read(marker: Path) -> Environment | None:
    """What a marker says; None when it is of another format, or its environment has gone."""
    try:
        table = json.loads(marker.read_text(encoding="utf-8"))
        if table.pop("format") != _FORMAT:
            return None
        table |= {"modules": tuple(table["modules"]), "files": tuple(table["files"])}
        found = Environment(**table | {"folder": str(marker.parent)})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if Path(found.python).exists() else None
