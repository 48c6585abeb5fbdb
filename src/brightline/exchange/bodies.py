"""Bodies of requests as they may be: every field and every kind of content part by name, anything else is an error.

Only names and types that reach a model's eyes are spelt out; what is plain configuration keeps its JSON. A caller's
body is decoded once and what was decoded is forwarded, so that no upstream can read a repeated key differently.

Source: OpenAI API reference (chat, completions, responses, embeddings, images, audio), Anthropic API reference
(messages), both as of November 2026.
"""

from typing import Annotated, Literal

import msgspec

from brightline.exchange.nouns import Json

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Choices = Annotated[int, msgspec.Meta(ge=1, le=16)]
TURNS_LIMIT = 4_096  # messages of one conversation (count)
PARTS_LIMIT = 1_024  # content parts of one message (count)


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No field that is not named."""


class TextPart(_Strict, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """Words."""

    text: str
    cache_control: Json = None
    citations: Json = None
    annotations: Json = None


class RefusalPart(_Strict, frozen=True, kw_only=True, tag_field="type", tag="refusal"):
    """A model's earlier refusal."""

    refusal: str


class PicturePart(_Strict, frozen=True, kw_only=True, tag_field="type", tag="image_url"):
    """A picture."""

    image_url: Json


class SoundPart(_Strict, frozen=True, kw_only=True, tag_field="type", tag="input_audio"):
    """A sound."""

    input_audio: Json


class FilePart(_Strict, frozen=True, kw_only=True, tag_field="type", tag="file"):
    """A file."""

    file: Json


ChatPart = TextPart | RefusalPart | PicturePart | SoundPart | FilePart


class ChatMessage(_Strict, frozen=True, kw_only=True):
    """One message of a chat."""

    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: str | Annotated[list[ChatPart], msgspec.Meta(max_length=PARTS_LIMIT)] | None = None
    name: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    audio: Json = None
    annotations: Json = None
    function_call: Json = None
    tool_calls: Json = None
    tool_call_id: str | None = None


class _Sampling(_Strict, frozen=True, kw_only=True):
    """What several protocols share."""

    model: Name
    stream: bool | None = None
    stream_options: Json = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: Json = None
    user: str | None = None
    metadata: Json = None
    store: bool | None = None
    service_tier: str | None = None


class ChatBody(_Sampling, frozen=True, kw_only=True):
    """`POST /v1/chat/completions`."""

    messages: Annotated[list[ChatMessage], msgspec.Meta(min_length=1, max_length=TURNS_LIMIT)]
    n: Choices | None = None
    audio: Json = None
    function_call: Json = None
    functions: Json = None
    logit_bias: Json = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    modalities: list[str] | None = None
    parallel_tool_calls: bool | None = None
    prediction: Json = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    reasoning_effort: str | None = None
    response_format: Json = None
    safety_identifier: str | None = None
    tool_choice: Json = None
    tools: Json = None
    verbosity: str | None = None
    web_search_options: Json = None


class CompletionsBody(_Sampling, frozen=True, kw_only=True):
    """`POST /v1/completions`."""

    prompt: str | list[str | int | list[int]]
    n: Choices | None = None
    best_of: Choices | None = None
    echo: bool | None = None
    logit_bias: Json = None
    logprobs: int | None = None
    max_tokens: int | None = None
    suffix: str | None = None


class EmbeddingsBody(_Strict, frozen=True, kw_only=True):
    """`POST /v1/embeddings`."""

    model: Name
    input: str | list[str | int | list[int]]
    dimensions: int | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None


class PicturesBody(_Strict, frozen=True, kw_only=True):
    """`POST /v1/images/generations`."""

    model: Name
    prompt: str
    n: Choices | None = None
    size: str | None = None
    quality: str | None = None
    style: str | None = None
    background: str | None = None
    moderation: str | None = None
    output_format: str | None = None
    output_compression: int | None = None
    response_format: str | None = None
    user: str | None = None


class SpeechBody(_Strict, frozen=True, kw_only=True):
    """`POST /v1/audio/speech`."""

    model: Name
    input: str
    voice: Json
    instructions: str | None = None
    response_format: str | None = None
    speed: float | None = None


class ResponsesBody(_Sampling, frozen=True, kw_only=True):
    """`POST /v1/responses`; each item of `input` is looked through by `responses.py`."""

    input: str | Annotated[list[dict[str, Json]], msgspec.Meta(min_length=1, max_length=TURNS_LIMIT)]
    instructions: str | None = None
    include: list[str] | None = None
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    parallel_tool_calls: bool | None = None
    prompt_cache_key: str | None = None
    reasoning: Json = None
    safety_identifier: str | None = None
    text: Json = None
    tool_choice: Json = None
    tools: Json = None
    top_logprobs: int | None = None
    truncation: str | None = None


class MessagesBody(_Strict, frozen=True, kw_only=True):
    """`POST /v1/messages` of Anthropic; each content block is looked through by `messages.py`."""

    model: Name
    messages: Annotated[list["AnthropicMessage"], msgspec.Meta(min_length=1, max_length=TURNS_LIMIT)]
    max_tokens: int
    system: str | list[TextPart] | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    metadata: Json = None
    service_tier: str | None = None
    thinking: Json = None
    tool_choice: Json = None
    tools: Json = None


class AnthropicMessage(_Strict, frozen=True, kw_only=True):
    """One message of Anthropic's form."""

    role: Literal["user", "assistant"]
    content: str | Annotated[list[dict[str, Json]], msgspec.Meta(min_length=1, max_length=PARTS_LIMIT)]
