"""One file with every row of the house, taken at one moment and given back whole, on the same database or another."""
