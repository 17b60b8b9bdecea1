"""`python -m wizardcoder`."""

from __future__ import annotations

from wizardcoder.cli import main

main()
