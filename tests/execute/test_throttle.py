"""How many rows a batch may take, how long a run pauses, and what it says of it, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import make_url

from retention.database.sqlite import SQLite
from retention.database.watch import Watch
from retention.errors import Refused
from retention.execute.context import RunContext
from retention.execute.done import Done
from retention.execute.drag import AIM, Drag, slower
from retention.execute.giving_way import GAP, LISTENING, LONG_GAP, GivingWay
from retention.execute.others import Attempts, OthersSignal
from retention.execute.replica_lag import ReplicaSignal
from retention.execute.second import Resting
from retention.execute.throttle import Throttle
from retention.execute.waiting import WaitingSignal
from retention.keys import RunKey
from retention.matrix.model import Execution


@dataclass
class Asked:
    """A watch on the scene's clock that gives one answer until the test gives another."""

    scene: Scene
    answer: float

    def clock(self) -> float:
        return self.scene.now

    def ask(self, _question: object) -> float:
        return self.answer


def nobody() -> Any:
    raise Refused("nobody is asked here")


@dataclass
class Scene:
    """A throttle with one signal that the test sets, and a clock that only pauses move."""

    execution: Execution = field(default_factory=Execution)
    stop: Callable[[], str | None] = lambda: None
    target_ms: float = 20.0
    now: float = 1000.0
    drag: Drag = field(default_factory=Drag)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        context = RunContext(
            run="r",
            as_of=date(2026, 11, 24),
            now=lambda: datetime(2026, 11, 24, tzinfo=UTC),
            fingerprints=lambda _table: lambda _keys: b"",
            keys_for=lambda _action: RunKey.fresh(),
            holds=None,  # type: ignore[arg-type]
            stop=self.must_stop,
            progress=self.told.append,
        )
        waiting = WaitingSignal(SQLite(), Watch("db", nobody), self.told.append)
        self.throttle = Throttle(
            context,
            self.execution,
            self.target_ms,
            waiting,
            (self,),
            lambda: self.now,
            self.sleep,  # type: ignore[arg-type]
        )

    def must_stop(self) -> str | None:
        return self.stop()

    def look(self) -> Drag:
        return self.drag

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def take(self, rows: int = 1000) -> int:
        return self.throttle.take("orders", rows)


def test_nothing_holds_an_idle_night_back() -> None:
    scene = Scene()
    assert scene.take() == 1000
    assert (scene.told, scene.now) == ([], 1000.0)


def test_the_harder_it_is_the_smaller_the_batch_and_the_longer_the_pause() -> None:
    scene = Scene()
    seen = []
    for level in range(6):
        scene.drag, before = slower(level, "load", "load"), scene.now
        seen.append((scene.take(), round(scene.now - before, 3)))
    assert seen == [(1000, 0), (500, 0.05), (250, 0.1), (125, 0.2), (62, 0.4), (31, 0.8)]
    assert scene.take(1) == 1, "a batch has a row"


def test_it_says_why_when_that_changes_and_every_few_seconds_while_it_lasts() -> None:
    scene = Scene()
    scene.drag = slower(3, "load", "load probe 34 > 20")
    scene.take(400)
    assert scene.told == ["orders: slowed: load probe 34 > 20; batches of 50 rows, pausing 200 ms"]
    for tenths in range(30):
        scene.drag = slower(3, "load", f"load probe {tenths + 21} > 20")
        scene.take(400)
    assert 2 <= len(scene.told) <= 3, "six seconds of the same reason"
    scene.drag = Drag()
    scene.take()
    scene.now += 2
    scene.take()
    scene.take()
    assert scene.told[-1] == "orders: no longer slowed"
    assert scene.told.count("orders: no longer slowed") == 1


def test_reasons_that_come_and_go_do_not_fill_the_log() -> None:
    scene = Scene()
    for number in range(100):
        scene.drag = slower(1, "load", "load") if number % 2 else Drag()
        scene.take()
        scene.now += 0.1
    assert len(scene.told) <= 7, scene.told


def test_a_replica_that_never_catches_up_slows_a_run_and_does_not_hang_it() -> None:
    scene = Scene()
    replica = Asked(scene, 900.0)
    scene.throttle.signals = (ReplicaSignal([("ro", replica)], SQLite(), 5.0),)  # type: ignore[list-item]
    assert scene.take() == 250
    assert 60 <= scene.now - 1000 <= 62
    assert scene.told[0] == "orders: waits: replica ro is 900.0 s behind, more than 5"
    assert 10 <= len(scene.told) <= 14
    assert scene.told[-1].startswith("orders: slowed: replica ro is 900.0 s behind, more than 5; batches of 250 rows")
    before, rows = scene.now, 0
    while scene.now < before + 60:
        rows += scene.take()
    assert rows > 100_000, "it is waited for once, not before every batch"
    replica.answer = 0.0
    scene.now += 2
    assert scene.take() == 1000
    replica.answer = 7.0
    scene.now += 2
    before = scene.now
    assert scene.take() == 250
    assert scene.now - before >= 60, "one that had caught up is waited for anew"


def test_a_pause_ends_at_once_when_the_run_has_to_stop() -> None:
    scene = Scene()
    scene.drag = Drag(5, 0.0, True, ("ro",), "replica ro is behind")
    scene.stop = lambda: "signal SIGTERM" if scene.now > 1003 else None
    scene.take()
    assert scene.now < 1004


