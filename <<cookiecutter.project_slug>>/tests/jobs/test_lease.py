"""The lease: one holder, free by itself, and lost for good when it is lost."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from << cookiecutter.project_slug >>.jobs.lease import (
    HeldError,
    Lease,
    LeaseLostError,
    take,
)
from << cookiecutter.project_slug >>.jobs.models import LeaseRecord, Run
from << cookiecutter.project_slug >>.jobs.registry import Job

from .conftest import Make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(make: Make) -> Job:
    return make(lambda lease: None)


def run_out(job: Job) -> None:
    """As if nobody had renewed it in time."""
    LeaseRecord.objects.filter(job=job.name).update(expires=timezone.now() - timedelta(seconds=1))


def try_to_take(job: Job) -> Lease | None:
    try:
        return take(job)[0]
    except HeldError:
        return None
    finally:
        connection.close()


def test_many_ask_and_one_gets_it(job: Job) -> None:
    with ThreadPoolExecutor(20) as pool:
        leases = list(pool.map(try_to_take, [job] * 20))

    assert len([lease for lease in leases if lease]) == 1


def test_held_lease_tells_its_age(job: Job) -> None:
    take(job)
    LeaseRecord.objects.update(taken=timezone.now() - timedelta(seconds=90))

    with pytest.raises(HeldError, match="test is already running, for 9") as caught:
        take(job)

    assert 89 < caught.value.age.total_seconds() < 95


def test_it_is_free_when_it_is_given_back(job: Job) -> None:
    lease, _ = take(job)
    assert lease.give_back()

    again, _ = take(job)

    assert again.token == lease.token + 1


def test_it_is_free_when_it_runs_out(make: Make) -> None:
    job = make(lambda lease: None, lease=0.3)
    lease, _ = take(job)
    time.sleep(0.35)

    again, before = take(job)

    assert again.token > lease.token
    assert before.token == lease.token
    with pytest.raises(LeaseLostError, match="ran out"):
        lease.check()


def test_renewing_keeps_it(make: Make) -> None:
    job = make(lambda lease: None, lease=1.5)
    lease, _ = take(job)
    for _ in range(4):
        time.sleep(0.5)
        assert lease.renew()
        lease.check()

    with pytest.raises(HeldError):
        take(job)


def test_lease_that_ran_out_is_not_renewed_although_nobody_took_it(job: Job) -> None:
    lease, _ = take(job)
    run_out(job)

    assert not lease.renew()
    with pytest.raises(LeaseLostError):
        lease.check()


def test_earlier_holder_can_do_nothing_to_a_later_one(job: Job) -> None:
    first, _ = take(job)
    run_out(job)
    take(job)

    assert not first.renew()
    assert not first.give_back()
    assert try_to_take(job) is None


def test_lease_that_was_taken_and_given_back_between_look_and_grasp_is_not_taken(job: Job) -> None:
    """Whoever took it would believe in a token that is an older one's, and could record nothing."""
    rivals: list[int] = []

    def interfere(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if sql.startswith("UPDATE") and not rivals:
            rivals.append(0)
            rival, _ = take(job)
            rivals.append(rival.token)
            rival.give_back()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(interfere), pytest.raises(HeldError):
        take(job)

    assert rivals == [0, 1]
    assert take(job)[0].token == 2


def test_lease_that_a_wrong_clock_left_is_free(job: Job) -> None:
    """The database's clock was a month ahead while a run ended, and has been put back."""
    month = timezone.now() + timedelta(days=30)
    lease, _ = take(job)
    LeaseRecord.objects.update(taken=month, expires=month)

    again, _ = take(job)

    assert again.token == lease.token + 1


def test_lease_that_is_held_while_the_clock_is_put_back_stays_held(job: Job) -> None:
    month = timezone.now() + timedelta(days=30)
    lease, _ = take(job)
    LeaseRecord.objects.update(taken=month, expires=month)
    assert lease.renew()

    assert try_to_take(job) is None


def test_lease_runs_out_while_the_machine_sleeps(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    lease, _ = take(job)
    lease.check()
    awake = time.clock_gettime
    # Only this clock goes on.
    monkeypatch.setattr(
        time,
        "clock_gettime",
        lambda clock: awake(clock) + (3600 if clock == time.CLOCK_BOOTTIME else 0),
    )

    with pytest.raises(LeaseLostError, match="ran out"):
        lease.check()


def test_check_asks_no_database(job: Job, django_assert_num_queries: object) -> None:
    lease, _ = take(job)
    with django_assert_num_queries(0):  # type: ignore[operator]
        lease.check()


def test_step_is_committed_while_the_lease_is_held(job: Job) -> None:
    lease, _ = take(job)
    with lease.step():
        Run.objects.create(job="kept", state=Run.State.SUCCEEDED)

    assert Run.objects.filter(job="kept").exists()


def test_step_is_undone_when_another_run_took_the_lease_meanwhile(job: Job) -> None:
    lease, _ = take(job)
    run_out(job)
    take(job)

    with pytest.raises(LeaseLostError), lease.step():
        Run.objects.create(job="undone", state=Run.State.SUCCEEDED)

    assert not Run.objects.filter(job="undone").exists()


def test_nobody_takes_the_lease_between_step_and_commit(make: Make) -> None:
    """Whoever asks while a step is committed waits for it, and then finds the lease renewed."""
    job = make(lambda lease: None, lease=1)
    lease, _ = take(job)
    taken: list[Lease | None] = []
    rival = threading.Thread(target=lambda: taken.append(try_to_take(job)))
    with transaction.atomic():
        assert lease.renew()
        rival.start()
        time.sleep(0.3)
    rival.join()

    assert taken == [None]
