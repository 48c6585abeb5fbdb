"""What callers send and get, as the API's schemas; everything bounded, unknown fields refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Short = Annotated[str, Field(max_length=200)]
TEXT_LIMIT = 1_000_000  # characters of a text that is handed in as JSON
URL_LIMIT = 2000  # characters of a URL; browsers' address lines take as much
ITEMS_LIMIT = 256  # submissions in one batch


class Form(BaseModel):
    """A body that has these fields and no others."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="after")
    @classmethod
    def _is_words(cls, value: object, info: ValidationInfo) -> object:
        """Databases and documents take no NUL; a text under judgement may have one, and is kept as bytes."""
        if info.field_name != "text" and isinstance(value, str) and "\x00" in value:
            raise ValueError("a NUL is no character of a text")
        return value


class TextForm(Form):
    """A text to be judged."""

    text: Annotated[str, Field(max_length=TEXT_LIMIT, examples=["You have won! Send a gift card."])]
    name: Short = "text"
    key: Annotated[str, Field(max_length=200, description="idempotency key of this item")] = ""
    audience: Literal["internal", "public"] = "public"
    declared: Literal["none", "ai_generated", "not_ai"] = "none"
    priority: Annotated[int, Field(ge=0, le=9)] = 0


class UrlForm(Form):
    """What lies behind a URL, to be judged."""

    url: Annotated[str, Field(max_length=URL_LIMIT, examples=["https://example.org/picture.jpg"])]
    name: Annotated[str, Field(max_length=200, description="empty: host and path of the URL")] = ""
    key: Annotated[str, Field(max_length=200, description="idempotency key")] = ""
    audience: Literal["internal", "public"] = "public"
    declared: Literal["none", "ai_generated", "not_ai"] = "none"
    priority: Annotated[int, Field(ge=0, le=9)] = 0


class BatchForm(Form):
    """Several texts."""

    items: Annotated[list[TextForm], Field(min_length=1, max_length=ITEMS_LIMIT)]


class SubmissionOut(BaseModel):
    """A submission as it stands."""

    id: Id
    state: Literal["waiting", "leased", "done", "dead"]
    name: str
    kind: str = ""
    digest: str = ""
    action: str = ""
    harm: str = ""
    severity: str = ""
    probability: float = 0.0
    gaps: int = 0
    entry: int | None = None
    leaf: str = ""
    fault: str = ""
    repeated: bool = False


class Page(BaseModel):
    """Some submissions, newest first; `next` goes into `before` for those that follow."""

    items: list[SubmissionOut]
    next: str = ""


class RulingForm(Form):
    """A person's decision."""

    action: Literal["allow", "label", "review", "block"]
    reason: Short = ""
    note: Annotated[str, Field(max_length=4000)] = ""


class NoteForm(Form):
    """Words for colleagues."""

    note: Annotated[str, Field(min_length=1, max_length=4000)]


class AssignForm(Form):
    """Whose list a case goes on; nothing takes it off."""

    person: Id | None = None


class BulkForm(Form):
    """One decision for several cases."""

    cases: Annotated[list[Id], Field(min_length=1, max_length=200)]
    ruling: RulingForm
    preview: bool = False


class HookForm(Form):
    """Who wants to hear of what; no events are all."""

    url: Annotated[str, Field(max_length=2000, examples=["https://example.com/brightline"])]
    events: list[Short] = []


class TokenForm(Form):
    """A token for a program."""

    name: Short
    roles: Annotated[
        list[Literal["submitter", "reviewer", "lead", "author", "auditor", "admin"]], Field(min_length=1)
    ]


class PersonForm(Form):
    """A new account."""

    login: Annotated[str, Field(min_length=1, max_length=80)]
    shown: Short = ""
    roles: Annotated[
        list[Literal["submitter", "reviewer", "lead", "author", "auditor", "admin"]], Field(min_length=1)
    ]
    password: Annotated[str, Field(min_length=12, max_length=256)]
