"""What a file proves or declares about its origin: C2PA, AIGC marks, generator traces."""
