"""A tool whose whole cloud is a JSON file: what a stranger writes to have trueup watch it."""
