"""Receivers of alerts on loopback, as strict as the services they stand for."""
