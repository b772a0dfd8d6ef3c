#!/usr/bin/python3
"""full-test - a disk that becomes full, or read-only after an error, while the real agent sends; and is well again.

Alone: FIELDPOST_BUILD=… tests/power/full-test.py [PART-OF-A-NAME]
"""
import json, os, sys, time
from diskplace import *

SMALL = 'size=40m'  # too small for a ballast
LARGE = 'size=100m'
FULL = 'The disk is full'


def four_in_flight(place, n=6):
    place.start_agent()
    place.hold_answers()
    items = place.add(n)
    until(lambda: place.store.status()['sending'] == 4, '4 in flight')
    return items


@with_place(SMALL)
def receipts(place):
    """Nothing is sent twice and nothing else at all, until the receipts can be written."""
    items = four_in_flight(place)
    place.fill_disk()
    place.answer()
    until(lambda: len(place.stored()) == 4, '4 stored')
    until(lambda: FULL in place.ctl('status'), 'the status says that the disk is full')
    # Some of the agent's own tries to write the receipts.
    time.sleep(2.5)
    place.fill_disk()
    place.ctl('sync')
    says(place.ctl('status'), '6 waiting', FULL)
    check(len(place.stored()) == 4 and place.store.sent() == [], 'something went')
    place.empty_disk()
    place.wait_all_sent(items)
    place.stored_once(items)


@with_place(LARGE)
def ballast(place):
    """What is under way gets its receipts from the ballast; nothing more is sent."""
    items = four_in_flight(place)
    check(os.path.exists(place.store.folder + '/ballast'), 'no ballast')
    place.fill_disk()
    place.answer()
    until(lambda: len(place.store.sent()) == 4, '4 receipts')
    check(not os.path.exists(place.store.folder + '/ballast'), 'the ballast is still there')
    until(lambda: FULL in place.ctl('status'), 'the status says that the disk is full')
    place.ctl('sync')
    time.sleep(1)
    check(place.waits() == 2 and len(place.stored()) == 4, 'it went on')
    place.empty_disk()
    # Otherwise the disk is looked at every half minute: see below.
    place.ctl('sync')
    place.wait_all_sent(items)
    place.stored_once(items)
    until(lambda: os.path.exists(place.store.folder + '/ballast'), 'a new ballast')


@with_place(SMALL)
def agent_ends(place):
    """Told to end while receipts cannot be written it ends; the next one asks the server by the same keys."""
    items = four_in_flight(place)
    place.fill_disk()
    place.answer()
    until(lambda: len(place.stored()) == 4, '4 stored')
    until(lambda: FULL in place.ctl('status'), 'the status says that the disk is full')
    place.agent.stop()
    check(place.waits() == 6, place.waits(), 'wait')
    place.empty_disk()
    place.start_agent()
    place.wait_all_sent(items)
    arrived_once(place, items)


def arrived_once(place, items):
    """The four whose receipts were lost may have been asked for again, by the same key."""
    check(place.stored() == sorted(i['uid'] for i in items), place.stored())
    again = [e for e in place.receiver.events() if e['event'] != 'stored']
    check(len(again) <= 4 and {e['event'] for e in again} <= {'duplicate'}, again)


@with_place(SMALL)
def nothing_claimed(place):
    """Below 16 MiB nothing is tried, by the agent or by the command line, and they say why."""
    place.fill_disk(15 * MIB)
    items = place.add(2)
    answer = place.ctl('sync', '--wait', '--timeout', '2', code=3)
    says(answer, FULL)
    says(place.ctl('status'), '2 waiting', FULL)
    place.start_agent()
    items += place.add(2)
    place.ctl('sync')
    answer = place.ctl('sync', '--wait', '--timeout', '2', code=3)
    says(answer, FULL)
    says(place.ctl('status'), '4 waiting', FULL)
    check(not place.receiver.events(), 'it was tried')
    check(all(i['attempts'] == 0 for i in place.store.items()), 'a try was used up')
    place.empty_disk()
    place.wait_all_sent(items, 60)
    place.stored_once(items)


