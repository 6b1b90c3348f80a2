"""How Terraform stacks are asked for children that nobody declared, and rid of them."""
