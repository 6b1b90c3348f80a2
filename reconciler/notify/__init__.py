"""Channels: what shows an alert to people, and keeps what it showed up to date."""
