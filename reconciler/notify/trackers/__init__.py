"""Trackers of tickets: each one's own words for opening, changing, closing and finding."""
