"""The changes our tests make behind Pulumi's back, each held against the CLI's own refresh."""

from __future__ import annotations

from tests.worlds.pulumi.mutations import python_shop, yaml_shop
from tests.worlds.pulumi.mutations.mutation import Answer, Mutation, rounds
from tests.worlds.pulumi.shop import PYTHON_SHOP, YAML_SHOP

BY_SHOP = {YAML_SHOP: yaml_shop.MUTATIONS, PYTHON_SHOP: python_shop.MUTATIONS}

__all__ = ["BY_SHOP", "Answer", "Mutation", "rounds"]
