"""What a caller and a model say to each other, as nouns and pure code; no sockets and no state outside a call."""
