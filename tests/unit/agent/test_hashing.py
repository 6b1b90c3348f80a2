"""A message has the digest that it has, in however many parts it is hashed."""

from __future__ import annotations

import hashlib

import pytest

from agent.protocol.hashing import sha256_of

PART = 2047
LARGEST = 1 << 16


@pytest.mark.parametrize(
    "size", [0, 1, PART, PART + 1, 2 * PART, 2 * PART + 1, LARGEST, LARGEST + 1]
)
def test_a_digest_is_that_of_all_bytes_in_order(size: int) -> None:
    message = bytes(at % 251 for at in range(size))
    assert sha256_of(message).digest() == hashlib.sha256(message).digest()
