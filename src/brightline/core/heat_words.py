"""Where a heat map is strongest, in words."""

from brightline.core.finding import Heat
from brightline.core.words import Words

HOTTEST = 0.8  # of the highest level: cells from there on are where a heat map is strongest
EVERYWHERE = 0.6  # share of the cells from which on no place stands out
_REGIONS = (
    (("at the upper left", "左上方"), ("at the top", "上方"), ("at the upper right", "右上方")),
    (("at the left", "左侧"), ("in the middle", "中部"), ("at the right", "右侧")),
    (("at the lower left", "左下方"), ("at the bottom", "下方"), ("at the lower right", "右下方")),
)


def heat_words(heat: Heat) -> Words:
    """Where a heat map is strongest: the middle of its hottest cells.

    >>> heat_words(Heat(3, 1, bytes([9, 0, 0]))).en, heat_words(Heat(1, 1, bytes(1))).zh
    ('strongest at the left', '各处相近')
    """
    most = max(heat.levels)
    hot = [index for index, level in enumerate(heat.levels) if level >= max(1, most * HOTTEST)]
    if not hot or len(hot) > len(heat.levels) * EVERYWHERE:
        return Words("much the same everywhere", "各处相近")
    across = sum(index % heat.columns + 0.5 for index in hot) / len(hot) / heat.columns
    down = sum(index // heat.columns + 0.5 for index in hot) / len(hot) / heat.rows
    en, zh = _REGIONS[_third(down)][_third(across)]
    return Words(f"strongest {en}", f"{zh}最强")


def _third(share: float) -> int:
    return 0 if share < 1 / 3 else 1 if share < 2 / 3 else 2
