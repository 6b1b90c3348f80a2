"""A store in memory, which passes the contract of stores: a thousand seeds take no database.

It refuses what a database would: what cannot be kept, what conflicts, and writing in a view. It
keeps what correcting needs; agents and alerts are not in it.
"""
