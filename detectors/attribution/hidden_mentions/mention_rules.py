"""The rules of hidden mentions: from how a handle is written, and what stands before it, to a style or nothing.

The limits on letters (5 and 6) were chosen on the real posts of `docs/detectors/hidden-mentions.md`, so that lists such
as `Twitter •Amazon •CNN` and brands with a letter from the wrong keyboard are not taken for hidden mentions.
"""

import numpy as np

from detectors.arrays.compiled import compiled
from detectors.arrays.dtypes import Int
from detectors.attribution.hidden_mentions import confusables as chars
from detectors.attribution.hidden_mentions.confusables import Folded
from detectors.attribution.hidden_mentions.handle_trie import (  # fmt: skip
    BARE,
    BRACKET,
    BROKEN,
    BULLET,
    CONFUSABLE,
    CREDIT,
    DISTINCTIVE,
    FULL,
    MOST_BETWEEN,
    NUMBERED,
    PLATFORM,
    SPACED,
    SPELLED,
    UNDERSCORED,
    UNSEEN,
    HandleTrie,
    is_letter,
)

LINKED, NOTHING = -1, -2
"""Results that are no style: a working mention, and no mention."""
PLAIN_AT, FORBIDDEN = 20, 21
"""What can stand before a handle besides what a style names: a plain @, or something that rules out a mention."""
# how the letters of a handle follow one another: as spelled; `_` became an odd character, a dot, a space or hyphen;
# something but no space was put in; something with a space was; something between all letters
(EXACT, JOINED, DOTTED, WORDS, FILLED, SPREAD, LETTERED) = range(7)


@compiled
def mention_style(
    text: Folded, begin: Int, last: Int, count: Int, trie: HandleTrie, handle: Int
) -> tuple[Int, Int]:
    """How the handle from `begin` to `last` is mentioned.

    Returns:
        A style, `LINKED` or `NOTHING`; and where the excerpt begins.
    """
    nothing = (np.int64(NOTHING), np.int64(0))
    start = begin - np.int64(trie.before[handle])
    after = last + 1 + np.int64(trie.after[handle])
    if start < 0 or after > count:
        return nothing
    for at in range(start, begin):
        if text.kind[at] != chars.JOINER:
            return nothing
    for at in range(last + 1, after):
        if text.kind[at] != chars.JOINER:
            return nothing
    if after < count and (
        text.kind[after] == chars.JOINER
        or (text.kind[after] == chars.WORD and text.kind[after - 1] != chars.UNSPACED)
    ):
        return nothing
    lead, shown, parted = _before(text, start, trie)
    marked = bool(start > 0 and text.kind[start - 1] == chars.MARK)
    form = _form(text, begin, last, trie, handle)
    if lead == FORBIDDEN or form == NOTHING:
        return nothing
    unseen = 0
    accents = styled = foreign = plain = 0
    for at in range(start, after):
        unseen |= text.unseen[at] if at > start else 0
        accents += text.change[at] == chars.ACCENT
        styled += text.change[at] == chars.STYLED
        foreign += text.change[at] == chars.SCRIPT
        plain += text.change[at] == 0 and 0x61 <= text.point[at] <= 0x7A
    if trie.foreign[handle]:
        accents = styled = foreign = 0
    at_unseen = lead in (PLAIN_AT, FULL) and text.unseen[start] != 0
    touched = unseen != 0 or at_unseen or accents + styled + foreign > 0
    if lead == PLAIN_AT and form == EXACT and not touched:
        return np.int64(LINKED), start
    if _goes_on(text, after, count):
        return nothing
    strength = trie.strength[handle]
    letters = trie.letters[handle]
    unusual = strength >= UNDERSCORED  # not an ordinary word
    hidden = at_unseen or unseen & chars.ZERO_WIDTH != 0 or (unusual and unseen == chars.SOFT_HYPHEN)
    confusable = accents + styled + foreign > 0 or unseen & chars.COMBINING != 0
    if not unusual and confusable and not hidden:
        # brands have accents, fancy letters or a letter from the wrong keyboard, but not after an @
        if foreign == 0 or plain == 0 or lead not in (PLAIN_AT, FULL, SPELLED):
            return nothing
    if not unusual and lead == PLATFORM and _listed(text, shown, after, count):
        return nothing
    disguised = form == EXACT and (hidden or confusable) and (unusual or letters >= 5)
    if not disguised and not _counts(lead, form, parted, marked, strength, letters, at_unseen):
        return nothing
    if hidden or confusable:
        return np.int64(UNSEEN if hidden else CONFUSABLE), shown
    if lead == PLAIN_AT or (form >= FILLED and lead in (BARE, BRACKET, BULLET, CREDIT)):
        return np.int64(BROKEN), shown
    return np.int64(lead), shown


