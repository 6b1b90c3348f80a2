"""The look at a Pulumi stack's children: what is asked, by whom, and where that is remembered."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field

from iac_adapters.children.managed import Managed
from iac_adapters.children.memory import ChildMemory
from iac_adapters.children.observing import ChildOptions, ChildScan, StackChildren
from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.children.parents import BridgedProvider, aws_keys, managed_of
from iac_adapters.pulumi.children.reads import PulumiReads
from iac_adapters.pulumi.children.tokens import KnownTokens, Tokens
from iac_adapters.pulumi.loaded import LoadedStack
from iac_adapters.pulumi.options import PulumiOptions
from iac_adapters.pulumi.reader import PulumiReader
from iac_adapters.pulumi.warm import WarmStack
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.redactor import Redactor
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import Observed, ResourceAddress, Verdict


@dataclass(frozen=True, slots=True, repr=False)
class Look:
    """What may be asked of one loaded stack; `failure` says why nothing of AWS is.

    `silent` are the resources whose children are not asked for because of that, with the reason.
    """

    children: StackChildren
    options: ChildOptions
    failure: str = ""
    silent: Mapping[ResourceAddress, str] = field(default_factory=dict)


NO_LOOK = Look(StackChildren({}), ChildOptions("none"))


@dataclass(frozen=True, slots=True)
class ChildLooks:
    """Looks at the children of stacks. `repeats` says whether scans follow one another."""

    tokens: KnownTokens
    memory: ChildMemory
    digester: SecretDigester
    repeats: bool

    async def look(self, warm: WarmStack, options: PulumiOptions, redactor: Redactor) -> Look:
        """Return what may be asked of a stack: a scan that no other follows has no later turns."""
        mode = options.children or ("auto" if self.repeats else "all")
        if mode == "none":
            return NO_LOOK
        asked = ChildOptions(mode, options.children_left_out)
        if warm.children is not None:
            return Look(warm.children, asked)
        tokens: dict[str, Tokens] = {}
        failures: dict[str, str] = {}
        for digest, key in aws_keys(warm.stack).items():
            try:
                tokens[digest] = await self.tokens.of(key)
            except ReconcilerError as error:
                failures[digest] = redactor.without(str(error))
        children = StackChildren(managed_of(warm.stack, tokens))
        if not failures:  # else the next scan asks again
            warm.children = children
        failure = next(iter(failures.values()), "")
        return Look(children, asked, failure, _silent(warm.stack, failures))

    async def observed(
        self,
        look: Look,
        reader: PulumiReader,
        place: Place,
        found: Mapping[ResourceAddress, Verdict],
        wanted: Collection[ResourceAddress] | None,
        *,
        redactor: Redactor,
    ) -> AsyncIterator[Observed]:
        """Yield added children, and what could not be seen; `found` is what the scan read."""

        def reads(parent: Managed) -> PulumiReads:
            assert isinstance(parent.provider, BridgedProvider)  # noqa: S101 - `managed_of` made it
            return PulumiReads(reader, parent.provider, redactor)

        scan = ChildScan(
            children=look.children,
            reads=reads,
            memory=self.memory,
            name=self._name(place),
            options=look.options,
            digester=self.digester,
            silent=look.silent,
        )
        async for observed in scan.observed(found, wanted):
            yield observed

    def _name(self, place: Place) -> str:
        text = f"{place.identity}\n{place.label}"
        return hmac.digest(self.digester.key, text.encode(), hashlib.sha256).hex()


def _silent(stack: LoadedStack, failures: Mapping[str, str]) -> dict[ResourceAddress, str]:
    """Return the resources of the configurations in `failures`, each with the reason."""
    return {
        address: f"its provider does not tell what its types are called: {reason}"
        for address, resource in stack.resources.items()
        if resource.provider is not None
        and (reason := failures.get(resource.provider.digest)) is not None
    }
