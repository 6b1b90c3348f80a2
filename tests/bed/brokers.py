"""Objects of a real RabbitMQ, changed and deleted by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from tests.bed.drift import Drift, changed, deleted
from tests.bed.rabbitmq import PASSWORD, USER, RabbitMq

_USER_PERMISSIONS: Final = "permissions/bed/bed_base"
_TOPICS: Final = "topic-permissions/bed/bed_base"
_BINDINGS: Final = "bindings/bed/e/base/q/base"
_UPSTREAM: Final = "parameters/federation-upstream/bed/a"
_SHOVEL: Final = "parameters/shovel/bed/a"


def variables(server: RabbitMq) -> dict[str, str]:
    """Return what the stack is told."""
    return {
        "TF_VAR_endpoint": server.endpoint,
        "TF_VAR_username": USER,
        "TF_VAR_password": PASSWORD,
    }


def rounds(server: RabbitMq) -> Sequence[Sequence[Drift]]:
    """Return what drifts: changed first, deleted then."""
    return (_changed(server), _deleted(server))


def _changed(server: RabbitMq) -> Sequence[Drift]:
    put = partial(partial, server.ask, "PUT")

    def anew(path: str, body: dict[str, Any]) -> Callable[[], None]:
        def run() -> None:
            server.ask("DELETE", path)
            server.ask("PUT", path, body)

        return run

    def put_parameter(path: str, kind: str, value: dict[str, Any]) -> Callable[[], Any]:
        body = {"vhost": "bed", "component": kind, "name": "a", "value": value}
        return put(path, body)

    policy = {"pattern": "^nothing", "apply-to": "queues"}
    return (
        changed(
            "rabbitmq_vhost.a",
            {"description"},
            put("vhosts/bed_a", {"description": "two"}),
            _seen(server, "vhosts/bed_a", "description"),
        ),
        changed(
            "rabbitmq_user.a",
            {"tags"},
            put("users/bed_a", {"password": "the secret of the user", "tags": "administrator"}),
            _seen(server, "users/bed_a", "tags"),
        ),
        changed(
            "rabbitmq_permissions.a",
            {"permissions[0].configure"},
            put(_USER_PERMISSIONS, {"configure": ".*", "write": "^one", "read": ".*"}),
            _seen(server, _USER_PERMISSIONS, "configure"),
        ),
        changed(
            "rabbitmq_topic_permissions.a",
            {"permissions"},
            put(_TOPICS, {"exchange": "amq.topic", "write": "^two", "read": "^one"}),
            lambda: [one["write"] for one in server.ask("GET", _TOPICS)],
        ),
        changed(
            "rabbitmq_exchange.a",
            {"settings[0].type"},
            anew("exchanges/bed/a", {"type": "direct", "durable": True}),
            _seen(server, "exchanges/bed/a", "type"),
        ),
        changed(
            "rabbitmq_queue.a",
            {"settings[0].arguments_json"},
            anew("queues/bed/a", {"durable": True, "arguments": {"x-message-ttl": 6000}}),
            _seen(server, "queues/bed/a", "arguments"),
        ),
        changed(
            "rabbitmq_policy.a",
            {"policy[0].priority"},
            put(
                "policies/bed/a",
                {**policy, "priority": 5, "definition": {"max-length": 100, "expires": 9000}},
            ),
            _seen(server, "policies/bed/a", "priority"),
        ),
        changed(
            "rabbitmq_operator_policy.a",
            {"policy[0].definition"},
            put(
                "operator-policies/bed/a",
                {**policy, "priority": 1, "definition": {"max-length": 999}},
            ),
            _seen(server, "operator-policies/bed/a", "definition"),
        ),
        changed(
            "rabbitmq_federation_upstream.a",
            {"definition[0].prefetch_count"},
            put_parameter(
                _UPSTREAM,
                "federation-upstream",
                {**server.ask("GET", _UPSTREAM)["value"], "prefetch-count": 9},
            ),
            lambda: server.ask("GET", _UPSTREAM)["value"]["prefetch-count"],
        ),
        changed(
            "rabbitmq_shovel.a",
            {"info[0].source_prefetch_count"},
            put_parameter(
                _SHOVEL,
                "shovel",
                {
                    **server.ask("GET", _SHOVEL)["value"],
                    "src-prefetch-count": 9,
                },
            ),
            lambda: server.ask("GET", _SHOVEL)["value"]["src-prefetch-count"],
        ),
    )


def _deleted(server: RabbitMq) -> Sequence[Drift]:
    def gone(address: str, path: str, key: str) -> Drift:
        return deleted(address, partial(server.ask, "DELETE", path), _seen(server, path, key))

    def no_binding() -> None:
        for key in _bindings(server):
            server.ask("DELETE", f"{_BINDINGS}/{key}")

    return (
        gone("rabbitmq_vhost.a", "vhosts/bed_a", "description"),
        gone("rabbitmq_user.a", "users/bed_a", "tags"),
        gone("rabbitmq_permissions.a", _USER_PERMISSIONS, "configure"),
        deleted(
            "rabbitmq_topic_permissions.a",
            partial(server.ask, "DELETE", _TOPICS),
            lambda: [one["write"] for one in server.ask("GET", _TOPICS) or ()],
        ),
        gone("rabbitmq_exchange.a", "exchanges/bed/a", "type"),
        gone("rabbitmq_queue.a", "queues/bed/a", "arguments"),
        deleted("rabbitmq_binding.a", no_binding, partial(_bindings, server)),
        gone("rabbitmq_policy.a", "policies/bed/a", "priority"),
        gone("rabbitmq_operator_policy.a", "operator-policies/bed/a", "definition"),
        gone("rabbitmq_federation_upstream.a", _UPSTREAM, "name"),
        gone("rabbitmq_shovel.a", _SHOVEL, "name"),
    )


def _bindings(server: RabbitMq) -> list[str]:
    return [one["properties_key"] for one in server.ask("GET", _BINDINGS) or ()]


def _seen(server: RabbitMq, path: str, key: str) -> Callable[[], Any]:
    def look() -> Any:
        found = server.ask("GET", path)
        return None if found is None else found[key]

    return look
