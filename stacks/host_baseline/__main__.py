# ruff: noqa: INP001 - Pulumi runs this folder; it is no package
"""Declare every configured host to be a hardened web server."""

import pulumi
from trueup_host import (
    ABSENT,
    EVERYWHERE,
    File,
    FirewallRule,
    HostBaseline,
    HostDeclaration,
    Package,
    Service,
    Sysctl,
)

SSH_SETTINGS = """\
PasswordAuthentication no
PermitRootLogin no
X11Forwarding no
"""


def web_server(host: str, *, admin_cidr: str, token: pulumi.Output[str] | None) -> HostDeclaration:
    """Return what a web server must look like; `token` lets the metrics collector in."""
    secret = [File("/etc/metrics/token", content=token, mode="0600")] if token is not None else []
    return HostDeclaration(
        host=host,
        files=[
            File("/etc/ssh/sshd_config.d/10-baseline.conf", content=SSH_SETTINGS, mode="0600"),
            *secret,
        ],
        packages=[Package("nginx"), Package("openssh-server"), Package("telnetd", ABSENT)],
        services=[Service("nginx"), Service("ssh"), Service("cups", enabled=False, running=False)],
        sysctl=[
            Sysctl("kernel.kptr_restrict", 2),
            Sysctl("net.ipv4.conf.all.rp_filter", 1),
            Sysctl("net.ipv4.ip_forward", 0),
        ],
        firewall=[FirewallRule(22, admin_cidr), FirewallRule(443, EVERYWHERE)],
        claims=["firewall"],
    )


config = pulumi.Config()
try:
    declarations = [
        web_server(
            host,
            admin_cidr=config.require("adminCidr"),
            token=config.get_secret("metricsToken"),
        )
        for host in config.require_object("hosts")
    ]
except ValueError as problem:
    # A user's mistake is told in one line, without our stack trace.
    raise pulumi.RunError(str(problem)) from problem

baselines = [HostBaseline(declaration.host, declaration) for declaration in declarations]
pulumi.export("baselines", {baseline.host: baseline.urn for baseline in baselines})
