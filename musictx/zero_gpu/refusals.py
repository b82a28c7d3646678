"""Why ZeroGPU lends no GPU, in words for the visitor."""

from __future__ import annotations

# What an error of `spaces` holds, in lower case, and what is said of it.
REASONS = (
    ("maximum allowed", "This takes longer than a GPU is lent for"),
    ("pending credits", "Your GPU minutes are bound in other work of yours"),
    ("quota", "Today's GPU minutes are used up"),
    ("no gpu", "No GPU is free just now"),
    ("expired", "The GPU does not know you any more (reload the page to use it again)"),
    ("aborted", "The GPU was taken away"),
)
UNKNOWN = "The GPU did not answer"


def reason(error: BaseException) -> str:
    """The beginning of a sentence on an error of `spaces`, without a full stop."""
    words = f"{getattr(error, 'title', '')} {error}".lower()
    return next((words_of for sign, words_of in REASONS if sign in words), UNKNOWN)
