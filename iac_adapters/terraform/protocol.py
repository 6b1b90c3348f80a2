"""The methods of provider protocols 5 and 6 under one set of names.

The messages of both are the same where trueup reads them (see `messages`); only the
services and some method names differ.

Source: docs/plugin-protocol of Terraform (tfplugin5.11.proto, tfplugin6.11.proto).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Rpc(StrEnum):
    """What a call is for, whichever protocol carries it."""

    METADATA = "metadata"
    SCHEMA = "schema"
    IDENTITY_SCHEMAS = "identity_schemas"
    PREPARE_CONFIG = "prepare_config"
    VALIDATE_RESOURCE = "validate_resource"
    VALIDATE_DATA = "validate_data"
    VALIDATE_EPHEMERAL = "validate_ephemeral"
    VALIDATE_LIST = "validate_list"
    VALIDATE_ACTION = "validate_action"
    CONFIGURE = "configure"
    UPGRADE_STATE = "upgrade_state"
    UPGRADE_IDENTITY = "upgrade_identity"
    READ = "read"
    PLAN = "plan"
    APPLY = "apply"
    IMPORT_STATE = "import_state"
    MOVE_STATE = "move_state"
    GENERATE_CONFIG = "generate_config"
    READ_DATA = "read_data"
    OPEN_EPHEMERAL = "open_ephemeral"
    RENEW_EPHEMERAL = "renew_ephemeral"
    CLOSE_EPHEMERAL = "close_ephemeral"
    LIST = "list"
    GET_FUNCTIONS = "get_functions"
    CALL_FUNCTION = "call_function"
    PLAN_ACTION = "plan_action"
    INVOKE_ACTION = "invoke_action"
    STOP = "stop"


PROTOCOLS: Final = (5, 6)

_SAME_IN_BOTH: Final = {
    Rpc.METADATA: "GetMetadata",
    Rpc.IDENTITY_SCHEMAS: "GetResourceIdentitySchemas",
    Rpc.VALIDATE_EPHEMERAL: "ValidateEphemeralResourceConfig",
    Rpc.VALIDATE_LIST: "ValidateListResourceConfig",
    Rpc.VALIDATE_ACTION: "ValidateActionConfig",
    Rpc.UPGRADE_STATE: "UpgradeResourceState",
    Rpc.UPGRADE_IDENTITY: "UpgradeResourceIdentity",
    Rpc.READ: "ReadResource",
    Rpc.PLAN: "PlanResourceChange",
    Rpc.APPLY: "ApplyResourceChange",
    Rpc.IMPORT_STATE: "ImportResourceState",
    Rpc.MOVE_STATE: "MoveResourceState",
    Rpc.GENERATE_CONFIG: "GenerateResourceConfig",
    Rpc.READ_DATA: "ReadDataSource",
    Rpc.OPEN_EPHEMERAL: "OpenEphemeralResource",
    Rpc.RENEW_EPHEMERAL: "RenewEphemeralResource",
    Rpc.CLOSE_EPHEMERAL: "CloseEphemeralResource",
    Rpc.LIST: "ListResource",
    Rpc.GET_FUNCTIONS: "GetFunctions",
    Rpc.CALL_FUNCTION: "CallFunction",
    Rpc.PLAN_ACTION: "PlanAction",
    Rpc.INVOKE_ACTION: "InvokeAction",
}

_METHODS: Final = {
    5: {
        **_SAME_IN_BOTH,
        Rpc.SCHEMA: "GetSchema",
        Rpc.PREPARE_CONFIG: "PrepareProviderConfig",
        Rpc.VALIDATE_RESOURCE: "ValidateResourceTypeConfig",
        Rpc.VALIDATE_DATA: "ValidateDataSourceConfig",
        Rpc.CONFIGURE: "Configure",
        Rpc.STOP: "Stop",
    },
    6: {
        **_SAME_IN_BOTH,
        Rpc.SCHEMA: "GetProviderSchema",
        Rpc.PREPARE_CONFIG: "ValidateProviderConfig",
        Rpc.VALIDATE_RESOURCE: "ValidateResourceConfig",
        Rpc.VALIDATE_DATA: "ValidateDataResourceConfig",
        Rpc.CONFIGURE: "ConfigureProvider",
        Rpc.STOP: "StopProvider",
    },
}

_RPC_BY_PATH: Final = {
    f"/tfplugin{protocol}.Provider/{method}": rpc
    for protocol, methods in _METHODS.items()
    for rpc, method in methods.items()
}
_PATHS: Final = {
    (protocol, rpc): f"/tfplugin{protocol}.Provider/{method}"
    for protocol, methods in _METHODS.items()
    for rpc, method in methods.items()
}


def method_path(protocol: int, rpc: Rpc) -> str:
    """Return the gRPC path of `rpc`, such as `/tfplugin5.Provider/Configure`.

    Raises:
        KeyError: `protocol` is neither 5 nor 6.
    """
    return _PATHS[protocol, rpc]


def rpc_of(path: str) -> Rpc | None:
    """Return what a gRPC path is for; None for a method that trueup has no name for."""
    return _RPC_BY_PATH.get(path)
