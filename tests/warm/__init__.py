"""`trueup` from a process that has loaded its modules already; `tests.warm.process` tells why."""
