"""Distributions of other makers, as trueup meets them: through their entry points alone."""
