"""Cut the label font out of Noto Sans CJK SC Bold (SIL OFL 1.1; Debian's fonts-noto-cjk), with only the glyphs of labels.

    pip install fonttools
    python training/label_font.py /usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc

The result is the same for the same font and fonttools: time stamps are taken from the font.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection

DATA = Path(__file__).parents[1] / "src/brightline/marking/explicit/data"
FAMILY = "Noto Sans CJK SC"
ASCII = "".join(map(chr, range(0x20, 0x7F)))
# What labels are worded with: the elements of GB 45438-2025, what was made, who and how, hedges, punctuation.
CHINESE = (
    "人工智能生成合成内容本此该图片像画面视频音声语文字章作品场景虚拟数人物形象由经使用技术模型辅助参与制创的为是系可疑似含部分全均已注意"
    "提示标识说明请仔细甄别仅供参考不代表真实演绎配旁白换脸深度伪造修改编辑处理后期来源服务者平台公司大型"
)
MARKS = "，。、：；！？（）【】“”·—…©｜　×"


def main(source: Path) -> None:
    font = next(
        font
        for font in TTCollection(source).fonts
        if any(name.nameID == 1 and name.toUnicode() == FAMILY for name in font["name"].names)
    )
    options = subset.Options(
        layout_features=["kern", "palt"],
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 7, 13, 14],
        notdef_outline=True,
        hinting=False,
        desubroutinize=True,
        drop_tables=["vhea", "vmtx", "VORG", "BASE", "DSIG"],
    )
    cutter = subset.Subsetter(options)
    cutter.populate(text=ASCII + CHINESE + MARKS)
    cutter.subset(font)
    font.recalcTimestamp = False
    target = DATA / "label-sans-sc-bold.otf"
    font.save(target)
    print(f"{target}: {target.stat().st_size} bytes, {len(font.getBestCmap())} characters")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
