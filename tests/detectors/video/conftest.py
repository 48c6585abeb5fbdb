import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "image"))  # the small networks that its tests write
