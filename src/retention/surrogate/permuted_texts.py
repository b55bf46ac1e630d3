"""Texts permuted among those of their shape."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from retention.surrogate import nobodys
from retention.surrogate.alphabets import DIGIT, is_mark, is_upper, members, places, shape_of, without_case
from retention.surrogate.ff1 import Blocks
from retention.surrogate.permutation import Permutation


class PermutedTexts:
    """Permutes texts: what is between their letters and digits, and the letters' case, has no part in it."""

    def __init__(self, permutation: Permutation, turns: Blocks) -> None:
        self._permutation = permutation
        self._turns = turns

    def permuted(self, texts: Sequence[str]) -> list[str]:
        """Return the texts' images, in their order."""
        found = [""] * len(texts)
        shapes: dict[str, list[int]] = {}
        for number, text in enumerate(texts):
            shapes.setdefault(shape_of(text), []).append(number)
        for shape, group in shapes.items():
            for number, text in zip(group, self._of_shape(shape, [texts[one] for one in group]), strict=True):
                found[number] = text
        return found

    def _of_shape(self, shape: str, texts: Sequence[str]) -> Sequence[str]:
        at = [place for place, character in enumerate(shape) if is_mark(character)]
        if not at:
            return texts
        marks = [without_case(shape[place]) for place in at]
        pick = itemgetter(*at)
        contents = ["".join(pick(text)) for text in texts]
        contents = self._digits(contents) if set(marks) == {DIGIT} else self._mixed(marks, contents)
        capitals = [number for number, place in enumerate(at) if is_upper(shape[place])]
        if capitals:
            contents = [_capitals(content, capitals) for content in contents]
        template = "".join("%s" if is_mark(one) else one.replace("%", "%%") for one in shape)
        return [template % tuple(content) for content in contents]

    def _digits(self, numbers: Sequence[str]) -> list[str]:
        length = len(numbers[0])

        def permute(tweak: str, some: Sequence[str]) -> list[str]:
            radices = [10] * len(some[0])
            permuted = self._permutation.places(radices, tweak, [int(number) for number in some])
            return [str(number).zfill(len(radices)) for number in permuted]

        if nobodys.concerns(length):
            return nobodys.turned(numbers, lambda others: permute(f"others of {length}", others), self._turns)
        return permute("", numbers)

    def _mixed(self, marks: Sequence[str], contents: Sequence[str]) -> list[str]:
        ranks = [places(mark) for mark in marks]
        alphabets = [members(mark) for mark in marks]
        radices = [len(alphabet) for alphabet in alphabets]
        numbers = []
        for content in contents:
            number = 0
            for character, rank, radix in zip(content, ranks, radices, strict=True):
                number = number * radix + rank[character]
            numbers.append(number)
        # Texts over one alphabet need nothing that tells them apart: their length and radix do.
        tweak = "".join(marks) if len(set(marks)) > 1 else ""
        found = []
        for image in self._permutation.places(radices, tweak, numbers):
            rest, written = image, []
            for alphabet, radix in zip(reversed(alphabets), reversed(radices), strict=True):
                rest, place = divmod(rest, radix)
                written.append(alphabet[place])
            found.append("".join(reversed(written)))
        return found


def _capitals(content: str, at: Sequence[int]) -> str:
    letters = list(content)
    for place in at:
        letters[place] = letters[place].upper()
    return "".join(letters)
