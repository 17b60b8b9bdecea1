"""Files that hold secrets: known by their names, or by what detect-secrets finds in them.

A finding names the kind of secret and the line, never the secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

#: Files that hold nothing but secrets; they are not even opened.
_NAMES = (
    *(".env", ".env.*", "*.env", ".envrc", ".netrc", ".pypirc", ".npmrc", ".pgpass", ".htpasswd"),
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*"),
)
#: Filters of detect-secrets that would leave whole files unread because of their path.
_BLIND = (
    "detect_secrets.filters.heuristic.is_swagger_file",
    "detect_secrets.filters.heuristic.is_lock_file",
    "detect_secrets.filters.heuristic.is_non_text_file",
)

Scan = Callable[[Path], str]


def is_secret_by_name(name: str) -> bool:
    """Whether a file of this name holds secrets and nothing else.

    >>> is_secret_by_name(".env"), is_secret_by_name("id_rsa"), is_secret_by_name("environ.py")
    (True, True, False)
    """
    return any(fnmatchcase(name.lower(), pattern) for pattern in _NAMES)


@contextmanager
def secret_scan() -> Iterator[Scan]:
    """What finds the first secret in a file: its kind and line, "" if there is none.

    All plugins of detect-secrets look, and none asks a service whether a secret is valid.
    """
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import default_settings

    def scan(path: Path) -> str:
        for secret in scan_file(str(path)):
            return f"{secret.type}, line {secret.line_number}"
        return ""

    with default_settings() as settings:
        settings.disable_filters(*_BLIND)
        yield scan
