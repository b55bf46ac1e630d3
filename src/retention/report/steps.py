"""A computation of legal time in words, one step a line, with the article that each step rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from retention.law import Calendar, Reckoning, holiday_name
from retention.plan.explain import Counted, Ended, Referring, RuleAnswer, Seen
from retention.report.wording import Words

_DAY = timedelta(days=1)


def of_period(counted: Counted, calendar: Calendar, words: Words) -> list[str]:
    """Return how a statutory period's last day comes about on a row, or why it doesn't."""
    steps = _problems(counted.seen, words)
    reckoning = counted.reckoning
    if reckoning is None:
        broken = any(one.problem == "unreadable" for one in counted.seen)
        if not broken:
            steps.append(words("st_nothing" if counted.applies else "st_not_applicable"))
        return steps
    if counted.endless:
        return [*steps, words("st_endless")]
    steps.append(_event(counted.seen, reckoning.event, "st_events", words))
    steps.extend(_reckoned(reckoning, counted.keep.basis.keep, calendar, words))
    if counted.provisional:
        steps.append(words("st_provisional"))
    steps.append(words("st_last", last=reckoning.last_day, day=reckoning.last_day + _DAY))
    return steps


def of_purpose(ended: Ended, calendar: Calendar, words: Words) -> list[str]:
    """Return how a purpose's end comes about on a row, or why it doesn't."""
    steps = _problems(ended.seen, words)
    if not ended.readable:
        return [*steps, words("st_ends_unreadable")]
    if ended.ends is None:
        return [*steps, words("st_endless" if ended.endless else "st_no_end")]
    if ended.reckoning is None:
        steps.append(_event(ended.seen, ended.ends, "st_event" if ended.among else "st_earliest", words))
    else:
        known = any(one.event == ended.reckoning.event for one in ended.seen)
        event = words("st_transformed", day=ended.reckoning.event)
        steps.append(_event(ended.seen, ended.reckoning.event, "st_events", words) if known else event)
        steps.extend(_reckoned(ended.reckoning, ended.period, calendar, words))
    over = words("st_ended", day=ended.ends, next=ended.ends + _DAY)
    return [*steps, words("st_alive", day=ended.ends) if ended.alive else over]


def of_need(answer: RuleAnswer, words: Words) -> list[str]:
    """Return which rows that ``while_referenced_by`` names keep the row, and until when."""
    steps = [_needed(one, words) for one in answer.needed_by]
    if answer.needed_before is not None:
        steps.append(words("st_needed_before", day=answer.needed_before))
    return steps if answer.needed_by else [*steps, words("st_needed_no_more")]


def _needed(one: Referring, words: Words) -> str:
    rows = words.rows(one.rows)
    if one.until is None:
        return words("st_needed_open", rows=rows, table=one.table)
    return words("st_needed", rows=rows, table=one.table, day=one.until)


def _problems(seen: Sequence[Seen], words: Words) -> list[str]:
    return [words(f"st_{one.problem}", clock=one.clock.label) for one in seen if one.problem is not None]


def _event(seen: Sequence[Seen], event: date, several: str, words: Words) -> str:
    """Return which clock's day is counted from, and the others beside it."""
    known = list(dict.fromkeys((one.clock.label, one.event) for one in seen if one.event is not None))
    clock = next(label for label, day in known if day == event)
    if len(known) == 1:
        return words("st_event", clock=clock, day=event)
    return words(several, clock=clock, day=event, all=", ".join(f"{label} {day}" for label, day in known))


def _reckoned(reckoning: Reckoning, written: str, calendar: Calendar, words: Words) -> Iterator[str]:
    period = words.period(written)
    if reckoning.counts_from is None:
        yield words("st_no_length", day=reckoning.ends_on)
    else:
        yield words(f"st_first_{reckoning.computation}", day=reckoning.counts_from)
        if reckoning.months_end is None:
            yield words("st_days", period=period, day=reckoning.ends_on)
        else:
            yield words(f"st_{reckoning.ending}", period=period, day=reckoning.months_end)
            if reckoning.period.days:
                more = words.period(f"P{reckoning.period.days}D")
                yield words("st_days_more", period=more, day=reckoning.ends_on)
    yield _moved(reckoning, calendar, words)


def _moved(reckoning: Reckoning, calendar: Calendar, words: Words) -> str:
    if reckoning.computation == "administrative":
        return words("st_roll_administrative")
    if not reckoning.rolls:
        return words("st_roll_off")
    last = reckoning.last_day
    weekday = words(f"wd_{last.weekday()}")
    if not reckoning.moved_over:
        return words("st_no_holiday", day=last, weekday=weekday)
    over = ", ".join(_rest_day(day, calendar, words) for day in reckoning.moved_over)
    return words("st_moved", over=over, day=last, weekday=weekday)


def _rest_day(day: date, calendar: Calendar, words: Words) -> str:
    weekday = words(f"wd_{day.weekday()}")
    if not calendar.is_holiday(day):
        return words("st_rest_day", day=day, weekday=weekday)
    name = holiday_name(day, words.lang) or words("st_added_holiday")
    return words("st_rest_holiday", day=day, weekday=weekday, holiday=name)
