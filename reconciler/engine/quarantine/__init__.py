"""Isolating a resource by detaching its edges, and attaching them again. See docs/quarantine.md."""
