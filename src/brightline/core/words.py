"""Words that people read, in both languages of the house."""

import msgspec


class Words(msgspec.Struct, frozen=True):
    """One sentence in English and in 中文; plain text, never markup, escaped where it is shown."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """Give the 中文 sentence for any `zh` language tag and the English one otherwise.

        >>> Words(en="hidden text", zh="隐藏文本").in_language("zh-CN")
        '隐藏文本'
        """
        return self.zh if language.lower().startswith("zh") else self.en
