"""What is looked at: each probe returns one section, and changes nothing."""
