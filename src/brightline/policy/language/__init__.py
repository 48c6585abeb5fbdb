"""The expression language of rules: a subset of CEL, checked at load and compiled to closures."""
