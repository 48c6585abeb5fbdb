"""The nouns and three signatures that every room shares; nothing here reads, writes or decides."""
