"""Advertising shown, marketing consents, and the logs of logins, staff and use."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from retention.demo.calendar import DAY, Calendar, days, stamps
from retention.demo.members import Members, Table
from retention.demo.pools import Pools, numbered, unless

_SEOUL_AHEAD = 9 * 3_600


def record_tables(pools: Pools, calendar: Calendar, members: Members) -> Iterator[Table]:
    """Yield the tables that no order hangs on."""
    yield _advertising(pools, calendar, members)
    yield _consents(pools, calendar, members)
    yield _logins(pools, calendar, members)
    yield _staff(pools, calendar, members)
    yield _usage(pools, calendar, members)


def _advertising(pools: Pools, calendar: Calendar, members: Members) -> Table:
    count = len(members.ids) * 6
    who = pools.random.integers(0, len(members.ids), count)
    return (
        "advertising_shown",
        {
            "id": np.arange(1, count + 1).astype(object),
            "login_id": members.login_ids[who],
            "campaign": numbered("캠페인 ", pools.random.integers(1, 200, count)),
            "channel": pools.pick(("sms", "email", "banner"), count),
            "shown_on": unless(pools.chance(count, 0.0005), days(calendar.recent(pools, count, 300, 0.4))),
        },
    )


def _consents(pools: Pools, calendar: Calendar, members: Members) -> Table:
    both = np.tile(np.arange(len(members.ids)), 2)
    channel = np.repeat(np.array(["sms", "email"], dtype=object), len(members.ids))
    some = pools.chance(len(both), 0.6)
    who, channel = both[some], channel[some]
    count = len(who)
    agreed = calendar.between(pools, members.created[who], members.until[who])
    withdrawn = calendar.between(pools, agreed, members.until[who])
    return (
        "marketing_consent",
        {
            "id": np.arange(1, count + 1).astype(object),
            "member_id": members.ids[who].astype(object),
            "channel": channel,
            "name": members.names[who],
            "mobile": members.mobiles[who],
            "email": members.emails[who],
            "address": unless(~pools.chance(count, 0.5), members.addresses[who]),
            "birth_date": unless(~pools.chance(count, 0.5), days(members.birth[who])),
            "sex": members.sexes[who],
            "occupation": members.occupations[who],
            "agreed_at": stamps(agreed),
            "withdrawn_at": unless(~pools.chance(count, 0.35), stamps(withdrawn)),
        },
    )


def _logins(pools: Pools, calendar: Calendar, members: Members) -> Table:
    count = len(members.ids) * 14
    who = pools.random.integers(0, len(members.ids), count)
    return (
        "login_log",
        {
            "id": np.arange(1, count + 1).astype(object),
            "login_id": members.login_ids[who],
            "access_ip": pools.addresses_of_net(count),
            "device": pools.pick(("android", "ios", "web"), count),
            "logged_in_at": unless(
                pools.chance(count, 0.0005), stamps(np.sort(calendar.recent(pools, count, 150, 0.45)))
            ),
        },
    )


def _staff(pools: Pools, calendar: Calendar, members: Members) -> Table:
    count = len(members.ids) * 3 // 2
    who = pools.random.integers(0, len(members.ids), count)
    return (
        "staff_access_log",
        {
            "id": np.arange(1, count + 1).astype(object),
            "staff_no": numbered("S", pools.random.integers(1, 40, count)),
            "access_ip": pools.addresses_of_net(count),
            "subject_login_id": members.login_ids[who],
            "did": pools.pick(("조회", "수정", "내려받기"), count),
            "accessed_at": stamps(np.sort(calendar.any_time(pools, count))),
        },
    )


def _usage(pools: Pools, calendar: Calendar, members: Members) -> Table:
    count = len(members.ids) * 13
    who = pools.random.integers(0, len(members.ids), count)
    used = np.sort(calendar.recent(pools, count, 150, 0.45)) - _SEOUL_AHEAD
    page = pools.random.integers(1, 500, count)
    return (
        "usage_log",
        {
            "id": np.arange(1, count + 1).astype(object),
            "login_id": unless(pools.chance(count, 0.2), members.login_ids[who]),
            "access_ip": pools.addresses_of_net(count),
            "page": numbered("/learn/", page),
            "user_agent": pools.draw(pools.agents, count),
            "used_at": stamps(np.minimum(used, calendar.last - DAY)),
        },
    )
