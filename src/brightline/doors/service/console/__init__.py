"""The console: pages on which people see, decide, appeal and report."""
