#!/usr/bin/python3
"""states-test - the design's table of states (5.1), cell by cell, by the real agent and the command line.

A cell is "from/event"; "from/nothing" are the empty ones that a person could ask for. The lines below the table in the
design are the cells "edit/…" and "lease/…". Alone: tests/e2e/states-test.py [PART-OF-A-NAME]
"""
import os, subprocess
import faults
from faults import check, until

states = faults.Table(
    'states', 'pending/claim', 'pending/hold', 'pending/retry', 'pending/discard', 'pending/nothing',
    'sending/receipt', 'sending/will-retry', 'sending/fault', 'sending/hold', 'sending/discard', 'sending/orphan',
    'failed/claim', 'failed/hold', 'failed/retry', 'failed/discard', 'held/release', 'held/discard', 'held/nothing',
    'discarded/undo', 'discarded/nothing', 'sent/nothing', 'lease/maybe-delivered', 'lease/one-sender',
    'edit/plain', 'edit/maybe-delivered', 'edit/failed-original')

AGENT = 'io.github.fieldpost.Fieldpost.Agent'
REFUSES = 'on POST /inbox/bad: 422'
HANGS = 'on POST: hang'
# A server that is busy for long: what was tried waits, and nothing happens by itself.
WAITS = 'on POST: 503 retry-after=3000'


def act(place, word, item):
    place.store.run(word, str(item['id']))


def pending(place):
    """Under WAITS."""
    item = place.request()
    place.wait(item, state='pending', attempts=1)
    return item


def sending(place, path='/inbox/test'):
    """Under HANGS."""
    item = place.request(path=path)
    until(lambda: place.posts(), 'a request that hangs', 60)
    place.wait(item, state='sending')
    return item


def failed(place):
    """Under REFUSES."""
    item = place.request(path='/inbox/bad')
    place.wait(item, state='failed')
    return item


def goes_by_itself(place):
    """The server is well, and whatever may be sent is."""
    place.behave()
    beside = place.request()
    place.sync()
    place.wait_stored(beside)


# ---- pending

@states.test('pending/claim', HANGS)
def is_being_sent(place):
    item = sending(place)
    place.behave()
    place.store.run('cancel', str(item['id']))


@states.test('pending/hold', WAITS)
def waits_for_release(place):
    item = pending(place)
    act(place, 'hold', item)
    goes_by_itself(place)
    told = place.wait(item, state='held', hold='user', attempts=1)
    check(not told['next_try'], 'it says that it will be tried')


@states.test('pending/retry', WAITS)
def goes_at_once(place):
    item = pending(place)
    place.behave()
    act(place, 'retry', item)
    place.wait_stored(item)


@states.test('pending/discard', WAITS)
def never_goes(place):
    item = pending(place)
    act(place, 'discard', item)
    goes_by_itself(place)
    check(place.item(item['id'])['state'] == 'discarded' and not place.times_stored(item), 'was sent')


@states.test('pending/nothing', WAITS)
def undo_is_refused(place):
    place.refused('undo', str(pending(place)['id']))


# ---- sending

@states.test('sending/receipt')
def sent_with_a_receipt(place):
    place.wait_stored(place.request(), place.submit())


@states.test('sending/will-retry', WAITS)
def pending_again(place):
    told = place.item(pending(place)['id'])
    check(told['reason_code'] == 'server-busy' and told['next_try'] > told['last_try'], f'{told}')


@states.test('sending/fault', REFUSES)
def failed_with_a_reason(place):
    told = place.item(failed(place)['id'])
    check(told['reason'] and not told['next_try'] and not told['maybe_delivered'], f'{told}')


@states.test('sending/hold', HANGS)
def broken_off(place):
    for word in ('hold', 'cancel'):
        place.behave(HANGS)
        item = place.request()
        place.wait(item, state='sending')
        until(lambda: any(e.get('key') == item['uid'] for e in place.posts()), 'a request that hangs', 60)
        act(place, word, item)
        place.wait(item, state='held', hold='user', maybe_delivered=True)
        place.behave()
        act(place, 'release', item)
        place.wait_stored(item)


