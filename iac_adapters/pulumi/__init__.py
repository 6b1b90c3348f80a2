"""Pulumi stacks: read through warm provider plugins, corrected by the real CLI."""
