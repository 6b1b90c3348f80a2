"""Children that nobody declared, under resources that a stack manages."""
