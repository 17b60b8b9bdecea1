"""A Hub of one's own on loopback: as much of its protocol as fetching a data set takes.

with serve({"acme/tasks": {"README.md": b"…", "train.jsonl": b"…"}}) as hub:
    …  # HF_ENDPOINT = hub.url
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Files = Mapping[str, bytes]


@dataclass
class Hub:
    """The data sets that are served, by name; a data set's commit is a digest of its files."""

    url: str
    datasets: dict[str, Files]
    asked: list[str] = field(default_factory=list)  # the paths, in order

    def commit(self, name: str) -> str:
        return hashlib.sha1(repr(sorted(self.datasets[name].items())).encode()).hexdigest()


@contextmanager
def serve(datasets: Mapping[str, Files]) -> Iterator[Hub]:
    """Serve data sets until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        hub = Hub(f"http://127.0.0.1:{server.server_port}", dict(datasets))
        server.hub = hub  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


_PATH = re.compile(
    r"(?:/api)?/datasets/(?P<dataset>[^/]+/[^/]+)/(revision|tree|resolve)/([^/]+)/?(.*)"
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub: Hub = self.server.hub  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        hub.asked.append(f"{self.command} {path}")
        match = _PATH.fullmatch(path)
        if not match or match["dataset"] not in hub.datasets:
            return self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
        dataset, action, revision, file = match.groups()
        commit = hub.commit(dataset)
        if revision not in ("main", commit):
            return self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        files = hub.datasets[dataset]
        if action == "revision":
            siblings = [{"rfilename": file} for file in files]
            return self._json({"id": dataset, "sha": commit, "siblings": siblings})
        if action == "tree":
            return self._json([_entry(file, data) for file, data in files.items()])
        if file not in files:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        headers = {"X-Repo-Commit": commit, "ETag": f'"{_sha1(files[file])}"'}
        return self._send(200, files[file], headers)

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the test looks at `asked`."""


def _entry(path: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": path, "size": len(data), "oid": _sha1(data)}


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()
