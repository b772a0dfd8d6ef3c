#!/usr/bin/python3
"""refusals-test - the design's table "What an answer means" (5.3), cell by cell, by the real agent: every no.

The rest of the table is in answers-test. Alone: tests/e2e/refusals-test.py [PART-OF-A-NAME]
"""
import os, urllib.error, urllib.request
import faults
from faults import MINUTE, SECOND, both, check, is_kept, is_retried, until

SLOW = {'402': 'server-refuses', '404': 'server-not-found', '405': 'server-method', '410': 'server-not-found'}
REFUSED = ('400', '411', '414', '415', '422', '418')

refusals = faults.Table('refusals', *both('401', '403', '407', '409', *SLOW), 'closed-form/openrosa',
                        *both('413-at-a-proxy', '413', *REFUSED), '409-other-bytes/openrosa', 'three-in-a-row/plain',
                        'long-answer/plain')


# ---- 401, 403

def with_account(place, path):
    return place.add(place.receiver.url + path, '-H', f'Authorization: Bearer {place.n}')


@refusals.test('401/plain', 'on POST /inbox/shut*: 401')
def credentials_are_held(place):
    held = with_account(place, '/inbox/shut')
    place.wait(held, state='held', hold='account')
    place.wait_stored(place.send())
    place.behave()
    place.store.run('release', str(held['id']))
    place.wait_stored(held)


@refusals.test('401/plain', 'on POST: 401')
def without_credentials_the_item(place):
    told = place.wait(place.send(), state='failed', reason_code='item-account-missing')
    check(not told['next_try'], 'tried again by itself')


@refusals.test('403/plain', 'on POST: 403')
def without_credentials_the_item(place):
    told = place.wait(place.send(), state='failed', reason_code='item-forbidden')
    check(not told['next_try'], 'tried again by itself')


@refusals.test('403/plain', 'on POST /inbox/shut*: 403')
def the_second_holds_the_endpoint(place):
    secret = os.path.join(place.folder, 'secret')
    with open(secret, 'w') as f:
        f.write('tangerine\n')
    place.store.run('server', 'add', place.receiver.url + '/inbox/shut', '--plain', '--user', 'ann', '--secret-file',
                    secret, '--reach', 'public')
    first = place.send('/inbox/shut')
    place.wait(first, state='failed', reason_code='item-forbidden')
    second = place.send('/inbox/shut')
    place.wait(second, state='held', reason_code='account-forbidden')
    third = place.send('/inbox/shut')
    place.wait(third, state='held', attempts=0)
    place.wait_stored(place.send())
    place.behave()
    place.store.run('release', '--all')
    place.wait_stored(first, second, third)


@refusals.test('40[13]/openrosa', 'on POST /submission: 403')
@refusals.test('40[13]/openrosa', 'on POST /submission: 401')
def form_is_held(place):
    """The list of forms is given out: the account is well, the form is not for it."""
    item = place.send()
    told = place.wait(item, state='held', reason_code='form-access')
    check(told['hold'] == 'form', told['hold'])
    later = place.send()
    place.wait(later, state='held', attempts=0)
    beside = place.request()
    place.wait(beside, state='sent')
    place.behave()
    place.store.run('retry', str(item['id']))
    place.wait_stored(item, later)


@refusals.test('40[13]/openrosa')
def account_is_held(place):
    """Not even the list is given out. Repaired, all that was kept goes."""
    place.behave('on POST /submission: 401\non GET /formList: 401')
    items = [place.send() for _ in range(3)]
    for item in items:
        told = place.wait(item, state='held')
        check(told['attempts'] <= 1, f'{told["attempts"]} attempts')
    until(lambda: place.item(items[0]['id'])['reason_code'].startswith('account'), 'whose no it is', 60)
    place.behave()
    place.store.run('release', '--all')
    place.wait_stored(*items)


# ---- 407

