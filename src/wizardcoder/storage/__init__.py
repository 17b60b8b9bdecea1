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
from wizardcoder.storage.reopening import Earlier, earlier, reopen, sign
from wizardcoder.storage.rows import (
    Json,
    Shard,
    drop_torn_line,
    from_json,
    read_jsonl,
    to_json,
)
from wizardcoder.storage.stages import (
    FORMAT_VERSION,
    Identity,
    Stage,
    adopt,
    begun,
    input_hashes,
    is_free,
    open_stage,
    read_manifest,
)
from wizardcoder.storage.tables import (
    from_table,
    is_table,
    read_parquet,
    read_table,
    schema_of,
    stream_parquet,
    tally_parquet,
    to_table,
    write_parquet,
)

__all__ = [
    "FORMAT_VERSION",
    "Earlier",
    "Identity",
    "Json",
    "Shard",
    "Stage",
    "adopt",
    "begun",
    "disk_errors",
    "drop_torn_line",
    "earlier",
    "from_json",
    "from_table",
    "input_hashes",
    "is_free",
    "is_table",
    "network_filesystem",
    "open_stage",
    "read_jsonl",
    "read_manifest",
    "read_parquet",
    "read_table",
    "reopen",
    "run_lock",
    "schema_of",
    "sha256",
    "sign",
    "stream_parquet",
    "tally_parquet",
    "text_digest",
    "to_json",
    "to_table",
    "write_json_lines",
    "write_parquet",
    "write_text",
]
