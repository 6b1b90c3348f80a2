"""The tfplugin messages trueup speaks, built at run time from their field numbers.

Protocols 5 and 6 agree on every field used here; they differ in service and method
names (see `protocol`). Map values of the schema stay undecoded bytes, so that one
type of a 5 MB schema can be read without decoding the other 1,500. Fields that are
not named here travel through as unknown fields and are not lost.

Source: docs/plugin-protocol of Terraform (5.11, 6.11), object wire format.
"""

from __future__ import annotations

from typing import Any, Final

from iac_adapters.plugin_host.wire_messages import message_classes

NULL: Final = b"\xc0"
"""The msgpack nil that stands for an object that does not exist."""

_MESSAGES: Final = {
    "Empty": "",
    "DynamicValue": "msgpack=1:bytes json=2:bytes",
    "RawState": "json=1:bytes flatmap=2:stringmap",
    "Step": "attribute_name=1:string element_key_string=2:string element_key_int=3:int64",
    "AttributePath": "steps=1:*Step",
    "Diagnostic": "severity=1:int32 summary=2:string detail=3:string attribute=4:AttributePath",
    "ClientCapabilities": "deferral_allowed=1:bool write_only_attributes_allowed=2:bool",
    "ServerCapabilities": (
        "plan_destroy=1:bool get_provider_schema_optional=2:bool move_resource_state=3:bool"
    ),
    "TypeName": "type_name=1:string",
    "GetMetadataResponse": (
        "server_capabilities=1:ServerCapabilities diagnostics=2:*Diagnostic"
        " data_sources=3:*TypeName resources=4:*TypeName functions=5:*TypeName"
        " ephemeral_resources=6:*TypeName list_resources=7:*TypeName actions=9:*TypeName"
    ),
    "GetSchemaResponse": (
        "provider=1:bytes resource_schemas=2:map data_source_schemas=3:map"
        " diagnostics=4:*Diagnostic provider_meta=5:bytes"
        " server_capabilities=6:ServerCapabilities functions=7:map"
        " ephemeral_resource_schemas=8:map list_resource_schemas=9:map action_schemas=11:map"
    ),
    "GetIdentitySchemasResponse": "identity_schemas=1:map diagnostics=2:*Diagnostic",
    "Schema": "version=1:int64 block=2:Block",
    "Block": (
        "version=1:int64 attributes=2:*Attribute block_types=3:*NestedBlock"
        " description=4:string description_kind=5:int32 deprecated=6:bool"
    ),
    # Field 10 is a flag in protocol 5 and a message in 6, hence two families.
    "Attribute5": (
        "name=1:string type=2:bytes required=4:bool optional=5:bool computed=6:bool"
        " sensitive=7:bool write_only=10:bool"
    ),
    "Attribute": (
        "name=1:string type=2:bytes required=4:bool optional=5:bool computed=6:bool"
        " sensitive=7:bool nested_type=10:Object write_only=11:bool"
    ),
    "Object": "attributes=1:*Attribute nesting=3:int32",
    "NestedBlock": (
        "type_name=1:string block=2:Block nesting=3:int32 min_items=4:int64 max_items=5:int64"
    ),
    "Block5": (
        "version=1:int64 attributes=2:*Attribute5 block_types=3:*NestedBlock5"
        " description=4:string description_kind=5:int32 deprecated=6:bool"
    ),
    "NestedBlock5": (
        "type_name=1:string block=2:Block5 nesting=3:int32 min_items=4:int64 max_items=5:int64"
    ),
    "Schema5": "version=1:int64 block=2:Block5",
    "ConfigureRequest": (
        "terraform_version=1:string config=2:DynamicValue client_capabilities=3:ClientCapabilities"
    ),
    "ConfigureResponse": "diagnostics=1:*Diagnostic",
    "PrepareConfigRequest": "config=1:DynamicValue",
    "ValidateRequest": (
        "type_name=1:string config=2:DynamicValue client_capabilities=3:ClientCapabilities"
    ),
    "UpgradeStateRequest": "type_name=1:string version=2:int64 raw_state=3:RawState",
    "UpgradeStateResponse": "upgraded_state=1:DynamicValue diagnostics=2:*Diagnostic",
    "ReadRequest": (
        "type_name=1:string current_state=2:DynamicValue private=3:bytes"
        " provider_meta=4:DynamicValue client_capabilities=5:ClientCapabilities"
        " current_identity=6:bytes"
    ),
    "ReadResponse": (
        "new_state=1:DynamicValue diagnostics=2:*Diagnostic private=3:bytes deferred=4:bytes"
        " new_identity=5:bytes"
    ),
    "ImportRequest": "type_name=1:string id=2:string",
    "ImportedResource": "type_name=1:string state=2:DynamicValue private=3:bytes",
    "ImportResponse": "imported_resources=1:*ImportedResource diagnostics=2:*Diagnostic",
    "PlanRequest": (
        "type_name=1:string prior_state=2:DynamicValue proposed_new_state=3:DynamicValue"
        " config=4:DynamicValue prior_private=5:bytes provider_meta=6:DynamicValue"
        " client_capabilities=7:ClientCapabilities prior_identity=8:bytes"
    ),
    "PlanResponse": (
        "planned_state=1:DynamicValue requires_replace=2:*AttributePath planned_private=3:bytes"
        " diagnostics=4:*Diagnostic legacy_type_system=5:bool deferred=6:bytes"
        " planned_identity=7:bytes"
    ),
    "ReadDataRequest": (
        "type_name=1:string config=2:DynamicValue provider_meta=3:DynamicValue"
        " client_capabilities=4:ClientCapabilities"
    ),
    "ReadDataResponse": "state=1:DynamicValue diagnostics=2:*Diagnostic deferred=3:bytes",
    "Timestamp": "seconds=1:int64 nanos=2:int32",
    "OpenEphemeralResponse": (
        "diagnostics=1:*Diagnostic renew_at=2:Timestamp result=3:DynamicValue private=4:bytes"
        " deferred=5:bytes"
    ),
    "MoveStateRequest": (
        "source_provider_address=1:string source_type_name=2:string source_schema_version=3:int64"
        " source_state=4:RawState target_type_name=5:string source_private=6:bytes"
    ),
    "MoveStateResponse": (
        "target_state=1:DynamicValue diagnostics=2:*Diagnostic target_private=3:bytes"
    ),
}


_CLASSES: Final = message_classes("trueup.tfplugin", _MESSAGES)


def message(name: str) -> Any:
    """Return the message class called `name`; `KeyError` when trueup does not speak it."""
    return _CLASSES[name]
