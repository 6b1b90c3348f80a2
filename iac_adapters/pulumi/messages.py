"""The pulumirpc messages trueup speaks, built at run time from their field numbers.

Generated classes come with the Pulumi SDK, but importing them costs 45 MB and 0.2 s.

Source: proto/pulumi/provider.proto of pulumi/pulumi (SDK 3.272).
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import struct_pb2

from iac_adapters.plugin_host.wire_messages import message_classes

_STRUCT: Final = "google.protobuf.Struct"
_MESSAGES: Final = {
    "HandshakeRequest": (
        "engine_address=1:string root_directory=2:string program_directory=3:string"
        " configure_with_urn=4:bool supports_views=5:bool supports_refresh_before_update=6:bool"
        " invoke_with_preview=7:bool"
    ),
    "HandshakeResponse": "accept_secrets=1:bool accept_resources=2:bool accept_outputs=3:bool",
    "ParametersValue": "name=1:string version=2:string value=3:bytes",
    "ParameterizeRequest": "value=2:ParametersValue",
    "ParameterizeResponse": "name=1:string version=2:string",
    "ConfigureRequest": (
        f"variables=1:stringmap args=2:{_STRUCT} acceptSecrets=3:bool acceptResources=4:bool"
        " sends_old_inputs=5:bool sends_old_inputs_to_delete=6:bool id=7:string urn=8:string"
        " name=9:string type=10:string"
    ),
    "ConfigureResponse": "acceptSecrets=1:bool supportsPreview=2:bool acceptResources=3:bool",
    "ReadRequest": (
        f"id=1:string urn=2:string properties=3:{_STRUCT} inputs=4:{_STRUCT} name=5:string"
        " type=6:string timeout=10:double"
    ),
    "ReadResponse": f"id=1:string properties=2:{_STRUCT} inputs=3:{_STRUCT}",
    "DiffRequest": (
        f"id=1:string urn=2:string olds=3:{_STRUCT} news=4:{_STRUCT} ignoreChanges=5:*string"
        f" old_inputs=6:{_STRUCT} name=7:string type=8:string"
    ),
    "CreateRequest": (
        f"urn=1:string properties=2:{_STRUCT} timeout=3:double preview=4:bool name=5:string"
        " type=6:string"
    ),
    "CreateResponse": f"id=1:string properties=2:{_STRUCT}",
    "UpdateRequest": (
        f"id=1:string urn=2:string olds=3:{_STRUCT} news=4:{_STRUCT} timeout=5:double"
        f" ignoreChanges=6:*string preview=7:bool old_inputs=8:{_STRUCT} name=9:string"
        " type=10:string"
    ),
    "UpdateResponse": f"properties=1:{_STRUCT}",
    "InvokeRequest": f"tok=1:string args=2:{_STRUCT}",
    "CheckFailure": "property=1:string reason=2:string",
    "InvokeResponse": f"return=1:{_STRUCT} failures=2:*CheckFailure",
    "GetMappingRequest": "key=1:string provider=2:string",
    "GetMappingResponse": "provider=1:string data=2:bytes",
    "PropertyDiff": "kind=1:int32 inputDiff=2:bool",
    "DetailedDiffEntry": "key=1:string value=2:PropertyDiff",
    # A map on the wire is a list of key and value; read as such it needs no map type.
    "DiffResponse": (
        "replaces=1:*string stables=2:*string deleteBeforeReplace=3:bool changes=4:int32"
        " diffs=5:*string detailedDiff=6:*DetailedDiffEntry hasDetailedDiff=7:bool"
    ),
}
_CLASSES: Final = message_classes("trueup.pulumirpc", _MESSAGES, imports=(struct_pb2.DESCRIPTOR,))


def message(name: str) -> Any:
    """Return the message class called `name`; `KeyError` when trueup does not speak it."""
    return _CLASSES[name]


def method_path(method: str) -> str:
    """Return the gRPC path of a method of the provider service."""
    return f"/pulumirpc.ResourceProvider/{method}"
