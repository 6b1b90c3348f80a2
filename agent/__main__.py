"""`python -m agent`, and what `trueup-agent.pyz` runs."""

import sys

from agent.cli import main

sys.exit(main())
