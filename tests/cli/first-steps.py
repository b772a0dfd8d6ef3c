#!/usr/bin/python3
"""first-steps - what somebody who has only read the man page tries.

  first-steps.py FIELDPOSTCTL     prints TAP
"""
import os, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clitest import World, main, says

CTL = sys.argv[1]


def collect(ctl, server, n, tag='usage'):
    ctl('tag', 'set', tag, '--kind', 'batch', '--url', server.url + '/events')
    for i in range(n):
        ctl('event', tag, '{"n": %d}' % i)


def test_events_are_seen_before_they_are_sent(ctl, server):
    collect(ctl, server, 3)
    status = ctl.json('status')
    assert status['events'] == 3 and status['waiting'] == 0, status
    says(ctl('status'), '3 events waiting to be sent')
    assert ctl('list') == ''
    says(ctl.err, 'Nothing waits but 3 events', 'tag list')
    ctl('add', server.url + '/one')
    says(ctl('status'), '1 waiting to be sent, and 3 events')


main('first-steps', globals(), CTL)
