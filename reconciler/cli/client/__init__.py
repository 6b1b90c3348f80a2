"""How the commands talk to the daemon: where it is, what it is asked, what it answers."""
