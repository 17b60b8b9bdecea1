"""Model FLOP utilisation on a GPU: a StarCoder of a billion parameters at length 2048.

    python bench/train_gpu.py --data CODE_ALPACA_2K.json --peer-python PEER/bin/python

Ours against TRL's packing in one run, both in bf16 with flash attention where it is installed; only
tokens that are not padding count. Goal: 45 %. Without a GPU it says so and has nothing to do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training import GPU_MODEL, make_checkpoint
from wizardcoder.seeds import read_file
from wizardcoder.train import from_records
from wizardcoder.train.speed import flops_per_token, peak_flops

PEER = Path(__file__).with_name("peers") / "trl_train.py"
OURS = Path(__file__).with_name("training.py")
LENGTH_TOKENS = 2048
LEAST_UTILISATION = 0.45


def main() -> None:
    options = parsed()
    device = gpu()
    if device is None:
        print("no GPU here: utilisation was not measured")
        return
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, pairs = Path(folder) / "checkpoint", Path(folder) / "pairs.json"
        examples = from_records(read_file(options.data).records)
        texts = [example.prompt + example.response for example in examples]
        make_checkpoint(checkpoint, GPU_MODEL, texts)
        pairs.write_text(
            json.dumps([{"prompt": e.prompt, "response": e.response} for e in examples])
        )
        rates = {name: rate(command) for name, command in sides(options, checkpoint, pairs).items()}
        flops = token_flops(checkpoint, texts)
    print(table(rates, flops, options.peak_tflops, device))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peer-python", type=Path, help="without it, TRL is left out")
    parser.add_argument("--seconds", type=float, default=60.0, help="measured, of each side")
    parser.add_argument("--peak-tflops", type=float, help="of a device that is not known here")
    return parser.parse_args()


def gpu() -> str | None:
    """The name of the first GPU."""
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None


def sides(
    options: argparse.Namespace, checkpoint: Path, pairs: Path
) -> dict[str, Sequence[object]]:
    """The command of each side."""
    own = (sys.executable, OURS, checkpoint, options.data, options.seconds, "bf16", "gpu")
    found: dict[str, Sequence[object]] = {"wizardcoder": own}
    if options.peer_python:
        common = (options.peer_python, PEER, checkpoint, pairs, options.seconds)
        found["TRL packing"] = (*common, "packing on a GPU", "bf16")
    return found


def rate(command: Sequence[object]) -> float:
    """Real tokens per second. Raises SystemExit, with what it said, when the side fails."""
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    said = json.loads(done.stdout.splitlines()[-1])
    return float(said["tokens"] / said["seconds"])


def token_flops(checkpoint: Path, texts: Sequence[str]) -> float:
    """Operations of forward and backward for a token, in documents of these lengths."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    encoded = AutoTokenizer.from_pretrained(checkpoint)(list(texts))["input_ids"]
    lengths = np.minimum([len(ids) + 1 for ids in encoded], LENGTH_TOKENS)
    with torch.device("meta"):
        config = AutoConfig.from_pretrained(checkpoint)
        model = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    return flops_per_token(model, float((lengths**2).sum() / lengths.sum()))


def table(rates: dict[str, float], flops: float, peak_tflops: float | None, device: str) -> str:
    """The figures, a side a line, and whether what is promised holds."""
    import torch

    peak = peak_flops(torch.device("cuda"), peak_tflops)
    if peak is None:
        raise SystemExit(f"the peak of '{device}' is not known here: give it with --peak-tflops")
    lines = [f"{device}, peak {peak / 1e12:.0f} TFLOP/s", ""]
    lines += ["side | real tokens/s | MFU", "--- | --- | ---"]
    lines += [f"{name} | {each:.0f} | {each * flops / peak:.1%}" for name, each in rates.items()]
    own = rates["wizardcoder"] * flops / peak
    holds = "holds" if own >= LEAST_UTILISATION else "MISSED"
    return "\n".join([*lines, "", f"MFU: {own:.1%}, {holds} ({LEAST_UTILISATION:.0%})"])


if __name__ == "__main__":
    main()