@with_place(SMALL)
def commands(place):
    """What writes says that the disk is full, and did nothing; what reads works."""
    photo, url = place.file('photo', 300000), place.receiver.url + '/inbox/x'
    place.store.run('forms', 'new', '--title', 'Visit', '--post', url, 'text:Name!')
    place.ctl('tag', 'set', 'log', '--kind', 'batch', '--url', url)
    place.add()
    place.fill_disk()
    queued = fill_log(place)
    words = [('add', '--json', '{"a": "%s"}' % ('x' * 20000), url), ('add', '--data-file', photo, url),
             ('upload', photo, url, '--field', 'image'), ('fill', 'visit', '--set', 'name=Anna', '--submit'),
             ('fill', 'visit', '--set', 'name=Anna', '--draft'), ('event', 'log', '{"a": 1}'),
             ('settings', 'set', 'metered', 'always'), ('discard', '--', str(queued[0]['id'])), ('pause',),
             ('forms', 'new', '--title', 'Other', '--post', url, 'text:Name!')]
    for command in words:
        refused(place, command)
    check([i['uid'] for i in place.store.items()] == [i['uid'] for i in queued], 'half queued')
    check(place.store.json('drafts', 'list') == [], 'half drafted')
    check(os.listdir(os.path.join(place.store.folder, 'blobs')) == [], 'something was left')
    place.empty_disk()
    for command in words:
        place.ctl(*command)
    place.ctl('resume')
    place.ctl('sync', '--wait')


def fill_log(place):
    """Until SQLite's log, which was larger once, takes no more."""
    items = place.store.items()
    for n in range(200):
        child = place.begin('add', '--json', '{"n": %d}' % n, place.receiver.url + '/inbox/n', '--json')
        out, err = child.communicate(timeout=20)
        if child.returncode:
            break
        items.append(json.loads(out))
    check(child.returncode == 4, child.returncode, err)
    says(err, FULL)
    return place.store.items()


def refused(place, command):
    out = place.ctl(*command, code=4)
    check(FULL in out or 'No space left on device' in out, *command[:2], 'says:', out)
    check(out.startswith('fieldpostctl: ') and out.count('\n') == 1, *command[:2], 'says:', out)


@with_place('ext4')
def read_only(place):
    """The system makes a disk read-only that has errors: words, nothing sent twice; after a repair all goes on."""
    items = four_in_flight(place)
    mount('-o', 'remount,abort', place.disk)
    place.answer()
    until(lambda: len(place.stored()) == 4, '4 stored')
    until(lambda: 'Read-only file system' in ' '.join(place.agent.read_errors()), 'the agent says so')
    says(place.ctl('add', '--json', '{}', place.receiver.url + '/inbox/x', code=4), 'Read-only file system')
    time.sleep(2)
    check(len(place.receiver.events()) == 4, 'it went on')
    place.agent.stop()
    says(place.run_agent().stderr, 'Read-only file system')
    mount_again(place)
    place.start_agent()
    place.wait_all_sent(items)
    arrived_once(place, items)


def mount_again(place):
    subprocess.run(['umount', place.disk], check=True)
    subprocess.run(['fsck.ext4', '-p', os.path.join(place.folder, 'image')], stdout=subprocess.DEVNULL)
    mount('-o', 'loop', os.path.join(place.folder, 'image'), place.disk)


print('# disks of our own: %s' % ('yes' if CAN_MOUNT else 'no'))
TESTS = [('/disk/full/receipts-wait-for-room', receipts), ('/disk/full/receipts-get-the-ballast', ballast),
         ('/disk/full/agent-ends-and-comes-back', agent_ends), ('/disk/full/nothing-claimed-below-16-mib', nothing_claimed),
         ('/disk/full/commands-say-so', commands),
         ('/disk/read-only/while-sending', read_only)]
fplab.Tap(*[t for t in TESTS if len(sys.argv) < 2 or sys.argv[1] in t[0]])
