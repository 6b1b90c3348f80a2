"""Daemons that die at named points of a correction: each a real process, ended by SIGKILL."""
