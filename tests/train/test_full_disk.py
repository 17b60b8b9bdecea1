"""A disk that fills up while training costs no checkpoint."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import pathlib, resource, signal, sys
import torch
from wizardcoder.errors import StorageError
from wizardcoder.train.checkpoint import load_state, save_state
folder = pathlib.Path(sys.argv[1])
save_state(folder, {"weights": torch.zeros(10)})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
try:
    save_state(folder, {"weights": torch.zeros(100_000)})
except StorageError as error:
    print("make room" in str(error), len(load_state(folder)["weights"]))
"""


def test_a_state_that_does_not_fit_leaves_the_one_before(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "True 10\n", done.stderr