@compiled
def _listed(text: Folded, shown: Int, after: Int, count: Int) -> bool:
    """Whether marks stand before and after, as in a list of names with bullets."""
    at = after
    while at < count and text.kind[at] == chars.SPACE:
        at += 1
    return bool(
        (at < count and text.kind[at] == chars.MARK) or (shown > 0 and text.kind[shown - 1] == chars.MARK)
    )


@compiled
def _counts(
    lead: Int, form: Int, parted: bool, marked: bool, strength: Int, letters: Int, at_unseen: bool
) -> bool:
    """Whether a handle that is not disguised by its letters still counts, from its lead, form and strength."""
    at = lead in (PLAIN_AT, FULL, SPELLED, SPACED)
    if form == EXACT:
        if strength == DISTINCTIVE:
            return True
        if strength == UNDERSCORED:
            return bool(lead != BARE and (lead != BULLET or marked))  # lists have bullets, too
        if lead == PLATFORM:
            return bool((strength == NUMBERED and parted) or (marked and letters >= 6))
        return bool(letters >= 5 and lead in (FULL, SPELLED))
    if form == JOINED:
        announced = lead not in (BARE, BRACKET) and (lead != BULLET or marked)
        return bool(strength >= UNDERSCORED and announced)
    if form in (WORDS, DOTTED):
        # names are written with spaces and hyphens, and may follow an @ that means "at"
        strong = lead in (FULL, SPELLED) or (lead == PLATFORM and parted) or (lead == PLAIN_AT and at_unseen)
        return bool(strength == DISTINCTIVE and (strong or (form == DOTTED and lead == PLAIN_AT)))
    if form == FILLED:
        return bool(strength == DISTINCTIVE or (strength == UNDERSCORED and at))
    if form == SPREAD:
        return bool(strength >= UNDERSCORED and at)
    return bool(strength == DISTINCTIVE or (at and letters >= 5))


@compiled
def _form(text: Folded, begin: Int, last: Int, trie: HandleTrie, handle: Int) -> Int:
    """How the letters follow one another, compared with the handle's spelling."""
    words = dotted = odd = filled = whole = spaced = 0
    at = begin
    own = trie.spelling_at[handle]
    while at < last:
        at += 1
        own += 1
        theirs_begin, own_begin = at, own
        while not is_letter(text.kind[at]):
            at += 1
        while not trie.is_letter[own]:
            own += 1
        theirs, ours = at - theirs_begin, own - own_begin
        if ours == 0 and theirs == 0:
            whole += 1
            continue
        if theirs == 0:
            return np.int64(NOTHING)
        has_space = has_dot = has_own = has_odd = False
        same = theirs == ours
        for step in range(theirs):
            kind = text.kind[theirs_begin + step]
            own_one = ours > 0 and text.point[theirs_begin + step] == trie.spelling[own_begin]
            same = same and text.point[theirs_begin + step] == trie.spelling[own_begin + step]
            has_space = has_space or kind in (chars.SPACE, chars.HYPHEN)
            has_dot = has_dot or kind == chars.DOT
            has_own = has_own or own_one
            has_odd = has_odd or kind not in (chars.SPACE, chars.HYPHEN, chars.DOT)
        if same:
            continue
        spaced += has_space
        if ours == 0 or has_own:
            filled += 1
        elif has_odd:
            odd += 1
        elif has_dot:
            dotted += 1
        else:
            words += 1
    if filled == 0:
        return np.int64(WORDS if words else DOTTED if dotted else JOINED if odd else EXACT)
    if words + dotted + odd > 0:
        return np.int64(NOTHING)  # it may be two words in spaced letters
    if whole == 0 and filled >= 4:
        return np.int64(LETTERED)
    return np.int64(SPREAD if spaced else FILLED)


