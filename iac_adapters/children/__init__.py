"""Children that nobody declared, under resources that a stack manages, for every tool.

Types and attributes are spelled as Terraform spells them; an adapter translates.
"""
