"""Code bases that nobody wrote, drifted at random, held against the tool's own plan."""
