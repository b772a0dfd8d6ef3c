#!/usr/bin/python3
"""waits-test - the design's list "When and how to try" (5.2), line by line, by the real agent.

What happens on a network that comes and goes is in outage-test, what the clocks do in clocks-test.
Alone: tests/e2e/waits-test.py [PART-OF-A-NAME]
"""
import os
import faults
from faults import HOUR, MINUTE, SECOND, check, until, world

waits = faults.Table(
    'waits', 'order/manual-first', 'order/oldest-first', 'order/versions', 'order/hosts-independent',
    'order/four-in-flight', 'quick/jitter', 'quick/retry-after-seconds', 'quick/retry-after-date',
    'quick/retry-after-clamped', 'slow/after-the-fifth', 'slow/steps', 'slow/never-for-the-item',
    'chance/network', 'chance/account', 'chance/agent-start', 'chance/sync-now', 'chance/manual-retry',
    'tries/only-if-contacted', 'breaker/connection', 'breaker/429', 'breaker/503', 'breaker/5xx-of-two',
    'breaker/poison', 'gate/reach', 'soup/restarted')


def posted(place):
    """Keys in the order in which they came first."""
    keys = []
    for event in place.posts():
        if event.get('key') not in (None, *keys):
            keys.append(event['key'])
    return keys


# ---- order

def first_four(place, items):
    """Which of them are sent first: all places are taken by them, and the server hangs."""
    place.store.run('resume')
    until(lambda: len(posted(place)) >= 4, '4 requests that hang', 60)
    return sorted(n for n, item in enumerate(items) if item['uid'] in posted(place))


@waits.test('order/manual-first', 'on POST: hang')
def before_older_ones(place):
    place.store.run('pause')
    items = [place.send() for _ in range(8)]
    place.store.run('retry', str(items[6]['id']))
    first = first_four(place, items)
    check(first == [0, 1, 2, 6], f'{first}')
    place.receiver.kill()


@waits.test('order/oldest-first', 'on POST: hang')
def before_newer_ones(place):
    place.store.run('pause')
    items = [place.send() for _ in range(8)]
    first = first_four(place, items)
    check(first == [0, 1, 2, 3], f'{first}')
    place.receiver.kill()


@waits.test('order/versions', 'on POST: after-accept drop')
def new_one_after_the_old_one(place):
    item = place.request('{"old": 1}')
    place.wait(item, maybe_delivered=True, reason_code='network-cut')
    place.behave('on POST: 503 retry-after=600')
    edited = place.store.json('edit', str(item['id']), '--json', '{"new": 1}')
    place.refused('retry', str(edited['id']))
    place.recover(item, edited)
    check(posted(place) == [item['uid'], edited['uid']], f'{posted(place)}')


@waits.test('order/hosts-independent', 'on POST: hang')
@waits.test('order/four-in-flight', 'on POST: hang')
def one_hangs_with_all_its_places(place):
    """No more than four go there, and another host is not kept waiting."""
    hanging = [place.send() for _ in range(6)]
    until(lambda: len(place.posts()) >= 4, '4 requests that hang', 60)
    other = place.other_receiver()
    item = place.add(other.url + '/inbox/good')
    place.wait(item, state='sent')
    states = [place.item(i['id'])['state'] for i in hanging]
    check(states.count('sending') == 4 and len(place.posts()) == 4, f'{states}')
    place.receiver.kill()


# ---- quick tries

@waits.test('quick/jitter', 'on POST: 500')
def below_its_bound(place):
    """U(0, min(30 s, 1 s·2^n)): each wait has its own bound, and they are not all the same."""
    item, seen = place.send(), {}

    def look():
        now = place.item(item['id'])
        if now['state'] == 'pending' and now['attempts'] and now['next_try']:
            seen[now['attempts']] = now['next_try'] - now['last_try']
            place.sync()  # what it says is read, not waited for
        return now['state'] == 'failed'
    until(look, 'the fifth try', 120, 0.02)
    check(seen, 'no wait was seen')
    for attempts, wait in seen.items():
        check(0 <= wait <= min(30, 2 ** attempts) * SECOND, f'{wait} ms after try {attempts}')
    check(len(seen) < 2 or len(set(seen.values())) > 1, f'no jitter: {seen}')


def waits_as_told(place, least, most):
    item = place.send()
    told = place.wait(item, attempts=1, reason_code='server-busy', state='pending')
    wait = told['next_try'] - told['last_try']
    check(least <= wait <= most, f'waits {wait} ms')
    return item, told


def goes_when_told(place):
    """The first answer says when, and the second try is not made before."""
    item = place.send()
    sent = place.wait_stored(item)
    check(sent['attempts'] == 2, f'{sent["attempts"]} attempts')
    check(sent['last_try'] - sent['created'] >= 3000, f'tried {sent["last_try"] - sent["created"]} ms after it was queued')