@refusals.test('407/*', agent=False)
def proxy_is_held(place):
    """A real proxy that wants a password. What goes by it waits, whatever the item; what does not, goes."""
    proxy = faults.Proxy(place, (407, {'Proxy-Authenticate': 'Basic realm="desk"'}, b''))
    os.environ.update(http_proxy=proxy.url, https_proxy=proxy.url, no_proxy='127.0.0.1')
    try:
        place.start_agent()
    finally:
        for name in ('http_proxy', 'https_proxy', 'no_proxy'):
            del os.environ[name]
    items = [place.send_to('http://far.example'), place.send_to('https://far.example')]
    for item in items:
        told = place.wait(item, state='held', hold='proxy')
        check(told['attempts'] == 0 and told['reason'], f'{told["attempts"]} attempts, {told["reason"]}')
    place.wait_stored(place.request())
    check(('CONNECT', 'far.example:443') in proxy.seen, f'{proxy.seen}')
    proxy.say = None
    place.store.run('release', '--all')
    place.wait_stored(items[0])
    # It leads nowhere now, which is no longer about the proxy's password.
    until(lambda: place.item(items[1]['id'])['reason_code'] not in ('proxy', None), 'another reason', 60)


# ---- 409

@refusals.test('409/plain', 'on POST: 409')
def still_running(place):
    """The server works on the first one with our key still."""
    item = place.send()
    is_retried(place, item, 'server-running')
    place.recover(item)


@refusals.test('409/openrosa', 'on POST first 1: after-accept 409')
def the_same_bytes_once_more(place):
    """A false one, when two posts overlap: again after 5 s at the earliest, and that is believed."""
    item = place.send()
    sent = place.wait_stored(item)
    check([e['event'] for e in place.posts()] == ['fault', 'stored', 'duplicate'], f'{place.posts()}')
    check(sent['last_try'] - sent['created'] >= 5 * SECOND, f'after {sent["last_try"] - sent["created"]} ms')


@refusals.test('409-other-bytes/openrosa', 'on POST: 409')
def failed_with_the_servers_words(place):
    told = place.wait(place.send(), state='failed', reason_code='item-conflict')
    check(told['attempts'] == 2 and not told['next_try'], f'{told}')
    check('fault script' in told['reason'], f'not the server\'s words: {told["reason"]}')


# ---- faults of the server's state

def slow_by_status(status, code):
    @refusals.test(f'{status}/*', f'on POST: {status}')
    def tried_slowly(place):
        item = place.send()
        told = place.wait(item, state='failed', reason_code=code)
        wait = told['next_try'] - told['last_try']
        check(15 * MINUTE <= wait <= 15 * MINUTE + SECOND, f'waits {wait} ms')
        place.recover(item)


for status, code in SLOW.items():
    slow_by_status(status, code)


@refusals.test('404/openrosa')
def without_openrosa_something_between(place):
    proxy = faults.Proxy(place, (404, {'Content-Type': 'text/html'}, b'<html>No such page</html>'))
    item = place.send_to(proxy.url)
    is_kept(place, item)
    proxy.say = None
    place.sync()
    place.wait_stored(item)


@refusals.test('closed-form/openrosa', 'on POST: closed-form')
def tried_slowly(place):
    item = place.send()
    told = place.wait(item, state='failed', reason_code='form-closed')
    check(told['next_try'] - told['last_try'] >= 15 * MINUTE, 'tried too soon')
    place.recover(item)


# ---- 413

@refusals.test('413-at-a-proxy/*')
def tried_slowly(place):
    proxy = faults.Proxy(place, (413, {'Content-Type': 'text/html'}, b'<html>413 Request Entity Too Large</html>'))
    item = place.send_to(proxy.url)
    told = place.wait(item, state='failed', reason_code='server-too-large')
    check(told['next_try'] - told['last_try'] >= 15 * MINUTE, 'tried too soon')
    proxy.say = None
    place.sync()
    place.wait_stored(item)


@refusals.test('413/plain', 'on POST: 413')
def fault_of_the_item(place):
    told = place.wait(place.send(), state='failed', reason_code='item-too-large')
    check(not told['next_try'], 'tried again by itself')


@refusals.test('413/plain', '', '--max-size', '1000000')
def said_before_the_body_is_there(place):
    """Whoever sends on all the same gets to read it: the receiver takes in for a while what it refused."""
    path = os.path.join(place.folder, 'film')
    with open(path, 'wb') as f:
        f.truncate(40 << 20)
    item = place.store.json('add', '--data-file', path, '--reach', 'always', place.receiver.url + '/inbox/film')
    told = place.wait(item, state='failed', reason_code='item-too-large')
    check(told['attempts'] == 1 and told['status'] == 413, f'{told}')
    with open(path, 'rb') as f:
        request = urllib.request.Request(place.receiver.url + '/inbox/film', f, {'Content-Length': str(40 << 20)})
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60)
            raise AssertionError('stored')
        except urllib.error.HTTPError as error:
            check(error.code == 413, f'{error.code}')


