"""On premises or cloud: what a workload needs, what it costs over years, and who controls it."""
