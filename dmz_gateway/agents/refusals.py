"""Every refusal the gateway itself gives, in English and Chinese, with what to do.

The fault element says what became of the request: InvalidRequest never works as written,
NotAccepted was not sent, OutcomeUnknown may or may not have arrived.
"""

from dataclasses import dataclass, replace

from hub.errors import Refusal

INVALID_REQUEST = "InvalidRequest"
NOT_ACCEPTED = "NotAccepted"
OUTCOME_UNKNOWN = "OutcomeUnknown"
REFUSED = "Refused"


@dataclass(frozen=True, slots=True)
class GatewayRefusal:
    """A refusal, the fault element that carries it, and the HTTP status where one is fixed.

    ``status`` 0: the usual one of a fault. ``sender``: the fault is the caller's.
    """

    element: str
    refusal: Refusal
    status: int = 0

    @property
    def sender(self) -> bool:
        """Whether the caller has to change something."""
        return self.element == INVALID_REQUEST

    def after(self, seconds: int) -> "GatewayRefusal":
        """The same, to be retried after ``seconds``."""
        return replace(self, refusal=replace(self.refusal, retry_after_seconds=seconds))


def _invalid(
    code: str, sentences: tuple[str, str], to_do: tuple[str, str], *, status: int = 0
) -> GatewayRefusal:
    return GatewayRefusal(INVALID_REQUEST, Refusal(code, *sentences, *to_do), status)


def _later(
    element: str, code: str, sentences: tuple[str, str], to_do: tuple[str, str], seconds: int
) -> GatewayRefusal:
    refusal = Refusal(code, *sentences, *to_do, retryable=True, retry_after_seconds=seconds)
    return GatewayRefusal(element, refusal)


_CORRECT = (
    "Correct the request; the same bytes will be refused again.",
    "请更正请求；原样重发仍会被拒绝。",
)
_SEE_WSDL = (
    "Compare the request with the WSDL at ?wsdl and correct it.",
    "请对照 ?wsdl 提供的 WSDL 更正请求。",
)
_SIGN_IN = (
    "Check the certificate, user name and password you were given, or ask for new ones.",
    "请检查发给您的证书、用户名和密码，或申请新的凭证。",
)
_AGAIN_SAME = (
    "Repeat the same request with the same RequestReference.",
    "请用相同的 RequestReference 重发相同的请求。",
)

