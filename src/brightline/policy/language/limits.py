"""How much one expression may cost; each number has its unit and its reason."""

MAX_CHARACTERS = 4_096  # of one expression: two printed pages
MAX_NODES = 400  # of the syntax tree: the largest shipped rule has under 100
MAX_DEPTH = 32  # of the syntax tree: keeps every recursive pass far from Python's own limit
MAX_LITERAL = 512  # characters of one string literal
MAX_ITEMS = 128  # of one list literal
MAX_MACROS = 3  # macros inside macros
MAX_PATTERN = 256  # characters of one regular expression
PATTERN_MEMORY_BYTES = 1 << 20  # of one compiled regular expression (RE2 builds its automaton lazily in it)
MAX_STRING = 65_536  # characters that `+` may build

# Cost is counted in evaluated nodes. At load it is computed for a subject with this many findings, gaps and
# details a finding; a subject with more is counted again before its rules run.
ASSUMED_FINDINGS = 500
ASSUMED_GAPS = 100
ASSUMED_DETAILS = 16
MAX_COST = 4_000_000  # evaluated nodes of one rule: about half a second
