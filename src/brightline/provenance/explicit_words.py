"""Wordings by which a text declares itself AI-generated, in 中文 and English, as RE2 patterns.

`STATES` are short forms that count only where a mark stands (either end, brackets); `DECLARES` are whole statements
that count on any line of their own. Neither accepts a sentence that goes on to say something else.
"""

# --- wordings in 中文 -------------------------------------------------------------------------------------------
AI_ZH = r"(?:人工智能|人工智慧|\b(?:AIGC|AI|A\.I\.?)\b|ＡＩ)"
_TOOL_ZH = r"(?:大?语?言?模型|技术|算法|助手|工具|智能体|机器人|软件|系统|自动|辅助|协助|参与|全程|深度)"
_MADE_ZH = r"(?:生成合成|合成生成|生成|合成|產生|創作生成|创作生成|自动生成|辅助生成|生成式创作)"
_CORE_ZH = rf"{AI_ZH}[ 　]*(?:{_TOOL_ZH}[ 　]*){{0,3}}{_MADE_ZH}"
_NOUN_ZH = (
    r"(?:内容|文字|文本|文章|文|稿件|稿|图片|图像|图|配图|插图|封面|音频|视频|作品|信息|回答|回复|答案|结果|摘要|总结|翻译|"
    r"报告|材料|资料|对话|评论|代码|部分|素材|画面|场景|声音|语音|配音|旁白|人物|形象|文案|短视频|帖子|笔记|邮件|消息|简介|建议|"
    r"內容|圖片|圖像|影像|視頻|音訊|語音)"
)
_SELF_ZH = rf"(?:本|此|该|這|这|以上|以下|上述|前述|下述|本篇|此篇|本条|本次|部分|全部|文中|文内|正文|页面)?[ 　]*{_NOUN_ZH}{{0,2}}(?:的?部分{_NOUN_ZH})?"
_VERB_ZH = r"(?:均|都|全部|全文|部分|主要|可能|疑似|或|完全|已|皆|或许|是|为|系|乃|含有?|包含|存在)*"
_LEAD_ZH = (
    r"(?:(?:温馨提示|重要提示|友情提示|特别提示|提示|注意|注|(?:作者|创作者|博主|发布者|平台|编者|内容)?声明|特别声明|免责声明|"
    r"说明|标识|内容标识|备注|(?:内容|图片|文章|素材)?来源)[ 　]*[:：][ 　]*)?"
)
_TAIL_ZH = (
    rf"(?:的?{_NOUN_ZH}|而成|制作|完成|技术制作|得出|提供|标识|[，,]?(?:并|已|未|且|且已)?经(?:过)?人工(?:审核|校对|编辑|审校|修改|核实))?"
    r"(?:[，,；;。 　]*(?:(?:内容|结果|信息|回答)?仅供参考|仅供娱乐|仅作参考|请仔细甄别|请注意甄别|请谨慎甄别|注意甄别|请自行甄别|请核实|请仔细核实|"
    r"请以官方(?:信息|发布)为准|不构成(?:任何)?(?:投资)?建议|不代表[^。\n]{0,20}|可能(?:存在|含有|有)[^。\n]{0,16}|"
    r"请勿[^。\n]{0,16}|不(?:能)?保证[^。\n]{0,20}|无法保证[^。\n]{0,20})){0,3}"
)
DECLARES_ZH = rf"{_LEAD_ZH}{_SELF_ZH}{_VERB_ZH}(?:由|经|经由|使用|利用|借助|通过|采用)(?:了)?[^，。！？；,!?;\n]{{0,12}}?{_CORE_ZH}{_TAIL_ZH}"
STATES_ZH = rf"{_LEAD_ZH}{_SELF_ZH}{_VERB_ZH}{_CORE_ZH}{_TAIL_ZH}"
MADE_BY_ZH = rf"(?:内容)?(?:生成|合成)(?:自|于|来源[:：]?|方式[:：]?|者[:：]?)[ 　]*{AI_ZH}"

# --- wordings in English ----------------------------------------------------------------------------------------
AI_EN = r"(?:an? |the )?(?:AI|A\.I\.|artificial intelligence|generative AI|AIGC)(?:[- ](?:model|models|tool|tools|assistant|system|systems|technology|chatbot|language model))?"
MADE_EN = r"(?:generated|synthesi[sz]ed|created|produced|made|written|drafted|composed)"
_NOUN_EN = (
    r"(?:article|content|contents|text|post|page|document|message|email|e-mail|answer|response|reply|summary|report|story|essay|"
    r"image|picture|illustration|photo|audio|video|voice|translation|transcript|material|work|output|review|description)s?"
)
_SELF_EN = rf"(?:(?:all |parts? of |some of |portions of )?(?:this|the above|the following|the|above|following)[ ]{_NOUN_EN}|this|{_NOUN_EN})"
_BE_EN = r"(?:was|were|is|are|has been|have been|may have been|may be|might be|is likely|(?:may |might )?(?:contains?|includes?))"
_HOW_EN = r"(?:(?:entirely|fully|partly|partially|automatically|in part|wholly|mostly|originally)[ ]){0,2}"
_LEAD_EN = r"(?:(?:note|notice|disclaimer|disclosure|warning|attention|please note|image|picture|photo|video|audio|text|content|source|credit)[ ]*[:\-–—][ ]*)?"
_CORE_EN = (
    rf"(?:{_HOW_EN}{MADE_EN}[ ](?:entirely |in part |automatically )?(?:by|with|using|with the (?:help|assistance|aid) of)[ ](?:[a-z0-9][a-z0-9.\- ]{{0,24}}, )?{AI_EN}"
    rf"|{_HOW_EN}(?:an? )?(?:AI|artificial intelligence)[- ](?:generated|synthesi[sz]ed|created|produced)(?:[ ](?:{_NOUN_EN}|material))?)"
)
_TAIL_EN = (
    r"(?:[,;.]?[ ](?:and )?(?:for reference only|may (?:contain|be|include)[^.\n]{0,40}|(?:please )?(?:verify|check)[^.\n]{0,40}|"
    r"reviewed by[^.\n]{0,30}|and (?:edited|reviewed|checked)[^.\n]{0,30}))?"
)
STATES_EN = (
    rf"{_LEAD_EN}(?:{_SELF_EN}[ ](?:{_BE_EN}[ ])?|(?:may )?(?:contains?|includes?)[ ])?{_CORE_EN}{_TAIL_EN}"
)
DECLARES_EN = rf"{_LEAD_EN}{_SELF_EN}[ ]{_BE_EN}[ ]{_CORE_EN}{_TAIL_EN}"
