"""Feeds of posts: accounts that act together, found as networks, weighed against chance, told with their evidence."""
