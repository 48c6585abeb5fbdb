"""What pictures say: words and codes in them, judged as if they had been sent as text."""