def submit_pictures(place, n, size):
    """A submission with attachments; returns it and what each holds."""
    held = {os.path.join(place.folder, f'p{i}.jpg'): b'\xff\xd8\xff\xe0' + os.urandom(size) for i in range(n)}
    for path, picture in held.items():
        with open(path, 'wb') as f:
            f.write(picture)
    return place.send_to(place.receiver.url, *held), sorted(held.values())


def whole(place, item, held):
    """One submission there, with each of its files once."""
    event, = place.stored()
    check(event['instance_id'] == item['instance_id'], f'{event}')
    found = []
    for name in os.listdir(event['folder']):
        if name not in ('submission.xml', 'meta.json'):
            with open(os.path.join(event['folder'], name), 'rb') as f:
                found.append(f.read())
    check(sorted(found) == held, f'{len(found)} files, not the {len(held)} that were sent')


@refusals.test('413/openrosa', 'on POST first 2: 413')
def split_by_attachments(place):
    """Halved twice, nothing is lost, and it is one submission."""
    item, held = submit_pictures(place, 4, 50_000)
    place.wait(item, 120, state='sent')
    whole(place, item, held)
    check(len(place.receiver.events('added')) == 2, f'{place.posts()}')


@refusals.test('413/openrosa', '', '--max-size', '1000000')
def split_by_the_servers_limit(place):
    item, held = submit_pictures(place, 5, 400_000)
    place.wait(item, 120, state='sent')
    whole(place, item, held)
    check(all(e['bytes'] <= 1_000_000 for e in place.posts() if e['event'] != 'refused'), f'{place.posts()}')


@refusals.test('413/openrosa', 'on POST: 413')
def nothing_left_to_split(place):
    item, held = submit_pictures(place, 1, 50_000)
    told = place.wait(item, state='failed', reason_code='item-too-large')
    check('p0' in told['reason'] and not told['next_try'], told['reason'])


# ---- the item's own fault

def failed_by_status(status):
    @refusals.test(f'{status}/*', f'on POST: {status}')
    def waits_for_a_person(place):
        item = place.send()
        told = place.wait(item, state='failed', reason_code='item-refused')
        check(told['status'] == int(status) and not told['next_try'], f'next try {told["next_try"]}')
        check('fault script' in told['reason'], f'not the server\'s words: {told["reason"]}')
        place.sync()
        place.behave()
        beside = place.request()
        place.wait(beside, state='sent')
        check(place.item(item['id'])['state'] == 'failed', 'tried again by itself')
        place.store.run('retry', str(item['id']))
        place.wait_stored(item)


for status in REFUSED:
    failed_by_status(status)


@refusals.test('three-in-a-row/plain', 'on POST /inbox/dead: 404')
def only_the_destination_pauses(place):
    dead = [place.send('/inbox/dead') for _ in range(12)]
    good = [place.send() for _ in range(5)]
    place.wait_stored(*good)
    tried = [e for e in place.posts() if e['path'] == '/inbox/dead']
    check(3 <= len(tried) <= 6, f'{len(tried)} requests to the dead address')
    place.recover(*dead)


@refusals.test('long-answer/plain')
def a_part_is_read_and_kept(place):
    """64 KiB are read at most and 4 KiB kept, however much the server says."""
    proxy = faults.Proxy(place, (400, {'Content-Type': 'text/plain'}, b'No. ' * 1_000_000))
    told = place.wait(place.add(proxy.url + '/inbox/a'), state='failed', reason_code='item-refused')
    check(0 < len(told['reason']) < 8192, f'{len(told["reason"])} characters of a reason')
    proxy.say = (201, {'Content-Type': 'text/plain'}, b'Yes. ' * 1_000_000)
    sent = place.wait(place.add(proxy.url + '/inbox/b'), state='sent')
    check(0 < len(sent['receipt']['body']) <= 4096, f'{len(sent["receipt"]["body"])} characters of a receipt')


refusals.run()
