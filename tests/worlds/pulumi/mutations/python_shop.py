"""Changes to the shop in Python: AWS behind the bridge, and things behind dynamic providers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.worlds.pulumi.mutations.aws import (
    closed,
    opened,
    put_parameter,
    rule,
    topic_name,
    topic_tag,
    widened,
)
from tests.worlds.pulumi.mutations.mutation import (
    Edited,
    Mutation,
    PutBack,
    Removed,
    drifted,
    gone,
    tolerated,
)
from tests.worlds.world import Attribute, Call, World

FRONT = rule(443, "10.0.0.0/8", "port 443")
INNER = rule(8443, "10.1.0.0/16", "port 8443")
SSH = {"port": 22, "cidr": "0.0.0.0/0"}


def _password(value: str) -> Call:
    return put_parameter("/front/password", value, "SecureString")


def _document(*actions: str) -> str:
    receive = {"Resource": "*", "Action": list(actions), "Effect": "Allow"}
    read = {"Resource": "*", "Action": "ssm:GetParameter", "Effect": "Allow"}
    return json.dumps({"Statement": [receive, read], "Version": "2012-10-17"})


def _policy(document: str) -> Call:
    return Call(
        "iam",
        "create_policy_version",
        {
            "PolicyArn": Attribute("orders-policy", "arn"),
            "PolicyDocument": document,
            "SetAsDefault": True,
        },
    )


class FirstVersionOnly:
    """Makes the policy's first version the default and deletes every other."""

    def send(self, world: World) -> None:
        """Do it; version numbers are never used twice, so they are asked for."""
        client = world.client("iam")
        arn = world.resolve(Attribute("orders-policy", "arn"))
        client.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])


BRIDGED = (
    opened("edge"),
    closed("edge", INNER),
    widened("edge", FRONT, rule(443, "0.0.0.0/0", "port 443")),
    drifted(
        "password",
        "value",
        _password("CANARY-stolen-password"),
        _password("CANARY-front-password"),
        what="the secret",
    ),
    gone(
        "password",
        Call("ssm", "delete_parameter", {"Name": "/front/password"}),
        put_parameter("/front/password", "CANARY-front-password", "SecureString", Overwrite=False),
    ),
    drifted("events", "displayName", topic_name("events", "Noise"), topic_name("events", "Events")),
    drifted(
        "events",
        "tags",
        topic_tag("events", "added", "x"),
        topic_tag("events", "added", None),
        what="a tag where there was none",
    ),
    tolerated(
        "orders-policy",
        None,
        _policy(_document("sqs:SendMessage", "sqs:ReceiveMessage")),
        FirstVersionOnly(),
        what="its policy in another order",
    ),
    drifted("orders-policy", "policy", _policy(_document("*")), FirstVersionOnly()),
    tolerated(
        "foreign",
        "displayName",
        topic_name("foreign", "Noise"),
        topic_name("foreign", "Foreign"),
        what="only looked up",
    ),
    gone(
        "foreign",
        Call("sns", "delete_topic", {"TopicArn": Attribute("foreign")}),
        Call("sns", "create_topic", {"Name": "foreign", "Attributes": {"DisplayName": "Foreign"}}),
    ),
)


def edited(
    thing: str, path: str, change: Callable[[dict[str, Any]], object], *, what: str | None = None
) -> Mutation:
    """Describe a change of one thing of the file."""
    return drifted(thing, path, Edited(thing, change), PutBack(thing), what=what)


def _labels(**labels: str) -> Callable[[dict[str, Any]], object]:
    return lambda thing: thing["labels"].update(labels)


def _set(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda thing: thing.update(fields)


SHELF = (
    edited("shelf", "value", _set(value="w")),
    edited("shelf", "size", _set(size=4)),
    edited("shelf", "size", _set(size=3.5), what="a fraction"),
    edited("shelf", "public", _set(public=True)),
    edited("shelf", "secret", _set(secret="CANARY-stolen")),
    edited("shelf", "secret", _set(secret=None), what="the secret taken away"),
    edited("shelf", "labels.team", _labels(team="x")),
    edited("shelf", "labels.added", _labels(added="x")),
    edited("shelf", "labels", _set(labels={}), what="all labels"),
)
RACK = (
    edited("rack", 'labels["a.b"]', lambda thing: thing["labels"].pop("a.b"), what="a dotted key"),
    edited("rack", "rules[2]", lambda thing: thing["rules"].append(SSH), what="one more rule"),
    edited("rack", "rules", lambda thing: thing["rules"].pop(0), what="one rule less"),
    edited("rack", "rules[1].cidr", lambda thing: thing["rules"][1].update(cidr="0.0.0.0/0")),
    edited("rack", "rules", lambda thing: thing["rules"].reverse(), what="rules in other order"),
    edited("rack", "zones", lambda thing: thing["zones"].reverse(), what="zones in other order"),
    Mutation(
        name="rack: place",
        resource="rack",
        answer="drifted",
        paths=frozenset({"place"}),
        replaces=True,
        change=(Edited("rack", _set(place="there")),),
        restore=(PutBack("rack"),),
    ),
    gone("rack", Removed("rack"), PutBack("rack")),
)
CRATE = (
    edited("crate", "value", _set(value="w")),
    edited("crate", "secret", _set(secret="CANARY-stolen")),
    edited("crate", "labels.added", _labels(added="x")),
    edited("crate", "labels.team", lambda thing: thing["labels"].pop("team"), what="a label less"),
    edited("crate", "rules[2]", lambda thing: thing["rules"].append(SSH), what="one more rule"),
    edited("crate", "zones", _set(zones=["z2", "z1", "z3"])),
    gone("crate", Removed("crate"), PutBack("crate")),
)
OTHERS = (
    # Its provider reads no inputs: the engine updates what is ignored.
    edited("drawer", "value", _set(value="w"), what="ignored"),
    edited("drawer", "labels.team", _labels(team="x"), what="an ignored label"),
    edited("drawer", "labels.added", _labels(added="x"), what="beside what is ignored"),
    edited("safe", "labels.key", _labels(key="CANARY-stolen-label"), what="a secret label"),
    edited("safe", "labels", _set(labels={"x": "y"}), what="all labels, the secret one too"),
    edited("bare", "labels", _set(labels={"added": "x"}), what="labels where there were none"),
    edited("bare", "rules", _set(rules=[SSH]), what="a rule where there was none"),
    edited("bare", "secret", _set(secret="somebody"), what="a value where there was none"),
    edited("sack", "labels", _set(labels={"added": "x"}), what="labels where there were none"),
    edited("sack", "zones", _set(zones=["z1"]), what="a zone where there was none"),
)
MUTATIONS: tuple[Mutation, ...] = BRIDGED + SHELF + RACK + CRATE + OTHERS
