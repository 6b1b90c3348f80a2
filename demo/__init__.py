"""A stack deployed on a simulated cloud, broken behind its back, found out and put right."""
