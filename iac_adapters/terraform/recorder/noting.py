"""Take note of what passed between the tool and a provider on one connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iac_adapters.terraform.messages import message
from iac_adapters.terraform.protocol import Rpc
from iac_adapters.terraform.recorder.capture import (
    ConnectionCapture,
    DataRead,
    ImportCall,
    PlanCall,
    UpgradeCall,
    ValidateCall,
)
from iac_adapters.terraform.recorder.content import content_of


def note_validation(
    capture: ConnectionCapture, rpc: Rpc, request: bytes, response: bytes = b""
) -> None:
    """Note with which configuration what is read or planned next is validated, and the errors."""
    call = message("ValidateRequest").FromString(request)
    answered = message("ConfigureResponse").FromString(response)
    refusals = tuple((error.summary, error.detail) for error in _failures(answered))
    noted = ValidateCall(call.type_name, call.config.msgpack, refusals)
    of_data = rpc is Rpc.VALIDATE_DATA
    (capture.data_validations if of_data else capture.validations).append(noted)


def note(capture: ConnectionCapture, rpc: Rpc | None, request: bytes, response: bytes) -> None:
    """Note in `capture` what was asked and answered, as far as it counts."""
    match rpc:
        case Rpc.CONFIGURE:
            answer = message("ConfigureResponse").FromString(response)
            capture.configure = request
            capture.configured = not _errors(answer)
        case Rpc.UPGRADE_STATE:
            capture.upgrades.append(_upgrade_call(request, response))
        case Rpc.PLAN:
            capture.plans.append(_plan_call(request, response))
        case Rpc.READ_DATA:
            capture.data_reads.append(_data_read(request, response))
        case Rpc.IMPORT_STATE:
            capture.imports.extend(_import_calls(request, response))
        case Rpc.READ:
            _note_read(capture, request, response)
        case Rpc.VALIDATE_EPHEMERAL:
            _note_refused_ephemeral(capture, request, response)
        case Rpc.OPEN_EPHEMERAL:
            _note_refused_ephemeral(capture, request, response)
            _note_ephemeral(capture, response)
        case _:
            return


def _data_read(request: bytes, response: bytes) -> DataRead:
    answered = message("ReadDataResponse").FromString(response)
    # Some providers send a state along with the error, which is none.
    return DataRead(request, b"" if _errors(answered) else answered.state.msgpack)


def _note_read(capture: ConnectionCapture, request: bytes, response: bytes) -> None:
    """Note what an imported object is read as; nothing else is read meanwhile."""
    asked = message("ReadRequest").FromString(request)
    answered = message("ReadResponse").FromString(response)
    wanted = content_of(asked.current_state.msgpack)
    for call in capture.imports:
        if not call.read and call.state and content_of(call.state) == wanted:
            call.read = answered.new_state.msgpack
            call.private = answered.private
            call.errors = _errors(answered)
            return


def _note_ephemeral(capture: ConnectionCapture, response: bytes) -> None:
    capture.opened_ephemeral = True
    due_s = float(message("OpenEphemeralResponse").FromString(response).renew_at.seconds)
    if due_s > 0:
        capture.renew_at_s = min(due_s, capture.renew_at_s or due_s)


def _note_refused_ephemeral(capture: ConnectionCapture, request: bytes, response: bytes) -> None:
    kind = message("ValidateRequest").FromString(request).type_name
    # Both answers have their diagnostics in one place.
    answered = message("ConfigureResponse").FromString(response)
    if errors := _errors(answered):
        capture.opened_ephemeral = True  # what other resources gave still ends soon
        capture.refused_ephemerals.extend((kind, summary) for summary in errors)


def _upgrade_call(request: bytes, response: bytes) -> UpgradeCall:
    asked = message("UpgradeStateRequest").FromString(request)
    answered = message("UpgradeStateResponse").FromString(response)
    return UpgradeCall(
        type_name=asked.type_name,
        raw_json=asked.raw_state.json,
        raw_flatmap=tuple(sorted(asked.raw_state.flatmap.items())),
        upgraded=answered.upgraded_state.msgpack,
    )


def _import_calls(request: bytes, response: bytes) -> list[ImportCall]:
    asked = message("ImportRequest").FromString(request)
    answered = message("ImportResponse").FromString(response)
    if errors := _errors(answered):
        return [ImportCall(asked.type_name, asked.id, errors=errors)]
    return [
        ImportCall(
            imported_resource.type_name,
            asked.id,
            imported_resource.state.msgpack,
            imported_resource.private,
        )
        for imported_resource in answered.imported_resources
    ]


def _errors(answered: Any) -> tuple[str, ...]:
    return tuple(error.summary for error in _failures(answered))


def _failures(answered: Any) -> Iterator[Any]:
    return (told for told in answered.diagnostics if told.severity == 1)


def _plan_call(request: bytes, response: bytes) -> PlanCall:
    asked = message("PlanRequest").FromString(request)
    answered = message("PlanResponse").FromString(response)
    return PlanCall(
        type_name=asked.type_name,
        prior=asked.prior_state.msgpack,
        config=asked.config.msgpack,
        provider_meta=asked.provider_meta.msgpack,
        planned=answered.planned_state.msgpack,
    )