MALFORMED_XML = _invalid(
    "MALFORMED_XML", ("The request is not well-formed XML.", "请求不是格式良好的 XML。"), _CORRECT
)
NOT_SOAP = _invalid(
    "MALFORMED_XML",
    (
        "The request is not a SOAP envelope with one element in its Body.",
        "请求不是 Body 中恰有一个元素的 SOAP 信封。",
    ),
    _SEE_WSDL,
)
DTD_FORBIDDEN = _invalid(
    "DTD_FORBIDDEN",
    ("A document type declaration is not allowed.", "不允许使用文档类型声明 (DOCTYPE)。"),
    ("Remove the DOCTYPE.", "请去掉 DOCTYPE。"),
)
ENCODING_UNSUPPORTED = _invalid(
    "ENCODING_UNSUPPORTED",
    ("The character encoding is not supported.", "不支持该字符编码。"),
    (
        "Send UTF-8; UTF-16 and ISO-8859-1 are read too.",
        "请使用 UTF-8；也接受 UTF-16 和 ISO-8859-1。",
    ),
)
TOO_LARGE = _invalid(
    "TOO_LARGE",
    ("The request is larger than allowed.", "请求超过允许的大小。"),
    ("Send fewer lines, or a smaller message.", "请减少明细行数或缩小报文。"),
    status=413,
)
UNSUPPORTED_MEDIA_TYPE = _invalid(
    "UNSUPPORTED_MEDIA_TYPE",
    (
        "The Content-Type or Content-Encoding is not supported.",
        "不支持该 Content-Type 或 Content-Encoding。",
    ),
    (
        "Send text/xml for SOAP 1.1 or application/soap+xml for SOAP 1.2, plain or gzip.",
        "SOAP 1.1 请用 text/xml，SOAP 1.2 请用 application/soap+xml，不压缩或用 gzip。",
    ),
    status=415,
)
METHOD_NOT_ALLOWED = _invalid(
    "METHOD_NOT_ALLOWED",
    (
        "Only POST is allowed here; GET with ?wsdl gives the contract.",
        "此处只允许 POST；用 GET 加 ?wsdl 可取得契约。",
    ),
    ("Send the request with POST.", "请用 POST 发送请求。"),
    status=405,
)
NOT_FOUND = _invalid(
    "UNKNOWN_OPERATION",
    ("There is nothing at this address.", "该地址没有内容。"),
    ("Use the address in the WSDL.", "请使用 WSDL 中的地址。"),
    status=404,
)
VERSION_MISMATCH = _invalid(
    "VERSION_MISMATCH",
    (
        "The SOAP version of the envelope is unknown or does not fit the Content-Type.",
        "信封的 SOAP 版本未知，或与 Content-Type 不符。",
    ),
    (
        "Send SOAP 1.1 as text/xml or SOAP 1.2 as application/soap+xml.",
        "请以 text/xml 发送 SOAP 1.1，或以 application/soap+xml 发送 SOAP 1.2。",
    ),
)
MUST_UNDERSTAND = _invalid(
    "MUST_UNDERSTAND",
    (
        "A header marked mustUnderstand is not understood here.",
        "不理解某个标有 mustUnderstand 的报文头。",
    ),
    (
        "Leave the header out, or do not mark it mustUnderstand.",
        "请去掉该报文头，或不要标 mustUnderstand。",
    ),
)
UNKNOWN_OPERATION = _invalid(
    "UNKNOWN_OPERATION",
    (
        "The element in the Body is not an operation of this service.",
        "Body 中的元素不是本服务的操作。",
    ),
    _SEE_WSDL,
)
ACTION_MISMATCH = _invalid(
    "ACTION_MISMATCH",
    ("The action names another operation than the Body.", "action 所指的操作与 Body 不一致。"),
    ("Send the action of the operation, or none.", "请发送该操作的 action，或不发送。"),
)
ADDRESSING_UNSUPPORTED = _invalid(
    "ADDRESSING_UNSUPPORTED",
    (
        "The WS-Addressing headers ask for something that is not done here.",
        "WS-Addressing 报文头要求了本服务不支持的做法。",
    ),
    ("Use the anonymous ReplyTo and FaultTo.", "ReplyTo 和 FaultTo 请使用匿名地址。"),
)
SCHEMA_INVALID = _invalid(
    "SCHEMA_INVALID",
    ("The request breaks the schema.", "请求不符合 XML Schema。"),
    _SEE_WSDL,
)
SIGN_IN_FAILED = _invalid("SIGN_IN_FAILED", ("The sign-in failed.", "身份验证失败。"), _SIGN_IN)
SIGN_IN_REPLAYED = _invalid(
    "SIGN_IN_REPLAYED",
    ("This sign-in was used before.", "该身份凭据已被使用过。"),
    ("Send a new nonce and time with each request.", "每次请求请使用新的 Nonce 和 Created。"),
)
MESSAGE_EXPIRED = _invalid(
    "MESSAGE_EXPIRED",
    ("The request's time stamp is too old or lies in the future.", "请求的时间戳已过期或在未来。"),
    ("Set your clock and send the request anew.", "请校准时钟后重新发送。"),
)
SIGNATURE_INVALID = _invalid(
    "SIGNATURE_INVALID",
    ("The signature does not hold for this request.", "签名对本请求无效。"),
    (
        "Sign the Body that you send, with the certificate you were given.",
        "请用发给您的证书对所发送的 Body 签名。",
    ),
)
TOO_MANY_REQUESTS = _later(
    NOT_ACCEPTED,
    "TOO_MANY_REQUESTS",
    ("You ask more often than agreed.", "请求频率超过约定。"),
    ("Wait, then repeat the request.", "请稍候再重发。"),
    1,
)
FEEDS_BUSY = _later(
    NOT_ACCEPTED,
    "FEEDS_BUSY",
    ("As many feeds as are read at once are under way.", "同时接收的批量文件已达上限。"),
    ("Send the feed again in a while.", "请稍后重新发送。"),
    60,
)
FEED_INTERRUPTED = _later(
    OUTCOME_UNKNOWN,
    "FEED_INTERRUPTED",
    (
        "The feed broke off; what was accepted of it has its outcome.",
        "批量文件传输中断；已受理的部分会有结果。",
    ),
    (
        "Send the whole feed again under the same FeedReference; nothing is done twice.",
        "请用相同的 FeedReference 重新发送整个文件；不会重复办理。",
    ),
    10,
)
FEED_TOTALS_WRONG = _invalid(
    "FEED_TOTALS_WRONG",
    (
        "The feed has other bookings than its Totals say.",
        "批量文件中的订单与 Totals 不符。",
    ),
    (
        "Correct the Totals and send the feed again; nothing is done twice.",
        "请更正 Totals 后重新发送；不会重复办理。",
    ),
    status=422,
)
CREDENTIALS_STALE = _later(
    NOT_ACCEPTED,
    "CREDENTIALS_STALE",
    (
        "Sign-ins cannot be checked now: what is known of agents is too old.",
        "目前无法验证身份：代理信息已过旧。",
    ),
    _AGAIN_SAME,
    60,
)
NOT_SENT = _later(
    NOT_ACCEPTED,
    "NOT_ACCEPTED",
    (
        "The request could not be taken now; this time nothing was sent.",
        "目前无法受理请求；本次未发送任何内容。",
    ),
    _AGAIN_SAME,
    5,
)
NOT_TAKEN_NOW = _later(
    NOT_ACCEPTED,
    "NOT_TAKEN_NOW",
    (
        "New requests like this one are not taken for the time being; nothing was sent.",
        "暂不受理此类新请求；未发送任何内容。",
    ),
    _AGAIN_SAME,
    60,
)
NO_ANSWER = _later(
    NOT_ACCEPTED,
    "NOT_ACCEPTED",
    (
        "The answer to the query did not come in time; nothing was changed.",
        "查询未能及时得到答复；未作任何更改。",
    ),
    ("Ask again.", "请再次查询。"),
    5,
)
OFFERS_NOT_KNOWN = _later(
    NOT_ACCEPTED,
    "OFFERS_NOT_KNOWN",
    ("What is on offer is not known here yet.", "本网关尚未取得可售信息。"),
    ("Ask again.", "请再次查询。"),
    10,
)
NOT_KNOWN_WHETHER_SENT = _later(
    OUTCOME_UNKNOWN,
    "OUTCOME_UNKNOWN",
    ("It is not known whether the request was taken.", "尚不知请求是否已被受理。"),
    (
        "Repeat the same request with the same RequestReference; it will not be done twice.",
        "请用相同的 RequestReference 重发相同的请求；不会重复办理。",
    ),
    2,
)
INTERNAL = _later(
    NOT_ACCEPTED,
    "INTERNAL",
    ("Something went wrong at the gateway; nothing was sent.", "网关出错；未发送任何内容。"),
    _AGAIN_SAME,
    30,
)
