"""The reverse proxy before your models: the line stands between every prompt and every answer."""
