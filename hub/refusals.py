"""The refusals that every application shares: those which the inbox itself gives."""

from hub.errors import NeverWorks, Refusal
from hub.ports import Answer, InboxEntry, Unit

REFERENCE_REUSED = Refusal(
    "REFERENCE_REUSED",
    "This request reference was used before for a request with other contents.",
    "该请求编号已用于内容不同的请求。",
    "Send the new request under a new reference of your own.",
    "请使用新的请求编号发送该请求。",
)

REQUEST_TOO_OLD = Refusal(
    "REQUEST_TOO_OLD",
    "The request took too long on its way and was not carried out.",
    "请求在途时间过长，未予执行。",
    "Send it again under a new reference if it is still wanted.",
    "如仍需办理，请使用新的请求编号重新发送。",
)

PENDING = Refusal(
    "PENDING",
    "The request has been received and waits; it is not yet decided.",
    "请求已收到，正在等待处理，尚无结果。",
    "Ask again later, or repeat the request with the same reference.",
    "请稍后再查询，或使用相同的请求编号重发请求。",
    retryable=True,
    retry_after_seconds=10,
)

DISCARDED = Refusal(
    "DISCARDED",
    "The request could not be carried out and was closed by our staff; nothing was done for it.",
    "该请求无法办理，已由工作人员关闭，未执行任何操作。",
    "Ask us why, or send it again under a new reference if it is still wanted.",
    "请向我们了解原因；如仍需办理，请使用新的请求编号重新发送。",
)


def refused_with(code: str) -> Refusal:
    """Return what is said of a refusal of which nothing but its code is known any more."""
    return Refusal(
        code,
        "The request was refused with this code; what else was said is no longer kept.",
        "该请求已以此代码拒绝；当时的其他说明已不再保存。",
        "Send it again under a new reference if it is still wanted.",
        "如仍需办理，请使用新的请求编号重新发送。",
    )


def cannot_rebuild(entry: InboxEntry, unit: Unit) -> Answer:
    """Say nothing anew: NeverWorks. For applications whose answers are kept for ever."""
    del unit
    raise NeverWorks(f"The answer to {entry.id} was pruned, and cannot be given anew.")