@compiled
def _goes_on(text: Folded, after: Int, count: Int) -> bool:
    """Whether what seems to be a handle is part of a host name, an e-mail address, a path or a compound."""
    if after + 1 >= count or text.kind[after + 1] not in (chars.WORD, chars.SLASH):
        return False
    if text.kind[after + 1] == chars.SLASH:
        return bool(text.kind[after] == chars.COLON)
    return text.kind[after] in (chars.DOT, chars.HYPHEN, chars.SLASH, chars.AT, chars.ODD_AT, chars.QUERY)


@compiled
def _before(text: Folded, start: Int, trie: HandleTrie) -> tuple[Int, Int, bool]:
    """What stands before a handle.

    Returns:
        A style, `PLAIN_AT` or `FORBIDDEN`; where it begins; and whether a mark stands between it and the handle.
    """
    bare = (np.int64(BARE), start, False)
    forbidden = (np.int64(FORBIDDEN), start, False)
    at = start - 1
    if at < 0:
        return bare
    kind = text.kind[at]
    if kind in (chars.JOINER, chars.HASH, chars.QUERY) or (
        kind == chars.WORD and text.kind[start] != chars.UNSPACED
    ):
        return forbidden
    outer = text.kind[at - 1] if at > 0 else np.uint8(chars.SPACE)
    if kind in (chars.DOT, chars.HYPHEN, chars.AT, chars.ODD_AT) and outer in (chars.WORD, chars.JOINER):
        return forbidden  # a host name, a compound, an e-mail address
    if kind == chars.AT:
        return np.int64(PLAIN_AT), at, False
    if kind == chars.ODD_AT:
        return np.int64(FULL), at, False
    near = at  # the nearest character that is not a space
    while near >= 0 and text.kind[near] == chars.SPACE and at - near < MOST_BETWEEN:
        near -= 1
    if near >= 0 and text.kind[near] in (chars.AT, chars.ODD_AT):
        mail = near > 0 and text.kind[near - 1] in (chars.WORD, chars.JOINER)
        return forbidden if mail else (np.int64(SPACED), near, False)
    if near > 1 and text.kind[near] == chars.CLOSE:
        lead, word = _word_before(text, near - 1, trie)
        if lead == SPELLED and word > 0 and text.kind[word - 1] == chars.OPEN:
            mail = word > 1 and text.kind[word - 2] in (chars.WORD, chars.JOINER)
            return forbidden if mail else (np.int64(SPELLED), word - 1, False)
    back, parted, slash = at, False, False
    while (
        back >= 0
        and at - back < 4
        and text.kind[back] in (chars.SPACE, chars.MARK, chars.COLON, chars.SLASH, chars.OPEN, chars.HYPHEN)
    ):
        parted = parted or text.kind[back] not in (chars.SPACE, chars.OPEN)
        slash = slash or text.kind[back] == chars.SLASH
        back -= 1
    lead, word = _word_before(text, back, trie) if back >= 0 else (np.int64(NOTHING), back)
    # a word of one or two letters is too often an accident where no mark follows
    if lead in (NOTHING, SPELLED) or (back - word < 2 and text.kind[word] == chars.WORD and not parted):
        lead = np.int64(NOTHING)
    path = (
        slash
        and word > 0
        and text.kind[word - 1] in (chars.SLASH, chars.DOT, chars.HYPHEN, chars.COLON, chars.AT)
    )
    if lead == PLATFORM and not path:
        return lead, word, parted
    if kind == chars.SLASH:
        return forbidden
    if lead == CREDIT:
        return lead, word, parted
    if near >= 0 and text.kind[near] == chars.MARK:
        return np.int64(BULLET), near, True
    return (np.int64(BRACKET), at, False) if kind == chars.OPEN else bare


@compiled
def _word_before(text: Folded, last: Int, trie: HandleTrie) -> tuple[Int, Int]:
    """The style of the announcing word that ends at `last`, or `NOTHING`; and where the word begins."""
    for number in range(len(trie.word_lead)):
        size = trie.word_at[number + 1] - trie.word_at[number]
        begin = last + 1 - size
        if begin < 0:
            continue
        same = True
        for step in range(size):
            if text.point[begin + step] != trie.word[trie.word_at[number] + step]:
                same = False
                break
        if same and (
            begin == 0
            or text.kind[begin] == chars.UNSPACED
            or text.kind[begin - 1] not in (chars.WORD, chars.JOINER, chars.AT, chars.ODD_AT)
        ):
            return np.int64(trie.word_lead[number]), begin
    return np.int64(NOTHING), last
