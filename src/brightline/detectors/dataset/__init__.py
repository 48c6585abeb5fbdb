"""Data sets: read, sampled, and looked through for what would poison or taint a model that learns from them."""
