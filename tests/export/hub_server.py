"""A Hub for the tests: it speaks to `huggingface_hub` on the loopback and keeps what it is sent.

with HubServer() as server:
    hub = HfApi(endpoint=server.endpoint, token="hf_…")
assert server.files == {"README.md": b"…"}
"""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class HubServer:
    """The server; `status` other than 200 refuses a commit, `private` is what repositories are."""

    def __init__(self, *, private: bool = True, status: int = 200) -> None:
        self.private, self.status = private, status
        self.files: dict[str, bytes] = {}
        self.made: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str, body: bytes) -> tuple[int, object]:
        """Status and JSON for a request."""
        if path == "/api/repos/create":
            self.made.append(json.loads(body))
            data = self.made[-1].get("type") == "dataset"  # a model is what has no other type
            return 200, {"url": f"{self.endpoint}/{'datasets/' if data else ''}me/mine"}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if "/preupload/" in path:
            files = json.loads(body)["files"]
            how = {"uploadMode": "regular", "shouldIgnore": False}
            return 200, {"files": [{"path": file["path"], **how} for file in files]}
        if "/commit/" in path:
            return self._commit(body)
        return 200, {"id": "me/mine", "private": self.private, "sha": "0" * 40, "siblings": []}

    def _commit(self, body: bytes) -> tuple[int, object]:
        if self.status != 200:
            return self.status, {"error": "no space left"}
        for row in map(json.loads, body.splitlines()):
            if row["key"] == "file":
                value = row["value"]
                self.files[value["path"]] = base64.b64decode(value["content"])
        return 200, {"commitUrl": f"{self.endpoint}/datasets/me/mine/commit/0", "commitOid": "0"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply()

            def do_POST(self) -> None:
                self._reply()

            def _reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                hub.tokens.add(self.headers.get("Authorization", ""))
                status, value = hub.answer(self.path.partition("?")[0], body)
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *values: object) -> None: ...

        return Handler
