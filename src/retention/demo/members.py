"""Members and what belongs to a membership and to nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retention.demo.calendar import DAY, Calendar, Seconds, days, stamps
from retention.demo.pools import Objects, Pools, numbered, texts, unless

Table = tuple[str, dict[str, Objects]]
_PROCESSORS = ("씨제이대한통운(주)", "주식회사 누보", "더화이트커뮤니케이션", "㈜빅인사이트", "이타북스", "택배마스터")
_GIVEN = ("이름, 휴대전화번호, 주소", "이름, 휴대전화번호", "이름, 이메일")
COURSES = 60
_WHOLE = 100


@dataclass(frozen=True)
class Members:
    """The members that later rows refer to. ``until`` is the last second at which each did anything."""

    ids: NDArray[np.int64]
    login_ids: Objects
    names: Objects
    mobiles: Objects
    emails: Objects
    addresses: Objects
    birth: Seconds
    sexes: Objects
    occupations: Objects
    created: Seconds
    left: NDArray[np.bool_]
    until: Seconds


def make_members(pools: Pools, calendar: Calendar, count: int) -> Members:
    """Return the members; some who left joined again under another login."""
    ids = np.arange(1, count + 1, dtype=np.int64)
    created = np.sort(calendar.any_time(pools, count))
    stayed = (pools.random.exponential(3.5 * 365, count) * DAY).astype(np.int64) + 5 * DAY
    left = (created + stayed < calendar.last) & pools.chance(count, 0.7)
    until = np.where(left, created + stayed, calendar.last)
    names, mobiles = pools.draw(pools.names, count), pools.mobiles(count)
    again = np.flatnonzero(left[: count // 2] & pools.chance(count // 2, 0.05))
    back = np.searchsorted(created, until[again] + 30 * DAY)
    known = back < count
    names[back[known]], mobiles[back[known]] = names[again[known]], mobiles[again[known]]
    return Members(
        ids=ids,
        login_ids=numbered("learner", ids),
        names=names,
        mobiles=mobiles,
        emails=numbered("learner", ids, "@mail.invalid"),
        addresses=pools.draw(pools.addresses, count),
        birth=pools.random.integers(-20 * 365, 38 * 365, count) * DAY,
        sexes=pools.pick(("F", "M"), count),
        occupations=pools.draw(pools.occupations, count),
        created=created,
        left=left,
        until=until,
    )


def member_tables(pools: Pools, calendar: Calendar, members: Members) -> Iterator[Table]:
    """Yield the member table and the tables that hang on it."""
    count = len(members.ids)
    never = ~pools.chance(count, 0.15)
    recommender = np.maximum(1, (members.ids * pools.random.random(count)).astype(np.int64))
    yield (
        "member",
        {
            "id": members.ids.astype(object),
            "login_id": members.login_ids,
            "password_hash": texts([f"$argon2id$demo${one:016x}" for one in pools.random.integers(0, 2**62, count)]),
            "name": members.names,
            "nickname": pools.nicknames(count),
            "mobile": members.mobiles,
            "email": members.emails,
            "address": members.addresses,
            "company": unless(~pools.chance(count, 0.3), pools.draw(pools.companies, count)),
            "recommender_id": unless(never | (recommender >= members.ids), recommender),
            "birth_date": unless(~pools.chance(count, 0.8), days(members.birth)),
            "sex": unless(~pools.chance(count, 0.8), members.sexes),
            "occupation": unless(~pools.chance(count, 0.6), members.occupations),
            "picture_url": unless(~pools.chance(count, 0.2), numbered("/pictures/", members.ids, ".webp")),
            "status": np.where(members.left, "left", "active").astype(object),
            "created_at": stamps(members.created),
            "left_at": unless(~members.left, stamps(members.until)),
            "anonymized_at": np.full(count, None, dtype=object),
        },
    )
    yield _sns_accounts(pools, members)
    yield _pictures(pools, members)
    yield _posts(pools, calendar, members)
    yield _course_records(pools, calendar, members)
    yield _suspensions(pools, calendar, members)
    yield _transfers(pools, calendar, members)


def _some(pools: Pools, members: Members, share: float) -> NDArray[np.int64]:
    return np.flatnonzero(pools.chance(len(members.ids), share))


def _sns_accounts(pools: Pools, members: Members) -> Table:
    who = _some(pools, members, 0.3)
    ids = np.arange(1, len(who) + 1, dtype=np.int64)
    return (
        "sns_account",
        {
            "id": ids.astype(object),
            "member_id": members.ids[who].astype(object),
            "provider": np.full(len(who), "kakao", dtype=object),
            "kakao_email": numbered("kakao", members.ids[who], "@kakao.invalid"),
            "profile_nickname": pools.nicknames(len(who)),
            "profile_picture_url": numbered("/kakao/", members.ids[who], ".jpg"),
            "linked_at": stamps(members.created[who] + 60),
        },
    )


def _pictures(pools: Pools, members: Members) -> Table:
    who = _some(pools, members, 0.25)
    ids = np.arange(1, len(who) + 1, dtype=np.int64)
    return (
        "profile_picture",
        {
            "id": ids.astype(object),
            "member_id": members.ids[who].astype(object),
            "file_ref": numbered("profile/", ids, ".webp"),
            "uploaded_at": stamps(members.created[who] + DAY),
        },
    )


def _posts(pools: Pools, calendar: Calendar, members: Members) -> Table:
    count = len(members.ids) * 6 // 5
    who = pools.random.integers(0, len(members.ids), count)
    ids = np.arange(1, count + 1, dtype=np.int64)
    answered = np.maximum(1, (ids * pools.random.random(count)).astype(np.int64))
    return (
        "post",
        {
            "id": ids.astype(object),
            "member_id": members.ids[who].astype(object),
            "reply_to": unless(~pools.chance(count, 0.2) | (answered >= ids), answered),
            "board": pools.pick(("질문", "후기", "자유"), count),
            "content": pools.draw(pools.sentences, count),
            "written_at": stamps(calendar.between(pools, members.created[who], members.until[who])),
        },
    )


def _course_records(pools: Pools, calendar: Calendar, members: Members) -> Table:
    drawn = pools.random.integers(0, len(members.ids) * COURSES, len(members.ids) * 2)
    pairs = np.unique(drawn)
    who, course = pairs // COURSES, pairs % COURSES + 1
    ids = np.arange(1, len(pairs) + 1, dtype=np.int64)
    started = calendar.between(pools, members.created[who], members.until[who])
    progress = pools.random.integers(0, 101, len(pairs))
    return (
        "course_record",
        {
            "id": ids.astype(object),
            "member_id": members.ids[who].astype(object),
            "course_id": course.astype(object),
            "progress": progress.astype(object),
            "started_at": stamps(started),
            "completed_at": unless(progress < _WHOLE, stamps(started + 60 * DAY)),
        },
    )


def _suspensions(pools: Pools, calendar: Calendar, members: Members) -> Table:
    who = _some(pools, members, 0.02)
    ids = np.arange(1, len(who) + 1, dtype=np.int64)
    at = calendar.between(pools, members.created[who], members.until[who])
    return (
        "suspension_record",
        {
            "id": ids.astype(object),
            "member_id": members.ids[who].astype(object),
            "reason": pools.draw(pools.sentences, len(who)),
            "suspended_at": stamps(at),
            "lifted_at": unless(~pools.chance(len(who), 0.8), stamps(at + 7 * DAY)),
        },
    )


def _transfers(pools: Pools, calendar: Calendar, members: Members) -> Table:
    count = len(members.ids)
    who = pools.random.integers(0, count, count)
    ids = np.arange(1, count + 1, dtype=np.int64)
    given = calendar.between(pools, members.created[who], members.until[who])
    returned = given + 90 * DAY
    open_ = pools.chance(count, 0.1) | (returned > calendar.last)
    return (
        "processor_transfer",
        {
            "id": ids.astype(object),
            "member_id": members.ids[who].astype(object),
            "processor": pools.pick(_PROCESSORS, count),
            "given": pools.pick(_GIVEN, count),
            "given_on": texts([one.isoformat() for one in days(given)]),
            "returned_on": unless(open_, texts([one.isoformat() for one in days(returned)])),
        },
    )