def test_a_pace_does_not_learn_from_a_batch_that_was_made_smaller_unless_even_that_took_too_long() -> None:
    scene = Scene(target_ms=8)
    pace = scene.throttle.pace()
    scene.drag = slower(5, "load", "load")
    for _batch in range(20):
        rows = scene.take(pace.rows)
        scene.throttle.learn(pace, [Done(None, rows, [], [], held_ms=4.0)])  # type: ignore[arg-type]
    assert pace.rows == 500, "four milliseconds for 15 rows are not a quarter of a millisecond a row"
    scene.throttle.learn(pace, [Done(None, rows, [], [], held_ms=80.0)])  # type: ignore[arg-type]
    assert pace.rows < 500


def test_the_product_has_settings_of_its_own() -> None:
    scene = Scene()
    assert scene.throttle.lock_timeout_ms == 2000
    assert Scene(Execution(lock_timeout_ms=50)).throttle.lock_timeout_ms == 50


def test_where_one_writes_at_a_time_others_are_let_in_after_every_batch_once_they_were_seen(sqlite_url: str) -> None:
    dialect, url = SQLite(), make_url(sqlite_url)
    scene, other = Scene(), dialect.engine(url)
    with dialect.engine(url).connect() as plain:
        connection = plain.execution_options(writes=True)
        scene.throttle.signals = (GivingWay(dialect, connection, lambda: scene.now),)

        def batch(seconds: float = 0.05) -> float:
            before = scene.now
            assert scene.take() == 1000
            pause = scene.now - before
            with connection.begin():
                connection.exec_driver_sql(f"CREATE TABLE mine_{round(before * 1000)} (id INTEGER)")
            scene.now += seconds
            return round(pause, 3)

        assert [batch(0.01), batch(0.01)] == [0, 0], "a small rule keeps nobody waiting"
        assert [batch() for _ in range(LISTENING)] == [GAP] * LISTENING, "others may be at work, unseen as yet"
        assert [batch() for _ in range(4)] == [0, 0, 0, 0], "what it writes itself is nobody else's"
        scene.now += 2
        assert [batch(), batch()] == [LONG_GAP, 0], "somebody may be waiting whom nobody has seen yet"
        with other.execution_options(writes=True).begin() as writer:
            writer.exec_driver_sql("CREATE TABLE theirs (id INTEGER)")
        assert [batch() for _ in range(3)] == [GAP, GAP, GAP]
        assert scene.throttle.drag.aim == AIM, "as long as a batch takes, they wait"
        assert scene.told == ["orders: slowed: others write to it; batches of 1,000 rows, pausing 25 ms"]
        scene.now += 10
        assert [batch(), batch()] == [LONG_GAP, 0]
    other.dispose()


def test_the_second_worker_rests_while_the_first_is_slowed() -> None:
    scene = Scene()
    resting = Resting(scene.throttle)
    assert not resting.look().wait
    scene.drag = slower(1, "load probe", "load probe 34 > 20")
    scene.throttle.take("log", 500)
    assert resting.look().wait
    second = Scene(stop=lambda: "told" if second.now > 1600 else None)
    second.throttle.signals = (resting,)
    second.take()
    assert second.now > 1600, "however long that lasts"
    scene.drag = Drag()
    scene.throttle.take("log", 500)
    assert not resting.look().wait


def test_batches_aim_at_a_share_of_the_target_while_others_write() -> None:
    scene = Scene()
    pace = scene.throttle.pace()

    def settled(looked: float = 0.0) -> int:
        for _ in range(40):
            rows = scene.throttle.take("log", pace.rows)
            done = Done(None, rows, [], [], held_ms=0.1 + rows * 0.005, looked_ms=rows * looked)  # type: ignore[arg-type]
            scene.throttle.learn(pace, [done])
        return pace.rows

    alone = settled()
    assert 3500 < alone < 4200
    assert settled(looked=0.005) == alone, "who looks locks nothing"
    scene.drag = Drag(kinds=("others",), why="others write 70 times a second", aim=0.125)
    assert 400 < settled() < 550
    assert 200 < settled(looked=0.005) < 275
    scene.drag = Drag()
    assert settled() == alone


def test_until_others_were_counted_twice_batches_are_short_and_nobody_is_told() -> None:
    scene = Scene()
    watch = Asked(scene, 100)
    signal = OthersSignal(SQLite(), watch, "r", "u", Attempts())  # type: ignore[arg-type]
    scene.throttle.signals = (signal,)
    resting = Resting(scene.throttle)
    scene.throttle.take("log", 500)
    assert scene.throttle.drag.aim < 1 and resting.look().wait
    scene.now += 0.06
    watch.answer += 2
    scene.throttle.take("log", 500)
    assert scene.throttle.drag.aim == 1 and not resting.look().wait
    assert not scene.told, "two of somebody's transactions are nobody at work"
    scene.now += 0.3
    watch.answer += 90
    scene.throttle.take("log", 500)
    assert scene.throttle.drag.aim < 1 and resting.look().wait
    assert scene.told == ["log: slowed: others write 300 times a second; batches of 500 rows"]


def test_who_is_at_work_at_the_beginning_is_seen_at_the_second_batch() -> None:
    scene = Scene()
    watch = Asked(scene, 100)
    scene.throttle.signals = (OthersSignal(SQLite(), watch, "r", "u", Attempts()),)  # type: ignore[arg-type]
    scene.throttle.take("log", 500)
    scene.now += 0.06
    watch.answer += 30
    scene.throttle.take("log", 500)
    assert scene.told == ["log: slowed: others write 500 times a second; batches of 500 rows"]
