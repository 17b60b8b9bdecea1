"""Storage: where every stage meets the others. Stage folders, rows and files.

with open_stage(path, Identity("clean", options, inputs)) as stage:
    if not stage.complete:
        stage.finish({"records": (Record, records)}, counts={"records": len(records)})
"""

from __future__ import annotations

from wizardcoder.storage.files import (
    disk_errors,
    run_lock,
    sha256,
    text_digest,
    write_json_lines,
    write_text,
)
from wizardcoder.storage.places import network_filesystem
from wizardcoder.storage.rows import (
    Json,
    Shard,
    from_json,
    read_jsonl,
    read_parquet,
    stream_parquet,
    tally_parquet,
    to_json,
    write_parquet,
)
from wizardcoder.storage.stages import (
    FORMAT_VERSION,
    Identity,
    Stage,
    begun,
    input_hashes,
    is_free,
    open_stage,
    read_manifest,
)

__all__ = [
    "FORMAT_VERSION",
    "Identity",
    "Json",
    "Shard",
    "Stage",
    "begun",
    "disk_errors",
    "from_json",
    "input_hashes",
    "is_free",
    "network_filesystem",
    "open_stage",
    "read_jsonl",
    "read_manifest",
    "read_parquet",
    "run_lock",
    "sha256",
    "stream_parquet",
    "tally_parquet",
    "text_digest",
    "to_json",
    "write_json_lines",
    "write_parquet",
    "write_text",
]
