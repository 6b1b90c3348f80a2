"""A bed of other makers' providers: real plug-ins on real servers, and what can drift there."""
