import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.media.text import decode, known_encoding, looks_textual, sentences, sniff_encoding, words

CHINESE = "您好，请点击链接领取红包，客服会联系您。这是一段普通的中文文字。"
GERMAN = "Schöne Grüße aus München, wir überweisen fünfzig Euro."


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("text", [CHINESE, CHINESE * 2000, "短信", f"{CHINESE}\nand English {CHINESE}"])
def test_chinese_is_read_in_every_encoding_it_is_written_in(text, encoding):
    if text == "短信" and encoding in {"utf-16-le", "utf-16-be"}:
        pytest.skip("four bytes without a mark could be anything")
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_german_is_read_in_every_encoding_it_is_written_in(encoding):
    assert decode(GERMAN.encode(encoding)).text == GERMAN


def test_traditional_chinese_in_big5_is_read():
    text = "請點擊鏈接領取紅包，客服會聯繫您。這是一段普通的中文文字，為了測試。"
    assert decode(text.encode("big5", "ignore")).encoding == "big5"


def test_damage_is_counted_and_the_rest_is_read():
    decoded = decode(CHINESE.encode()[:-1] + b"\xff" + b" more words" * 20)
    assert decoded.encoding == "utf-8"
    assert 1 <= decoded.replaced <= 2
    assert 0 < decoded.damage < 0.05


def test_a_cut_at_a_limit_is_no_damage():
    data = CHINESE.encode()[:50]
    assert decode(data, whole=False).replaced == 0
    assert decode(data, whole=True).replaced == 1


@pytest.mark.parametrize(
    "data", [bytes(100), bytes(range(256)), b"\x89PNG\r\n\x1a\n" + bytes(50), b"\x01\x02\x03\x04" * 30]
)
def test_binary_is_no_text(data):
    assert sniff_encoding(data) == ""


def test_a_declared_charset_is_taken_when_it_fits_and_not_when_it_lies():
    assert decode(GERMAN.encode("latin-1"), hint="iso-8859-1").text == GERMAN
    assert decode(CHINESE.encode("gb18030"), hint="utf-8").text == CHINESE
    assert decode(CHINESE.encode(), hint="rot13").text == CHINESE


@pytest.mark.parametrize("name", ["rot13", "zip", "base64", "hex", "idna", "punycode\0", "x" * 500, "", "uu"])
def test_codecs_that_are_no_charsets_are_not_known(name):
    assert known_encoding(name) == ""


def test_hidden_characters_are_kept():
    text = "a\u200bb\u202ec\U000e0041\u00adé e\u0301"
    assert decode(text.encode()).text == text


def test_a_stray_nul_is_dirt_and_many_are_binary():
    assert looks_textual("word " * 500 + "\0")
    assert not looks_textual("w\0" * 50)


def test_sentences_end_where_people_end_them():
    text = "他说：“好！”然后走了。Pi is 3.14 today. Next\nline…… end"
    assert [text[piece.start : piece.end] for piece in sentences(text)] == [
        "他说：“好！”",
        "然后走了。",
        "Pi is 3.14 today.",
        "Next",
        "line……",
        "end",
    ]


@given(st.text())
def test_pieces_lie_in_order_inside_the_text(text):
    for split in (sentences, words):
        last = 0
        for piece in split(text):
            assert last <= piece.start < piece.end <= len(text)
            last = piece.end


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_utf8_is_always_read_back(text):
    assert decode(text.encode()).text == text.removeprefix("\ufeff")


@given(st.binary())
def test_any_bytes_decode_to_something_with_damage_between_0_and_1(data):
    assert 0 <= decode(data).damage <= 1


@pytest.mark.parametrize(
    "text",
    ["Sehr geehrte Kunden, bitte bestätigen Sie Ihr Konto für die Überweisung", "L'été, à Besançon, ça coûte cher",
     "El niño comió piñas, ¿qué pasó?", "São Paulo não é só coração", "Æblegrød på øen"],
)  # fmt: skip
def test_accents_inside_words_are_no_chinese(text):
    decoded = decode(text.encode("cp1252"))
    assert (decoded.text, decoded.encoding) == (text, "cp1252")


def test_words_in_an_encoding_that_is_not_known_are_not_taken_for_chinese():
    korean = "고객님 안녕하세요. 계정이 정지되었습니다. 아래 링크를 클릭하여 확인하십시오."
    assert sniff_encoding(korean.encode("euc_kr")) == ""
