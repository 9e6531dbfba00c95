"""The table of ops, for those below them: `polyflow.ops` declares every op one floor up and enters it here by name."""

from __future__ import annotations

from typing import Any

OPS: dict[str, Any] = {}
