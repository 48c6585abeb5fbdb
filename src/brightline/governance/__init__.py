"""What governs models and data sets on their way into service: signatures, bills of materials, lineage, waivers, verdicts."""
