"""Content blocks of the two protocols that know many kinds: OpenAI's responses and Anthropic's messages.

A kind that is not in the table is an error: what we cannot read, no model shall read behind our back.
"""

from collections.abc import Sequence

from brightline.exchange.faults import Fault
from brightline.exchange.nouns import Json
from brightline.exchange.words import words_in

# Blocks that are words all through, so that every string in them is judged.
WORDS = frozenset({
    "message", "text", "input_text", "output_text", "refusal", "summary_text", "reasoning_text", "function_call",
    "function_call_output", "custom_tool_call", "custom_tool_call_output", "reasoning", "tool_use", "tool_result",
    "thinking", "search_result", "mcp_call", "mcp_list_tools", "server_tool_use", "web_search_call",
    "file_search_call",
})  # fmt: skip
# Blocks that hold what is no words, or refer to what the upstream keeps.
UNREAD = frozenset({
    "input_image", "input_file", "input_audio", "image", "document", "redacted_thinking", "item_reference",
    "image_generation_call", "code_interpreter_call", "computer_call_output", "web_search_tool_result",
})  # fmt: skip
_OPAQUE = frozenset({
    "id", "type", "role", "status", "call_id", "tool_use_id", "signature", "encrypted_content", "cache_control",
})  # fmt: skip
DEPTH = 4  # an item holds blocks, a tool's result holds blocks again (levels)


def block_words(blocks: Sequence[Json], place: str) -> tuple[list[str], list[str]]:
    """All words in blocks, and the kinds of those that hold none.

    Args:
        blocks: items or content blocks.
        place: where they stand, for errors.

    Raises:
        Fault: 400, a block is of an unknown kind or of a wrong type.
        ExchangeError: too deep or too many.
    """
    words: list[str] = []
    unread: list[str] = []
    _read(blocks, place, words, unread, DEPTH)
    return words, unread


def _read(blocks: Sequence[Json], place: str, words: list[str], unread: list[str], left: int) -> None:
    for block in blocks:
        if not isinstance(block, dict) or not left:
            raise Fault(400, "invalid_value", f"a content block is no object at `{place}`", param=place)
        kind = block.get("type", "message" if "role" in block else "")
        if kind in UNREAD:
            unread.append(str(kind))
        elif kind not in WORDS:
            raise Fault(
                400,
                "unsupported_content",
                f"unknown content of type `{str(kind)[:80]}` at `{place}`",
                param=place,
            )
        else:
            _read_words(block, place, words, unread, left)


def _read_words(block: dict[str, Json], place: str, words: list[str], unread: list[str], left: int) -> None:
    for name, value in block.items():
        if name in _OPAQUE:
            continue
        if name in {"content", "output", "summary"} and isinstance(value, list):
            _read(value, f"{place}.{name}", words, unread, left - 1)
        else:
            words.extend(words_in(value))
