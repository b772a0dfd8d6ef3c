#!/usr/bin/python3
"""timeout-test - the row "timeout" of the design's table "What an answer means" (5.3), by the real agent.

By itself, since it is a minute of waiting. Alone: tests/e2e/timeout-test.py
"""
import faults
from faults import SECOND, check, until

timeout = faults.Table('timeout', 'silence/both')


@timeout.test('silence/both', 'on POST: hang')
def after_a_minute_of_silence(place):
    items = [place.request(), place.submit()]
    until(lambda: len(place.posts()) == 2, '2 requests that hang', 60)
    place.store.run('pause')  # what is under way goes on, and no other try begins
    for item in items:
        told = until(lambda: (lambda i: i if i['reason_code'] else None)(place.item(item['id'])), 'an end', 200, 0.5)
        check(told['reason_code'] == 'network-timeout' and told['maybe_delivered'], told['reason_code'])
        waited = told['last_try'] - item['created']
        check(60 * SECOND <= waited, f'given up after {waited} ms')
    place.behave()
    place.store.run('resume')
    place.sync()
    place.wait_stored(*items)


timeout.run()
