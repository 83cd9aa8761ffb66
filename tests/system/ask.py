# SPDX-License-Identifier: EUPL-1.2
# ask.py SECONDS PORT: eight clients who read and report for so long; prints {status: how many} and the longest wait. Anything without an
# answer counts as status 0.
import collections
import http.client
import json
import select
import sys
import threading
import time

end, port = time.monotonic() + float(sys.argv[1]), int(sys.argv[2])
counts, waits, lock = collections.Counter(), [0.0], threading.Lock()


def closed(connection):
    """Whether the server has closed it meanwhile, which every client looks for before it asks again."""
    look = select.poll()
    look.register(connection.sock, select.POLLIN)
    return bool(look.poll(0))


def ask(number):
    turn = number
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.monotonic() < end:
        turn += 1
        if connection.sock and closed(connection):
            connection.close()
        begun, status = time.monotonic(), 0
        try:
            if turn % 8:
                connection.request("GET", "/v1/cities/essen")
            else:
                connection.request("POST", "/v1/feedback", json.dumps({"kind": "praise", "text": "It was answered."}),
                                   {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException) as fault:
            print(repr(fault), file=sys.stderr)
            connection.close()
        with lock:
            counts[status] += 1
            waits.append(time.monotonic() - begun)
        time.sleep(0.005)
    connection.close()


threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({"statuses": counts, "longest": max(waits)}))