@waits.test('quick/retry-after-seconds', 'on POST: 503 retry-after=1200')
def not_below_it(place):
    item, _ = waits_as_told(place, 1200 * SECOND, 1201 * SECOND)
    place.recover(item)


@waits.test('quick/retry-after-date', 'on POST: 429 retry-date=1200')
def not_below_it(place):
    # It has whole seconds, and is a while on its way.
    item, _ = waits_as_told(place, 1150 * SECOND, 1202 * SECOND)
    place.recover(item)


@waits.test('quick/retry-after-seconds', 'on POST first 1: 503 retry-after=3')
@waits.test('quick/retry-after-date', 'on POST first 1: 503 retry-date=4')
def goes_by_itself_then(place):
    goes_when_told(place)


@waits.test('quick/retry-after-clamped', 'on POST: 503 retry-after=9000000')
def to_a_day(place):
    waits_as_told(place, 24 * HOUR, 24 * HOUR + SECOND)


# ---- slow tries

@waits.test('slow/after-the-fifth', 'on POST: 500')
def failed_and_tried_on(place):
    item = place.send()

    def fails():
        place.sync()
        now = place.item(item['id'])
        return now if now['state'] == 'failed' else None
    failed = until(fails, 'failed', 90, 0.1)
    check(failed['attempts'] >= 5 and failed['reason_code'] == 'server-error', f'{failed}')
    check(failed['next_try'] - failed['last_try'] >= 15 * MINUTE, 'too soon')
    place.recover(item)


@waits.test('slow/steps', 'on POST: 404')
def quarter_hour_hour_four_twelve(place):
    item, steps = place.send(), []
    for attempts, hours in enumerate((0.25, 1, 4, 12, 12), 1):
        told = place.wait(item, state='failed', attempts=attempts)
        wait = told['next_try'] - told['last_try']
        check(hours * HOUR <= wait <= hours * HOUR + SECOND, f'waits {wait} ms after try {attempts}')
        # A new chance does not set the steps back; a person's retry would.
        world('offline')
        place.agent.wait_line('link offline', 60, after=len(steps))
        steps = place.agent.read()
        world('full')
    return None


@waits.test('slow/never-for-the-item', 'on POST: 422')
def waits_for_a_person(place):
    item = place.send()
    told = place.wait(item, state='failed')
    check(not told['next_try'], 'tried again by itself')
    place.sync()
    world('offline')
    place.agent.wait_line('link offline', 60)
    world('full')
    place.behave()
    place.wait_stored(place.send('/inbox/other'))
    check(place.item(item['id'])['attempts'] == 1, 'tried again by itself')


# ---- a new chance

def comes_and_goes(place):
    told = len(place.agent.read())
    world('offline')
    place.agent.wait_line('link offline', 60, after=told)
    told = len(place.agent.read())
    world('full')
    place.agent.wait_line('link full', 60, after=told)


@waits.test('chance/network', 'on POST /inbox/a: 404\non POST /inbox/b: 503 retry-after=1200')
def clears_waits_but_not_a_servers(place):
    gone = place.send('/inbox/a')
    place.wait(gone, state='failed')
    busy = place.send('/inbox/b')
    told = place.wait(busy, state='pending', attempts=1)
    place.behave()
    comes_and_goes(place)
    now = place.item(busy['id'])
    check(now['attempts'] == 1 and now['next_try'] == told['next_try'], f'{now}')
    place.sync()
    place.wait_stored(gone, busy)


@waits.test('chance/account', 'on POST: 401')
def a_new_password_goes_at_once(place):
    secret = os.path.join(place.folder, 'secret')
    with open(secret, 'w') as f:
        f.write('plum\n')
    server = place.store.json('server', 'add', place.receiver.url + '/inbox/shut', '--plain', '--user', 'ann',
                              '--secret-file', secret, '--reach', 'public')
    item = place.send('/inbox/shut/a')
    place.wait(item, state='held', hold='account')
    place.behave()
    with open(secret, 'w') as f:
        f.write('cherry\n')
    place.store.run('server', 'set', str(server['id']), '--secret-file', secret)
    place.wait_stored(item)


@waits.test('chance/agent-start', 'on POST: 404')
def once_in_ten_minutes(place):
    """The first start clears the waits; one that follows it does not knock again."""
    place.agent.stop()
    item = place.send()
    place.store.run('sync', status=None)
    told = place.wait(item, state='failed')
    place.start_agent()
    check(place.item(item['id'])['attempts'] == told['attempts'], 'tried at a second start')
    place.recover(item)


