"""File formats as places that hold a mark: find it, read it, leave every other byte alone."""
