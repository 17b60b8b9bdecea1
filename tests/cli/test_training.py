"""`wizardcoder train`: what it says at its end, and every way in which it stops before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wizardcoder.cli.app import run as main
from wizardcoder.train.learner import Learner
from wizardcoder.train.tiny import TinyBase, make_model, make_tokenizer

NO_ROOM = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
#: From here on, no file may become larger.
LIMITED = """
import resource, signal, torch
torch.set_num_threads(1)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def limit():
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
"""
STATE = "import wizardcoder.train.training as place; name = 'save_state'"
CHECKPOINT = "import wizardcoder.train.adapters as place; name = 'export'"
WRAPPED = """
whole = getattr(place, name)
def limited(*args, **kwargs):
    limit()
    return whole(*args, **kwargs)
setattr(place, name, limited)
from wizardcoder.cli import main
main()
"""
#: The second of two processes finds no memory in its third pass.
ONE_OF_TWO = """
import os, torch
torch.set_num_threads(1)
from wizardcoder.train.learner import Learner
whole, passes = Learner._loss_sum, []
def failing(self, batch):
    passes.append(batch)
    if os.environ["RANK"] == "1" and len(passes) == 3:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
    return whole(self, batch)
Learner._loss_sum = failing
from wizardcoder.cli import main
main()
"""


@pytest.fixture(autouse=True)
def _quiet(quiet: None) -> None:
    """Each test in an empty folder with data and a base."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base") / "tiny"
    tokenizer = make_tokenizer(["def total(xs):\n    return sum(xs)\n"] * 20, 300)
    make_model(TinyBase(width=32, layers=1, heads=2), tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def rows() -> list[dict[str, str]]:
    return [
        {"instruction": f"Write add_{n}(x).", "output": f"def add_{n}(x):\n    return x + {n}\n"}
        for n in range(12)
    ]


def command(base: Path, *overrides: str, out: str = "out") -> list[str]:
    """`train` on twelve short records, 12 steps in fp32."""
    if not Path("few.json").exists():
        Path("few.json").write_text(json.dumps(rows()))
    settings = (
        *("train.length_tokens=256", 'train.precision="fp32"', "train.rows_per_step=2"),
        *("train.steps=6", "train.warmup_steps=0", "train.lr=1e-3", "train.trackers=[]"),
        *("train.rows_per_batch=1", "clean.benchmarks=[]", "train.checkpoint_seconds=1e-6"),
    )
    given = [part for each in (*settings, *overrides) for part in ("--set", each)]
    return ["train", "few.json", "--base", str(base), "--out", out, *given]


def states(out: str = "out") -> list[str]:
    return [path.name for path in Path(out, "model", "seed.partial", "states").glob("0*")]


def process(code: str, arguments: list[str], *how: str) -> subprocess.CompletedProcess[str]:
    Path("program.py").write_text(code)
    return subprocess.run(
        [sys.executable, *how, "program.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_it_says_what_was_learnt_and_what_was_not(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = {"instruction": "Write f(x) " + "with much to be said of it " * 80, "output": "pass"}
    cut = {"instruction": "Write g(x).", "output": "pass\n" * 400}
    Path("few.json").write_text(json.dumps([*rows(), long, cut]))
    assert main(command(base)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["examples", "rejected", "truncated", "steps"]
    assert lines[1].split()[:5] == ["seed", "13", "1", "1", "6"]
    assert "prompt alone fills train.length_tokens = 256" in lines[2]
    assert "lost their end" in lines[3]
    assert lines[-1] == "out/model"


def test_a_wrong_base_is_named_before_anything_is_made(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(Path("nowhere/at/all"))) == 2
    assert "base.model = 'nowhere/at/all': there is no such folder" in capsys.readouterr().err
    assert not Path("out/clean").exists()
    assert main(command(base)) == 0


def test_an_empty_data_set_is_named(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("few.json").write_text("[]")
    assert main(command(base)) == 2
    assert "few.json: holds no seeds" in capsys.readouterr().err
    Path("few.json").write_text(json.dumps(rows()))
    assert main(command(base)) == 0


def test_data_that_leaves_nothing_to_learn_is_named(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = {"instruction": "Write f(x) " + "with much to be said of it " * 80, "output": "pass"}
    Path("few.json").write_text(json.dumps([long]))
    assert main(command(base)) == 1
    assert "nothing to learn" in capsys.readouterr().err


def test_a_row_that_does_not_fit_stops_it_and_the_same_command_goes_on(
    base: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, passes = Learner._loss_sum, []

    def failing(self: Learner, batch: object) -> object:
        passes.append(batch)
        if len(passes) > 6:
            raise NO_ROOM
        return whole(self, batch)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "_loss_sum", failing)
        assert main(command(base)) == 1
    said = capsys.readouterr().err
    assert "Error: out of memory with a single row" in said
    assert "train.gradient_checkpointing = true" in said
    assert states() == ["00000003"]
    assert main(command(base, "train.gradient_checkpointing=true")) == 0


def test_a_loss_that_is_not_a_number_stops_it_and_names_the_rate(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(base, "train.lr=1e30")) == 1
    said = capsys.readouterr().err
    assert "Error: the loss of step 2 is nan (train.lr = 1e+30" in said
    assert states() == ["00000001"]
    assert main([*command(base), "--force"]) == 0


@pytest.mark.parametrize("where", [STATE, CHECKPOINT], ids=["state", "checkpoint"])
def test_a_full_disk_stops_it_and_the_same_command_goes_on(where: str, base: Path) -> None:
    done = process(LIMITED + where + WRAPPED, command(base, "train.checkpoint_seconds=1e6"))
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("Error: ") == 1
    assert "cannot write: " in done.stderr
    assert "make room" in done.stderr
    assert "Traceback" not in done.stderr
    assert states() == ([] if where == STATE else ["00000006"])
    assert main(command(base, "train.checkpoint_seconds=1e6")) == 0
    assert main(command(base, out="whole")) == 0
    weights = [Path(out, "model/seed/model.safetensors").read_bytes() for out in ("out", "whole")]
    assert weights[0] == weights[1]


@pytest.mark.slow
def test_of_two_processes_the_one_without_memory_says_so(base: Path) -> None:
    arguments = command(base, 'train.parallel="ddp"')
    launched = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    done = process(ONE_OF_TWO, arguments, *launched)
    assert done.returncode != 0
    assert done.stderr.count("Error: out of memory with a single row") == 1
    assert "another process of this training has ended, and says why" in done.stderr
    assert "in _loss_sum" not in done.stderr
    assert states() == ["00000002"]
