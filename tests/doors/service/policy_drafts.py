"""Packs that the tests write."""

OWN = """\
pack: house/gifts
version: {version}
title: {{en: Gift cards, zh: 礼品卡}}
jurisdiction: HOUSE
about: {{en: Files that are named for gifts., zh: 以礼品命名的文件。}}
rules:
  - id: named-gift
    when: subject.name == '{name}'
    action: {action}
    severity: medium
    grounds: [{{law: House rules, article: gifts, standing: house, as_of: 2026-11-23}}]
    message: {{en: A file about gifts., zh: 与礼品有关的文件。}}
    cases:
      - name: a gift
        subject: {{kind: text, name: {name}}}
        expect: {{matches: true, action: {action}}}
      - name: no gift
        subject: {{kind: text, name: other.txt}}
        expect: {{matches: false, action: allow}}
"""


def pack(action="block", version="1", name="gift.txt"):
    return OWN.format(action=action, version=version, name=name)


OVERLAY = """\
pack: house/strict
version: 1
title: {en: Stricter, zh: 从严}
jurisdiction: HOUSE
about: {en: Hidden text is stopped., zh: 阻断隐藏文本。}
tightens: house/default
raise:
  - rule: house/default#hidden-text
    action: block
    severity: high
"""
