"""Verdicts that stand already, when completions are added or left away.

A stage folder belongs to its completions; but the verdict on one of them does not depend on the
others. So where a folder's verdicts are of the same code, they stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from wizardcoder.evaluate.selfcheck import OWN
from wizardcoder.evaluate.verdicts import Fallen, code_digest, read_fallen
from wizardcoder.records import Completion
from wizardcoder.storage import (
    Identity,
    Json,
    drop_torn_line,
    earlier,
    read_jsonl,
    reopen,
    sign,
)

#: The shard of an unfinished stage folder: verdicts in the order in which they fell.
SHARD = "fallen"
_COMPLETIONS = "completions"  # how those inputs of an identity are called


def take_over(path: Path, identity: Identity, completions: Sequence[Completion]) -> None:
    """Give the verdicts of the stage folder `path` to `identity`, if only completions tell them
    apart, and those that both have hold the same code.

    A finished folder is left aside, as `--force` leaves it, where it has verdicts on more than
    these completions.
    """
    found, wanted = earlier(path), identity.as_json()
    if found is None or found.identity == wanted:
        return
    if _without_completions(found.identity) != _without_completions(wanted):
        return
    verdicts = list(_verdicts(path, finished=found.finished))
    digests = {(c.task_id, c.sample): code_digest(c) for c in completions}
    if not _agree(verdicts, digests):
        return
    if found.finished:
        more = any((v.task_id, v.sample) not in digests for v in verdicts)
        reopen(path, identity, SHARD, verdicts, keep=more)
    else:
        sign(path, identity)


def _verdicts(path: Path, *, finished: bool) -> Iterable[Fallen]:
    if finished:
        return read_fallen(path)
    shard = path.with_name(f"{path.name}.partial") / f"{SHARD}.jsonl"
    if not shard.exists():
        return ()
    drop_torn_line(shard)
    return (verdict for verdict in read_jsonl(shard, Fallen) if verdict.sample != OWN)


def _agree(verdicts: Iterable[Fallen], digests: dict[tuple[str, int], str]) -> bool:
    """Whether there are verdicts on these completions, and none on other code in their place."""
    same = [
        verdict.code_digest == digests[verdict.task_id, verdict.sample]
        for verdict in verdicts
        if (verdict.task_id, verdict.sample) in digests
    ]
    return bool(same) and all(same)


def _without_completions(identity: Json) -> Json:
    inputs = {k: v for k, v in identity["inputs"].items() if k.split("/")[0] != _COMPLETIONS}
    return {**identity, "inputs": inputs}
