"""One saved plan for exactly what drifted, and the command that would carry it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.domain.errors import NotFoundError, ReconcilerError, StorageError
from reconciler.domain.lifecycle import targets_of
from reconciler.domain.model import Snapshot
from reconciler.domain.plan import Plan
from reconciler.domain.records import FindingRecord, Remediation, StackRecord
from reconciler.domain.sources import is_of_agent
from reconciler.engine.defects import defect
from reconciler.engine.folders import make_private
from reconciler.engine.moves import unhealed_of
from reconciler.engine.scanned import load
from reconciler.engine.service import Service
from reconciler.ports import IacAdapter, RunnerJob

_NO_JOB: Final = RunnerJob(argv=(), directory=Path(), environment={})


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan that is saved, and the command that would do it."""

    adapter: IacAdapter
    snapshot: Snapshot
    plan: Plan
    job: RunnerJob


async def prepare(service: Service, known: Remediation, folder: Path) -> Prepared | ReconcilerError:
    """Make a plan of what is still there of `known`, and save it in `folder`, which is made.

    An error is why there is none; nothing was changed.
    """
    stack, records = await service.store.read(
        lambda view: (view.stacks.get(known.stack), unhealed_of(view, known))
    )
    if stack is None:
        return NotFoundError(f"stack {known.stack} is not registered any more")
    try:
        return await _plan(service, stack, records, folder)
    except StorageError:
        raise
    except ReconcilerError as error:
        return error
    except Exception as error:  # noqa: BLE001 - nothing was changed, and a person is told
        return defect(error)


async def _plan(
    service: Service, stack: StackRecord, records: Sequence[FindingRecord], folder: Path
) -> Prepared:
    make_private(folder)
    loaded = await load(service, stack)
    if not records:
        # Never without a target: that would plan, and correct, everything.
        empty = Plan(stack=stack.name, targets=(), resources=())
        return Prepared(loaded.adapter, loaded.snapshot, empty, _NO_JOB)
    # A tool sees no drift on a host: what provisions it has to run again.
    anew = tuple(record.address for record in records if is_of_agent(record.seen_by))
    plan = await loaded.adapter.plan(loaded.snapshot, targets_of(records), folder=folder, anew=anew)
    job = loaded.adapter.correction(loaded.snapshot, folder=folder)
    return Prepared(loaded.adapter, loaded.snapshot, plan, job)
