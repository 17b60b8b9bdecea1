"""A finished run that the tests of the pipeline share."""

from __future__ import annotations

import pytest

from tests import tiny
from wizardcoder import recipe
from wizardcoder.pipeline import Run, open_run, run_all


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished tiny run, made with an empty cache."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        run = open_run(folder / "run", recipe.load(tiny.write_recipe(folder)))
        run_all(run)
    return run
