"""Impression ids: which list was shown where, to whom, by which arm, signed so that no row is kept.

In: a list that is answered. Out: a short text that goes with it; and back from the text to what it
says. It holds no product and no shopper in clear: of each product 16 bits, of the shopper a keyed
hash that stands nowhere else. Signed with the store's key, so what was not made here is refused.
"""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

from api.people import Pseudonyms

__all__ = ["UNATTRIBUTED", "Attribution", "Impression", "Impressions"]

_HEAD = struct.Struct(">BI8sB")  # version, seconds since 1970, whose, bytes of the names
_VERSION = 1
_SIGNED = 12  # bytes of the signature
_EARLY_US = 300_000_000  # clocks of the shop's servers may differ by so much
_DAY_US = 86_400_000_000
_NOT_OURS = "is none that this service gave; send the impression_id of an answer as it stands there"


@dataclass(frozen=True, slots=True)
class Impression:
    """What an impression id says."""

    at_us: int  # when it was answered, microseconds since 1970 UTC, whole seconds
    surface: str  # place in the shop; empty: none was named
    experiment: str  # empty: none
    arm: str
    whose: bytes
    products: bytes  # two bytes each, in the order of the list


@dataclass(frozen=True, slots=True)
class Attribution:
    """To what an event is due."""

    surface: str | None = None
    experiment: str | None = None
    arm: str | None = None
    shown_us: int | None = None  # when it was shown to who did it; null: to someone else


UNATTRIBUTED = Attribution()
"""Due to no list."""


class Impressions:
    """Makes and reads the impression ids of one tenant."""

    def __init__(self, people: Pseudonyms, *, tenant: str = "default", days: float = 30.0) -> None:
        """Sign by the key behind the pseudonyms.

        Args:
            people: the pseudonyms of the store.
            tenant: whose; another's ids are refused.
            days: how long after a list was shown an event may be due to it.
        """
        self._people, self._tenant, self.days = people, tenant.encode(), days

    def issue(
        self,
        at_us: int,
        subject: str,
        products: Iterable[str],
        *,
        surface: str = "",
        experiment: str = "",
        arm: str = "",
    ) -> str:
        """The impression id of a list.

        Args:
            at_us: when it is answered.
            subject: pseudonym of who is shown it; empty: not known.
            products: the shop's own ids, in the order of the list.
            surface: place in the shop, at most 64 characters of ASCII, like the names that follow.
            experiment: that the list is part of.
            arm: of the experiment.
        """
        names = f"{surface}\0{experiment}\0{arm}".encode()
        head = _HEAD.pack(_VERSION, at_us // 1_000_000, self._whose(subject), len(names))
        said = head + names + b"".join(map(_mark, products))
        return urlsafe_b64encode(said + self._signature(said)).rstrip(b"=").decode()

    def read(self, text: str) -> Impression | None:
        """What an impression id says; None where this service did not make it."""
        try:
            whole = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except (Base64Error, UnicodeError):
            return None
        said, signature = whole[:-_SIGNED], whole[-_SIGNED:]
        if len(said) < _HEAD.size or not self._people.same(self._signature(said), signature):
            return None
        version, seconds, whose, length = _HEAD.unpack_from(said)
        if version != _VERSION:
            return None
        names = said[_HEAD.size : _HEAD.size + length].decode()
        surface, experiment, arm = names.split("\0")
        return Impression(
            seconds * 1_000_000, surface, experiment, arm, whose, said[_HEAD.size + length :]
        )

    def attribute(self, text: str, subject: str, product: str, at_us: int) -> Attribution | str:
        """To what an event is due, or why it is due to nothing.

        A list may be shown to one and answered by another, who got an e-mail or has logged in
        meanwhile: the event is due to the list all the same, and ``shown_us`` is None.

        Args:
            text: the impression id that came with the event.
            subject: pseudonym of who did it.
            product: the shop's own id.
            at_us: when it happened.
        """
        found = self.read(text)
        if found is None:
            return _NOT_OURS
        if found.at_us > at_us + _EARLY_US:
            return "was given after the event happened; send the one of the list that led to it"
        if found.at_us < at_us - self.days * _DAY_US:
            return (
                f"was given more than {self.days:g} days before the event (CLEW_ATTRIBUTION_DAYS)"
            )
        if _mark(product) not in _pairs(found.products):
            return f"is of a list without product {product!r}; send it with products of its list"
        theirs = self._people.same(found.whose, self._whose(subject))
        return Attribution(
            surface=found.surface or None,
            experiment=found.experiment or None,
            arm=found.arm or None,
            shown_us=found.at_us if theirs else None,
        )

    def _signature(self, said: bytes) -> bytes:
        return self._people.keyed(b"impression", self._tenant + b"\0" + said, _SIGNED)

    def _whose(self, subject: str) -> bytes:
        return self._people.keyed(b"shown to", subject.encode(), 8) if subject else bytes(8)


def _mark(product: str) -> bytes:
    """Sixteen bits of a product's id: one in 65,536 others has the same."""
    return (crc32(product.encode()) & 0xFFFF).to_bytes(2, "big")


def _pairs(marks: bytes) -> set[bytes]:
    return {marks[at : at + 2] for at in range(0, len(marks), 2)}