@states.test('sending/discard', HANGS)
def cancelled_first(place):
    item = sending(place)
    place.refused('discard', str(item['id']))
    called = subprocess.run(['gdbus', 'call', '--session', '--dest', AGENT, '--object-path',
                             '/' + AGENT.replace('.', '/'), '--method', AGENT + '.Discard', f'[int64 {item["id"]}]'],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    check('cancelled first' in called.stderr, called.stderr)
    act(place, 'cancel', item)
    place.wait(item, state='held')
    act(place, 'discard', item)
    goes_by_itself(place)
    check(not place.times_stored(item), 'was sent')


@states.test('sending/orphan', HANGS)
def pending_after_a_kill(place):
    item = sending(place)
    place.agent.kill()
    check(place.item(item['id'])['state'] == 'sending', 'not being sent')
    place.behave()
    place.start_agent()
    place.wait_stored(item)


# ---- failed

@states.test('failed/claim', 'on POST: 404')
def tried_by_itself_on_a_new_chance(place):
    item = place.request()
    place.wait(item, state='failed')
    place.recover(item)


@states.test('failed/hold', REFUSES)
def waits_for_release(place):
    item = failed(place)
    act(place, 'hold', item)
    place.wait(item, state='held', hold='user')
    place.behave()
    act(place, 'release', item)
    place.wait_stored(item)


@states.test('failed/retry', REFUSES)
def goes_although_it_was_for_good(place):
    item = failed(place)
    place.behave()
    act(place, 'retry', item)
    place.wait_stored(item)


@states.test('failed/discard', REFUSES)
def never_goes(place):
    item = failed(place)
    act(place, 'discard', item)
    goes_by_itself(place)
    check(place.item(item['id'])['state'] == 'discarded' and not place.times_stored(item), 'was sent')


# ---- held

@states.test('held/release', WAITS)
def goes(place):
    item = pending(place)
    act(place, 'hold', item)
    place.behave()
    act(place, 'release', item)
    place.sync()
    place.wait_stored(item)


@states.test('held/discard', WAITS)
def never_goes(place):
    item = pending(place)
    act(place, 'hold', item)
    act(place, 'discard', item)
    place.store.run('release', '--all', status=None)
    goes_by_itself(place)
    check(place.item(item['id'])['state'] == 'discarded' and not place.times_stored(item), 'was sent')


@states.test('held/nothing', WAITS)
def undo_is_refused(place):
    item = pending(place)
    act(place, 'hold', item)
    place.refused('undo', str(item['id']))


# ---- discarded

@states.test('discarded/undo', f'{REFUSES}\n{WAITS}')
def is_what_it_was(place):
    bad, waits, held = failed(place), pending(place), place.request()
    act(place, 'hold', held)
    was = [place.item(i['id'])['state'] for i in (waits, bad, held)]
    check(was == ['pending', 'failed', 'held'], f'{was}')
    for item, state in zip((waits, bad, held), was):
        act(place, 'discard', item)
        place.wait(item, state='discarded')
        act(place, 'undo', item)
        told = place.wait(item, state=state)
        check(told['hold'] == ('user' if state == 'held' else None), f'{told["hold"]}')


@states.test('discarded/nothing', WAITS)
def all_else_is_refused(place):
    item = pending(place)
    act(place, 'discard', item)
    for word in ('retry', 'hold', 'release', 'discard', 'edit'):
        place.refused(word, str(item['id']), *(['--json', '{}'] if word == 'edit' else []))


# ---- sent

@states.test('sent/nothing')
def all_is_refused(place):
    item = place.request()
    place.wait_stored(item)
    for word in ('retry', 'hold', 'release', 'discard', 'undo', 'cancel', 'edit'):
        place.refused(word, str(item['id']), *(['--json', '{}'] if word == 'edit' else []))
    place.sync()
    place.wait_stored(place.request())
    check(place.times_stored(item) == 1, 'sent twice')


# ---- the lease, and the doubt

@states.test('lease/maybe-delivered', 'on POST: after-accept drop')
def set_by_the_claim_cleared_by_an_answer(place):
    item = place.request()
    place.wait(item, maybe_delivered=True)
    place.behave(WAITS)
    place.sync()
    place.wait(item, reason_code='server-busy', state='pending')
    check(place.item(item['id'])['maybe_delivered'], 'a busy server says nothing of the attempt before')
    place.recover(item)


@states.test('lease/maybe-delivered')
def not_set_where_nobody_listens(place):
    item = place.add(f'http://127.0.0.1:{faults.dead_port()}/inbox/a')
    told = place.wait(item, reason_code='network-connect')
    check(told['state'] == 'sending' or not told['maybe_delivered'], f'{told}')


@states.test('lease/one-sender', HANGS)
def another_process_waits_for_the_lock(place):
    """While the agent holds the lock, a second one and the command line send nothing."""
    item, first = sending(place), place.agent
    second = faults.fplab.Process([faults.fplab.program('fieldpost-agent'), '--verbose', '--no-tray'],
                                  {'FIELDPOST_DATA': place.store.folder, 'FIELDPOST_LINK': 'nm',
                                   'DBUS_SESSION_BUS_ADDRESS': 'unix:path=/nowhere'})
    try:
        place.store.run('sync', status=None)
        check(len(place.posts()) == 1, f'{place.posts()}')
        place.behave()
        first.kill()
        second.wait_line('sender lock', 60)
        place.wait_stored(item)
    finally:
        second.kill()


# ---- edit

@states.test('edit/plain', WAITS)
def replaced_under_a_new_key(place):
    """What was certainly not delivered; the server's "busy" came after all of it, so it is not that."""
    place.store.run('pause')
    item = place.request('{"old": 1}')
    edited = place.store.json('edit', str(item['id']), '--json', '{"new": 1}')
    check(edited['id'] == item['id'] and edited['uid'] != item['uid'], f'{edited}')
    place.behave()
    place.store.run('resume')
    place.wait_stored(edited)
    check(not place.times_stored(item), 'the old one was sent, too')


@states.test('edit/maybe-delivered', 'on POST: after-accept drop')
def request_is_settled_first(place):
    """The same bytes again, then the edit as an item of its own."""
    item = place.request('{"old": 1}')
    place.wait(item, maybe_delivered=True, reason_code='network-cut')
    place.behave(WAITS)
    edited = place.store.json('edit', str(item['id']), '--json', '{"new": 1}')
    check(edited['id'] != item['id'] and edited['state'] == 'held' and edited['hold'] == 'after', f'{edited}')
    check(edited['waits_for'] == item['id'] and f'{item["id"]}' in edited['reason'], edited['reason'])
    place.recover(item, edited)
    keys = [e.get('key') for e in place.stored()]
    check(keys == [item['uid'], edited['uid']], f'{keys}')


@states.test('edit/maybe-delivered', 'on POST: after-accept drop')
def submission_is_a_new_version(place):
    """It goes after the first one, and names it as deprecated."""
    item = place.submit()
    place.wait(item, maybe_delivered=True, reason_code='network-cut')
    place.behave(WAITS)
    draft = place.store.json('edit', str(item['id']))
    edited = place.store.json('fill', draft['draft'], '--set', 'families=43', '--submit')
    check(edited['hold'] == 'after' and edited['waits_for'] == item['id'], f'{edited}')
    place.recover(item, edited)
    first, second = place.stored()
    check(first['instance_id'] == item['instance_id'] and second['instance_id'] == edited['instance_id'], 'wrong order')
    with open(os.path.join(second['folder'], 'submission.xml')) as f:
        text = f.read()
    check('deprecatedID' in text and item['instance_id'] in text, 'the first one is not named')


@states.test('edit/failed-original', 'on POST: after-accept drop')
def waits_for_it(place):
    """The original may have arrived, and fails now: what came of it is not known, so the edit stays behind it."""
    item = place.request('{"old": 1}', '/inbox/bad')
    place.wait(item, maybe_delivered=True, reason_code='network-cut')
    place.behave('on POST: 404')
    place.sync()
    place.wait(item, state='failed')
    edited = place.store.json('edit', str(item['id']), '--json', '{"new": 1}')
    check(edited['hold'] == 'after', f'{edited}')
    place.sync()
    place.wait(place.request(), state='failed')
    check(place.item(edited['id'])['state'] == 'held', 'sent before its original was settled')
    place.recover(item, edited)


states.run()
