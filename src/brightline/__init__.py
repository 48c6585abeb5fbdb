"""Brightline judges content and AI artefacts for misuse of AI, decides under policy, and leaves evidence."""
