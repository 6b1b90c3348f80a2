"""Host baselines as Pulumi resources: declare what a host must look like, beside its cloud."""

from trueup_host.baseline import TYPE, HostBaseline
from trueup_host.declaration import HostDeclaration
from trueup_host.files import File
from trueup_host.firewall import EVERYWHERE, FirewallRule
from trueup_host.packages import ABSENT, PRESENT, Package
from trueup_host.services import Service
from trueup_host.sysctl import Sysctl

__all__ = [
    "ABSENT",
    "EVERYWHERE",
    "PRESENT",
    "TYPE",
    "File",
    "FirewallRule",
    "HostBaseline",
    "HostDeclaration",
    "Package",
    "Service",
    "Sysctl",
]
