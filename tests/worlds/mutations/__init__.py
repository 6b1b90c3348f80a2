"""The changes our tests make behind the tool's back, each held against the stock plan."""

from __future__ import annotations

from tests.worlds.mutations import compute, identity, network, storage, watch
from tests.worlds.mutations.mutation import (
    Mutation,
    changed,
    missing,
    path_covers,
    paths_match,
    rounds,
)
from tests.worlds.mutations.others import DEMO, MODULES, SMALL5, TOLERATED

MIXED62: tuple[Mutation, ...] = (
    network.MUTATIONS + compute.MUTATIONS + storage.MUTATIONS + identity.MUTATIONS + watch.MUTATIONS
)

BY_STACK = {"mixed62": MIXED62, "small5": SMALL5, "modules": MODULES, "demo": DEMO}

# What the simulator or the provider cannot show (moto 5.2, AWS provider 5.100), and why.
UNSEEN = {
    "aws_route_table_association": "associating again gives another id: not to be undone",
    "aws_launch_template tags": "they never come back: even an untouched plan differs",
    "aws_iam_group path": "the simulator does not keep the new path",
    "aws_cloudwatch_log_metric_filter pattern": "a second put does not replace the first",
    "aws_ecs_cluster setting": "UpdateClusterSettings answers 500",
    "aws_cognito_user_pool tags": "TagResource answers 500",
    "aws_db_subnet_group description": "ModifyDBSubnetGroup answers 500 and loses the group",
    "aws_secretsmanager_secret_version": "the resource pins a version, a new one is none of its",
    "aws_iam_group": "nothing but its path and name could change",
}

__all__ = [
    "BY_STACK",
    "DEMO",
    "MIXED62",
    "MODULES",
    "SMALL5",
    "TOLERATED",
    "UNSEEN",
    "Mutation",
    "changed",
    "missing",
    "path_covers",
    "paths_match",
    "rounds",
]
