"""Where people and programs come in; only rooms below here may be imported by them."""
