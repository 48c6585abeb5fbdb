"""A typed client of the service's API: `pip install "brightline[client]"`.

>>> from brightline.client import Service
>>> callable(Service.judge)
True
"""

from brightline.client.faults import ProblemError, SilentError
from brightline.client.notices import Notice, NoticeError, read_notice
from brightline.client.nouns import Appeal, Case, Decided, Receipt, Status, Submission
from brightline.client.service import Service

__all__ = [
    "Appeal", "Case", "Decided", "Notice", "NoticeError", "ProblemError", "Receipt", "Service", "SilentError", "Status",
    "Submission", "read_notice",
]  # fmt: skip
