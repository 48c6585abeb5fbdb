"""Tricks that hide words from the rumour model are undone: the model reads the same post."""

import pytest

from brightline.detectors.text.rumour_model import likelihood
from brightline.detectors.text.rumour_words import LINK, Characters, one_form

CHARACTERS = Characters.of("轉转發发請请", "君羊群")
POST = "请转发到每个群，明天全市停水！！！ http://t.cn/abc 已经确认"
TRICKS = (
    "請轉發到每个君羊，明天全市停水！！！ http://t.cn/abc 已经确认",
    "请*转*发~到|每·个群，明天全市停水！！！ http://t.cn/abc 已经确认",
    "请转😀发到每个🔥群，明天全市停水！！！ http://t.cn/abc 已经确认",
    "请 转 发 到 每 个 群，明天全 市停水！！！ http://t.cn/abc 已经确认",
    "请<b></b>转&#21457;到<span style='display:none'>天气不错</span>每个群，明天全市停水！！！ http://t.cn/abc 已经确认",
)


@pytest.mark.parametrize("text", TRICKS)
def test_a_post_with_tricks_is_read_as_the_post_without(text):
    assert one_form(text, CHARACTERS) == one_form(POST, CHARACTERS)
    assert likelihood(text) == likelihood(POST)


def test_an_address_still_ends_where_the_characters_begin():
    assert one_form("看 http://t.cn/abc 这里").count(LINK) == 1
    assert one_form("看 http://t.cn/abc 这里").endswith("这里")


def test_without_tables_characters_stay_as_they_are():
    assert one_form("請轉發君羊") == "請轉發君羊"
