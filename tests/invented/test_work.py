# SPDX-License-Identifier: EUPL-1.2
# What takes long is done beside the loop: others are answered meanwhile, and the daemon ends well in the middle of it.
import concurrent.futures

import httpx
from support import PATIENCE, answer, eventually, faults, problem

TEXT = {"Content-Type": "text/plain"}


def dream(http, content):
    return http.post("/v1/dreams", content=content, headers=TEXT)


def test_others_are_answered_while_long_work_is_done(http):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        long = pool.submit(dream, http, b"z" * 1000)
        for _ in range(40):  # on every loop there is
            with httpx.Client(base_url=http.base_url, timeout=PATIENCE, verify=False) as other:  # certificates, of which there are none, take long to load
                assert answer(other.post("/v1/scraps")) == {"size": -1}
        assert not long.done()
        assert answer(long.result()) == {"dream": "1000 sheep"}


def test_long_work_refuses_as_any_other_c(http):
    assert faults(dream(http, b"?")) == {("", "format")}
    problem(dream(http, b"!"), 503, "unavailable")


def test_too_much_waiting_is_too_much(http):
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        statuses = [response.status_code for response in pool.map(lambda n: dream(http, b"z" * 40), range(100))]
    assert set(statuses) == {200, 503} and statuses.count(200) >= 16
    assert answer(dream(http, b"z")) == {"dream": "1 sheep"}


def test_the_daemon_ends_well_while_work_is_waiting(invented, daemons):
    with daemons.running(program=invented.program) as daemon, concurrent.futures.ThreadPoolExecutor(6) as pool:
        with httpx.Client(base_url=daemon.url, timeout=PATIENCE) as http:
            waiting = [pool.submit(dream, http, b"z" * 60) for _ in range(6)]
            eventually(lambda: sum(one.done() for one in waiting) + daemon.figure("welcome_requests_in_flight") >= 6)
            daemon.stop()
            for one in waiting:
                assert answer(one.result()) == {"dream": "60 sheep"}
