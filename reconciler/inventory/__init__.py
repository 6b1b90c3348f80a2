"""What there is to work with; beside `bootstrap` all that knows a concrete adapter."""
