"""Which cluster and namespace a kubeconfig leads to.

Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/:
of several files the first that says something counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from iac_adapters.provider_identity import KUBECONFIG, digest_of, without_credentials
from iac_adapters.read_files import ReadFiles


def cluster_of(
    paths: Sequence[str], files: ReadFiles, *, context: str = "", cluster: str = ""
) -> Mapping[str, str]:
    """Return where `context` of `paths` leads, or the current one: names and digests alone."""
    documents = [_document(files.text(path)) for path in paths]
    current = next(
        (document["current-context"] for document in documents if document.get("current-context")),
        "",
    )
    chosen = _named(documents, "contexts", context or current, "context")
    found = _named(documents, "clusters", cluster or chosen.get("cluster"), "cluster")
    server = found.get("server")
    if not isinstance(server, str):
        return {}
    settings = {
        f"server{KUBECONFIG}": without_credentials(server),
        f"namespace{KUBECONFIG}": str(chosen.get("namespace") or "default"),
    }
    # Clusters on one machine take each other's ports: the authority tells them apart.
    authority = "".join(_authority(found, files))
    if authority:
        settings[f"certificate authority{KUBECONFIG}"] = digest_of(authority)
    return settings


def _authority(cluster: Mapping[str, Any], files: ReadFiles) -> Iterator[str]:
    if isinstance(data := cluster.get("certificate-authority-data"), str):
        yield data
    elif isinstance(file := cluster.get("certificate-authority"), str):
        yield files.text(file)


def _document(text: str) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415  10 ms that a stack without a cluster need not wait for

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(text, Loader=loader)  # noqa: S506 - a safe one
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _named(
    documents: Iterable[Mapping[str, Any]], kind: str, name: object, inner: str
) -> Mapping[str, Any]:
    for document in documents:
        entries = document.get(kind)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and name and entry.get("name") == name:
                content = entry.get(inner)
                return content if isinstance(content, dict) else {}
    return {}
