"""Under which pseudonyms people and sessions stand in the service's database.

A user has the pseudonym they have in the graph (`kg.ids.pseudonym`), so log and snapshot meet. A
session's is made alike, of another kind, so that a session named like a user is not that user.
"""

from __future__ import annotations

import hashlib
import hmac

from kg.ids import local_part, pseudonym

__all__ = ["Pseudonyms"]


class Pseudonyms:
    """Keyed pseudonyms; not reversible without the key, which stays in the store."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def user(self, user_id: str) -> str:
        """Of a user, by the shop's own id: ``user:…``."""
        return pseudonym(user_id, self._key)

    def session(self, session_id: str) -> str:
        """Of an anonymous session: ``session:…``."""
        return "session:" + local_part(pseudonym(f"session\0{session_id}", self._key))

    def digest(self, text: str) -> str:
        """Keyed hash of a text, which tells whether it came before without keeping it."""
        return local_part(pseudonym(f"digest\0{text}", self._key))

    def keyed(self, purpose: bytes, said: bytes, size: int) -> bytes:
        """Keyed hash of some bytes, of ``size`` bytes (BLAKE2b).

        Args:
            purpose: at most 16 bytes; what was hashed for another purpose has another hash.
            said: what to hash.
            size: at most 64.
        """
        return hashlib.blake2b(said, key=self._key, digest_size=size, person=purpose).digest()

    @staticmethod
    def same(one: bytes, other: bytes) -> bool:
        """Whether two hashes are the same, found out in a time that does not tell where not."""
        return hmac.compare_digest(one, other)
