"""The tamper-evident Merkle log, its store, proofs, receipts and stand-alone verification."""
