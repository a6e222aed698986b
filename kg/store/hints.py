"""What a query may have meant by a name that is not in the graph.

In: the engine's message, the names there are. Out: the message, with the names that are near the
unknown one and where all of them are listed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches

__all__ = ["with_hint"]

_UNKNOWN = re.compile(r"Table (\w+) does not exist|Cannot find property (\w+) for")
_ALL = "clew graph model lists labels, relationship types and properties"


def with_hint(message: str, names: Collection[str]) -> str:
    """A message about an unknown label, type or property with what helps; another as it is."""
    found = _UNKNOWN.search(message)
    if found is None:
        return message
    by_fold = {name.casefold(): name for name in names}
    near = get_close_matches((found[1] or found[2]).casefold(), by_fold, n=3)
    told = f"did you mean {', '.join(by_fold[name] for name in near)}? " if near else ""
    return f"{message.rstrip('.')}; {told}{_ALL}"
