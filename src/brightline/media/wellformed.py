"""Text that every tool accepts: lone surrogates, which no encoding holds, become U+FFFD, one for one."""

_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


def well_formed(text: str) -> str:
    """The text, same length, without lone surrogates; the same object where there were none.

    >>> well_formed("a" + chr(0xD800) + "b") == "a" + chr(0xFFFD) + "b"
    True
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.translate(_SURROGATES)
    return text
