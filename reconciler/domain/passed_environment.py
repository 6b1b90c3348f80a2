"""Which variables of the daemon's own environment the tools of its stacks may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_OURS_AND_SECRET: Final = frozenset({"TRUEUP_TOKEN", "TRUEUP_DATABASE"})

# What any program needs, whatever it does; names that end with * are prefixes.
_BASE: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ"),
    *("TMPDIR", "TMP", "TEMP", "XDG_*", "TERM", "NO_COLOR", "COLUMNS"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("SSL_*", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSH_AUTH_SOCK"),
    *("PYTHON*", "VIRTUAL_ENV", "NODE_PATH", "NODE_OPTIONS", "JAVA_HOME", "DOTNET_ROOT"),
    *("GOPATH", "GOROOT", "GOCACHE", "GOMODCACHE", "GOFLAGS", "GOPROXY"),
    *("TF_*", "TOFU_*", "CHECKPOINT_DISABLE", "PULUMI_*", "TRUEUP_*"),
)

WELL_KNOWN: Final = (
    *("AWS_*", "ARM_*", "AZURE_*", "GOOGLE_*", "CLOUDSDK_*", "GCLOUD_*"),
    *("ALICLOUD_*", "ALIBABA_CLOUD_*", "CLOUDFLARE_*", "DIGITALOCEAN_*", "FASTLY_*", "HCLOUD_*"),
    *("IBMCLOUD_*", "IC_*", "LINODE_*", "OCI_*", "OS_*", "OVH_*", "SCW_*", "VSPHERE_*", "YC_*"),
    *("CONSUL_*", "HCP_*", "NOMAD_*", "TFE_*", "VAULT_*"),
    *("DOCKER_*", "HELM_*", "KUBE*", "K8S_*"),
    *("GITEA_*", "GITHUB_*", "GITLAB_*", "BITBUCKET_*"),
    *("AUTH0_*", "DATADOG_*", "DD_*", "GRAFANA_*", "NEW_RELIC_*", "OKTA_*", "PAGERDUTY_*"),
    *("MYSQL_*", "PG*", "RABBITMQ_*", "SNOWFLAKE_*"),
)
"""The variables that widely used providers read, as their documentation names them."""


def passed_on(environment: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
    """Return what a stack's tools may see of `environment`: the base, and what `patterns` name.

    A pattern is a name, or a prefix that ends with `*`. Our own secrets are never passed on.
    """
    chosen = (*_BASE, *patterns)
    names = {pattern for pattern in chosen if not pattern.endswith("*")}
    prefixes = tuple(pattern[:-1] for pattern in chosen if pattern.endswith("*"))
    return {
        name: value
        for name, value in without_ours(environment).items()
        if name in names or name.startswith(prefixes)
    }


def without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` without what is secret to trueup itself."""
    return {name: value for name, value in environment.items() if name not in _OURS_AND_SECRET}
