"""The refusals of ticketing: every way in which a booking can be told no."""

from dataclasses import replace

from hub.errors import Refusal, Refused

SOLD_OUT = Refusal(
    "SOLD_OUT",
    "There are not enough places left for one of the days asked for.",
    "所选日期的余票不足。",
    "Ask for fewer tickets or another day; places of holds that end come back.",
    "请减少张数或选择其他日期；到期未确认的预留将退回余票。",
)
NOT_ON_SALE = Refusal(
    "NOT_ON_SALE",
    "This ticket type is not on sale to you for this day at this time.",
    "该票种目前不向您发售所选日期的门票。",
    "Look at the offers for what is on sale now.",
    "请查询当前可售票种。",
)
UNKNOWN_TICKET_TYPE = Refusal(
    "UNKNOWN_TICKET_TYPE",
    "There is no ticket type of this code.",
    "没有该代码的票种。",
    "Use a ticket type from the offers.",
    "请使用可售票种列表中的代码。",
)
DAY_NOT_VALID = Refusal(
    "DAY_NOT_VALID",
    "This ticket type does not admit on the day asked for.",
    "该票种不能在所选日期使用。",
    "Choose a day for which the offers list this ticket type.",
    "请选择可售列表中该票种对应的日期。",
)
GROUP_ONLY = Refusal(
    "GROUP_ONLY",
    "This ticket type is sold to groups only.",
    "该票种仅售予团队。",
    "Book it as a group, or choose another ticket type.",
    "请以团队方式预订，或选择其他票种。",
)
QUANTITY_NOT_ALLOWED = Refusal(
    "QUANTITY_NOT_ALLOWED",
    "The number of tickets in one booking must be between {least} and {most}.",
    "每个订单的张数须在 {least} 至 {most} 之间。",
    "Change the quantities, or split the booking.",
    "请调整张数，或分为多个订单。",
)
NO_SUCH_BOOKING = Refusal(
    "NO_SUCH_BOOKING",
    "You have no booking of this reference.",
    "没有该编号的订单。",
    "Check the booking reference; its last character guards against slips.",
    "请核对订单编号；末位为校验字符。",
)
VERSION_CONFLICT = Refusal(
    "VERSION_CONFLICT",
    "The booking is at version {present}; the request was made for version {asked}.",
    "订单当前版本为 {present}，而请求针对的版本为 {asked}。",
    "Fetch the booking, look at what changed, and send the request for its present version.",
    "请先查询订单，核对变更内容，再按当前版本重新提交。",
)
HOLD_ENDED = Refusal(
    "HOLD_ENDED",
    "The hold on this booking has ended and its places were given back.",
    "该订单的预留已到期，名额已退回。",
    "Place a new booking.",
    "请重新预订。",
)
BOOKING_CLOSED = Refusal(
    "BOOKING_CLOSED",
    "The booking is cancelled and can no longer be changed.",
    "订单已取消，不能再更改。",
    "Place a new booking.",
    "请重新预订。",
)
NO_SUCH_FEED = Refusal(
    "NO_SUCH_FEED",
    "Nothing of a feed of this reference has come in.",
    "尚未收到该编号的批量文件的任何内容。",
    "Check the FeedReference; if you have sent the feed, ask again in a while.",
    "请核对 FeedReference；如已发送，请稍后再查询。",
)
FEED_REUSED = Refusal(
    "FEED_REUSED",
    "Under this FeedReference other bookings or totals came before; nothing of this part is done.",
    "该 FeedReference 此前已用于其他订单或合计；本部分未办理。",
    "Send a feed with other contents under a new FeedReference.",
    "内容不同的批量文件请使用新的 FeedReference。",
)

ALL = (
    SOLD_OUT,
    NOT_ON_SALE,
    UNKNOWN_TICKET_TYPE,
    DAY_NOT_VALID,
    GROUP_ONLY,
    QUANTITY_NOT_ALLOWED,
    NO_SUCH_BOOKING,
    VERSION_CONFLICT,
    HOLD_ENDED,
    BOOKING_CLOSED,
    NO_SUCH_FEED,
    FEED_REUSED,
)


def no(refusal: Refusal, subject: str = "", **facts: int) -> Refused:
    """Return what business code raises to say no; ``facts`` fill the sentences' gaps."""
    said = replace(
        refusal,
        sentence_en=refusal.sentence_en.format(**facts),
        sentence_zh=refusal.sentence_zh.format(**facts),
    )
    return Refused(said, subject)