@waits.test('chance/sync-now', 'on POST /inbox/a: 503 retry-after=3000\non POST /inbox/b: 404')
def clears_everything(place):
    items = [place.send('/inbox/b')]
    place.wait(items[0], state='failed')
    items.append(place.send('/inbox/a'))
    place.wait(items[1], reason_code='server-busy')
    place.recover(*items)


@waits.test('chance/sync-now', 'on POST: 503 retry-after=3000')
def also_while_everything_is_held(place):
    """The host may be asked again, by the next one."""
    item = place.send()
    place.wait(item, state='pending', reason_code='server-busy')
    place.store.run('hold', str(item['id']))
    place.behave()
    place.sync()
    place.wait_stored(place.send())
    check(place.item(item['id'])['state'] == 'held', 'sent although it is held')


@waits.test('chance/manual-retry', 'on POST: 422')
def also_of_what_failed_for_good(place):
    item = place.send()
    place.wait(item, state='failed')
    place.behave()
    place.store.run('retry', str(item['id']))
    place.wait_stored(item)


# ---- tries and breaker

@waits.test('tries/only-if-contacted')
def not_where_nobody_listens(place):
    place.receiver.close()
    place.receiver.wait_line('closed')
    item = place.send()
    place.wait(item, reason_code='network-connect')
    place.sync()
    place.sync()
    check(place.item(item['id'])['attempts'] == 0, 'used up')
    place.receiver.open()
    place.sync()
    place.wait_stored(item)


def asks_one_at_a_time(place, n=12):
    """Each of them alone would be tried again within a second; together they spare the server."""
    place.store.run('pause')
    items = [place.send(f'/inbox/{i}') for i in range(n)]
    place.store.run('resume')
    until(lambda: len(place.posts()) >= 5 or any(place.item(i['id'])['attempts'] > 1 for i in items), 'some tries', 90)
    attempts = [place.item(i['id'])['attempts'] for i in items]
    check(0 in attempts, f'all of them were tried: {attempts}')
    place.recover(*items)


@waits.test('breaker/429', 'on POST: 429')
@waits.test('breaker/503', 'on POST: 503')
@waits.test('breaker/5xx-of-two', 'on POST: 500')
@waits.test('breaker/connection', 'on POST: drop')
def one_asks_for_all(place):
    asks_one_at_a_time(place)


@waits.test('breaker/poison', 'on POST /inbox/poison: 500')
def beside_good_ones(place):
    """One item that breaks the server does not close it to the others; nor does it ask for them."""
    poison = place.send('/inbox/poison')
    items = [place.send() for _ in range(8)]
    place.wait_stored(*items)
    until(lambda: place.item(poison['id'])['attempts'] >= 2, 'a second try of the poison', 60)
    place.wait_stored(place.send())
    check(place.item(poison['id'])['reason_code'] == 'server-error', 'the poison has no reason')


# ---- gate

@waits.test('gate/reach')
def by_network_and_setting(place):
    """What goes on which network: a receiver on loopback, which the setting says to be somewhere else."""
    other = place.other_receiver()  # the first one has an endpoint, whose setting stands in for "auto"
    networks = {'full': 'auto public lan always', 'offline': 'auto always', 'portal': 'auto lan always',
                'limited': 'auto lan always'}
    for network, goes in networks.items():
        told = 0 if network == 'full' else len(place.agent.read())
        world(network)
        place.agent.wait_line(f'link {network}', 60, after=told)
        items = {reach: place.add(other.url + '/inbox/a', reach=reach)
                 for reach in ('auto', 'public', 'lan', 'always')}
        for reach, item in items.items():
            if reach in goes.split():
                try:
                    place.wait(item, state='sent')
                except faults.Failed as e:
                    raise faults.Failed(f'{network}, reach {reach}: {e}') from None
        for reach in set(items) - set(goes.split()):
            now = place.item(items[reach]['id'])
            check(now['state'] == 'pending' and now['attempts'] == 0, f'{network}, reach {reach}: {now["state"]}')
            place.store.run('discard', str(items[reach]['id']))


# ---- what libsoup does

@waits.test('soup/restarted')
def with_its_body(place):
    """A kept connection that was closed meanwhile: libsoup starts again by itself, and the body is there again."""
    for method in ('PUT', 'POST'):
        items = [place.add(place.receiver.url + f'/inbox/{method}/{n}', '-X', method) for n in range(2)]
        place.wait_stored(*items)
        place.receiver.close()
        place.receiver.wait_line('closed')
        place.receiver.open()
        until(lambda: answers(place), 'the receiver again', 60)
        items = [place.add(place.receiver.url + f'/inbox/{method}/{n}', '-X', method) for n in range(2, 4)]
        place.wait_stored(*items)
    check(all(e['bytes'] > 0 for e in place.stored()), f'{place.stored()}')


def answers(place):
    try:
        return place.get('/')
    except OSError:
        return False


waits.run()
