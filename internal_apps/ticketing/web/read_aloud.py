"""References read out on the telephone, character by character, in both languages."""

from dataclasses import dataclass

_ENGLISH_DIGITS = dict(
    zip(
        "0123456789",
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
        strict=True,
    )
)
_ENGLISH_LETTERS = {
    word[0].upper(): word
    for word in (
        *("Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India"),
        *("Juliett", "Kilo", "Lima", "Mike", "November", "Oscar", "Papa", "Quebec", "Romeo"),
        *("Sierra", "Tango", "Uniform", "Victor", "Whiskey", "X-ray", "Yankee", "Zulu"),
    )
}

# Digits as Chinese operators say them: one, two, seven and zero are changed so that none is
# taken for another. Letters by a word that everybody spells with that letter.
_CHINESE_DIGITS = dict(zip("0123456789", "洞幺两三四五六拐八九", strict=True))
_CHINESE_LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            *("安徽", "北京", "重庆", "大连", "鹅城", "福建", "广州", "杭州", "爱国"),
            *("江苏", "昆明", "拉萨", "满洲", "南京", "欧洲", "平安", "青岛", "日照"),
            *("上海", "天津", "优秀", "胜利", "武汉", "西安", "云南", "珠海"),
        ),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """One character of a reference and the word to say for it."""

    character: str
    word: str


def read_aloud(reference: str, language: str) -> list[list[Spoken]]:
    """Return the groups of a reference, each character with its word in the language."""
    digits, letters = (
        (_CHINESE_DIGITS, _CHINESE_LETTERS)
        if language == "zh"
        else (_ENGLISH_DIGITS, _ENGLISH_LETTERS)
    )
    words = {**digits, **letters}
    return [
        [Spoken(character, words.get(character, character)) for character in group]
        for group in reference.upper().split("-")
    ]
