#!/usr/bin/python3
"""answers-test - the design's table "What an answer means" (5.3), cell by cell, by the real agent: what is no "no".

What was made of an answer is read from the item, what really arrived from the receiver's folder and lines. The
others are in refusals-test and timeout-test. Alone: tests/e2e/answers-test.py [PART-OF-A-NAME]
"""
import os, subprocess
import faults
from faults import MINUTE, SECOND, both, check, is_kept, is_retried, until

BUSY = ('408', '423', '425', '429', '500', '502', '503', '504')

answers = faults.Table('answers', *both('2xx', '3xx', *BUSY, 'dns', 'connect', 'tls', 'cut'))


# ---- 2xx

@answers.test('2xx/*')
def a_receipt(place):
    sent = place.wait_stored(place.send())
    check(sent['receipt']['status'] == 201, f'{sent["receipt"]}')


@answers.test('2xx/openrosa', 'on POST: after-accept 202')
def accepted_for_later(place):
    check(place.wait(place.send(), state='sent')['receipt']['status'] == 202, 'no receipt')


@answers.test('2xx/openrosa', 'on POST: portal')
@answers.test('2xx/openrosa', 'on POST: 200')
@answers.test('2xx/openrosa', 'on POST: 204')
@answers.test('2xx/openrosa', 'on POST: 201, no-openrosa-headers')
def something_between_answered(place):
    item = place.send()
    is_kept(place, item)
    place.recover(item)


@answers.test('2xx/openrosa', 'on POST: after-accept 201, no-openrosa-headers')
def stored_but_without_headers(place):
    item = place.send()
    is_kept(place, item)
    place.recover(item)


@answers.test('2xx/plain', 'on POST: portal')
def success_is_json(place):
    """The setting of an endpoint: a web page is no receipt there."""
    place.store.run('server', 'add', place.receiver.url + '/inbox/strict', '--plain', '--success', 'json',
                    '--reach', 'public')
    item = place.send('/inbox/strict/a')
    is_kept(place, item)
    sent = place.recover(item)
    check('"ok":true' in sent['receipt']['body'], f'{sent["receipt"]}')


@answers.test('2xx/plain', 'on POST: redirect 303 /thanks')
def success_is_a_redirect(place):
    """The setting of an endpoint: some webhooks say yes like this."""
    place.store.run('server', 'add', place.receiver.url + '/inbox/hook', '--plain', '--success', 'redirect',
                    '--reach', 'public')
    item = place.send('/inbox/hook/a')
    check(place.wait(item, state='sent')['receipt']['status'] == 303, 'no receipt')
    beside = place.send('/inbox/other')
    place.wait(beside, state='failed', reason_code='server-moved')
    check(all(e['path'] != '/thanks' for e in place.posts()), 'the redirect was followed')


@answers.test('2xx/plain')
def a_page_over_cleartext(place):
    """From a public host a web page is none: anybody between may have written it."""
    if os.environ['FP_LAB_NET'] != 'NetworkManager':
        return 'no network namespace to put a public address into'
    subprocess.run(['ip', 'address', 'replace', '203.0.113.7/32', 'dev', 'lo'], check=True)
    place.write('on POST: portal')
    far = place.other_receiver('--address', '203.0.113.7', '--fault', place.script)
    item = place.add(f'http://203.0.113.7:{far.port}/inbox/page', reach='public')
    is_kept(place, item)
    check(not far.events('stored'), 'stored')


@answers.test('2xx/plain')
def before_the_body_was_there(place):
    """An answer to a request that was not wholly written is none, whatever it says."""
    proxy = faults.Proxy(place)
    proxy.early = b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'
    path = os.path.join(place.folder, 'large')
    with open(path, 'wb') as f:
        f.truncate(64 << 20)
    item = place.store.json('add', '--data-file', path, '--reach', 'always', proxy.url + '/inbox/large')
    told = is_retried(place, item, place.item(item['id'])['reason_code'] or until(
        lambda: place.item(item['id'])['reason_code'], 'a reason', 60))
    check(told['reason_code'] in ('server-incomplete', 'network-cut'), told['reason_code'])
    proxy.early = None
    place.sync()
    place.wait(item, state='sent')
    stored, = place.stored()
    check(stored['bytes'] >= 64 << 20, f'{stored["bytes"]} bytes')


# ---- 3xx

@answers.test('3xx/plain', 'on POST /inbox/a: redirect 307 /inbox/b\non POST /inbox/c: redirect 308 /inbox/d')
def on_the_same_origin_followed(place):
    for come, go in (('a', 'b'), ('c', 'd')):
        item = place.send(f'/inbox/{come}')
        place.wait_stored(item)
        check(place.stored()[-1]['path'] == f'/inbox/{go}', f'{place.stored()[-1]}')


@answers.test('3xx/plain', 'on POST /inbox/a: redirect 302 /inbox/z\non POST /inbox/b: redirect 303 /inbox/z\n'
              'on POST /inbox/c: redirect 301 /inbox/z\non POST /inbox/d: redirect 308 http://localhost:9/inbox/z\n'
              'on POST /inbox/e: redirect 307 /inbox/e')
def any_other_is_a_fault(place):
    """Also one that never ends; the body goes nowhere."""
    for name in 'abcde':
        told = place.wait(place.send(f'/inbox/{name}'), state='failed', reason_code='server-moved')
        check(told['next_try'] - told['last_try'] >= 15 * MINUTE, 'no slow try')
    check(not place.stored(), 'stored')
    check(sum(e['path'] == '/inbox/e' for e in place.posts()) == 4, 'not followed three times')


@answers.test('3xx/openrosa', 'on POST /submission: redirect 307 /submission?again')
def endless(place):
    item = place.send()
    place.wait(item, state='failed', reason_code='server-moved')
    place.recover(item)


@answers.test('3xx/openrosa', 'on POST /submission: redirect 302 /login')
def to_a_login_page(place):
    item = place.send()
    place.wait(item, state='failed', reason_code='server-moved')
    place.recover(item)


# ---- busy, faults of the network

def retries_by_status(status):
    codes = {'423': 'server-running', '500': 'server-error', '502': 'server-error', '504': 'server-error'}

    @answers.test(f'{status}/*', f'on POST: {status} retry-after=600')
    def tried_again_but_not_before(place):
        item = place.send()
        told = is_retried(place, item, codes.get(status, 'server-busy'))
        check((told['status'], told['attempts']) == (int(status), 1), f'{told["status"]}, {told["attempts"]} attempts')
        wait = told['next_try'] - told['last_try']
        check(600 * SECOND <= wait <= 601 * SECOND, f'waits {wait} ms')
        place.recover(item)


for status in BUSY:
    retries_by_status(status)


def answer_is_lost(place, item):
    until(lambda: len(place.posts()) >= 2, 'a fault', 60)
    place.recover(item)
    check(place.receiver.events('duplicate'), 'not told apart')


@answers.test('cut/*', 'on POST: after-accept drop')
def the_answer(place):
    item = place.send()
    told = is_retried(place, item, 'network-cut')
    check(told['maybe_delivered'], 'nobody knows, and it does not say so')
    answer_is_lost(place, item)


@answers.test('cut/*', 'on POST: cut-answer 5')
def half_an_answer(place):
    item = place.send()
    is_retried(place, item, 'network-cut')
    answer_is_lost(place, item)


@answers.test('cut/*', 'on POST: after-accept 500')
def stored_but_500(place):
    item = place.send()
    is_retried(place, item, 'server-error')
    answer_is_lost(place, item)


@answers.test('cut/*', 'on POST: drop')
def the_connection(place):
    item = place.send()
    is_retried(place, item, 'network-cut')
    place.recover(item)


@answers.test('cut/*', 'on POST: after-accept drop', '--no-dedupe')
def without_dedupe_the_same_again(place):
    """At least once, with the same key and the same bytes."""
    item = place.send()
    is_retried(place, item, 'network-cut')
    place.behave()
    place.sync()
    place.wait(item, state='sent')
    stored = place.stored()
    check(len(stored) > 1, 'stored once only: nothing to compare')
    name = 'instance_id' if place.column == 'openrosa' else 'key'
    check({e[name] for e in stored} == {item['instance_id'] or item['uid']}, f'{stored}')
    check(len({e['bytes'] for e in stored}) == 1, 'other bytes')


@answers.test('cut/plain', 'on POST: cut-after-bytes 100000')
def half_a_request(place):
    path = os.path.join(place.folder, 'large')
    with open(path, 'wb') as f:
        f.write(os.urandom(3_000_000))
    item = place.store.json('add', '--data-file', path, '--reach', 'always', place.receiver.url + '/inbox/large')
    is_retried(place, item, 'network-cut')
    place.recover(item)
    event, = place.stored()
    with open(os.path.join(event['folder'], event['files'][0]), 'rb') as a, open(path, 'rb') as b:
        check(a.read() == b.read(), 'other bytes')


@answers.test('cut/plain', 'on POST /inbox/asks*: after-accept drop')
def lost_asks(place):
    """The setting of an endpoint: what may have arrived waits for a person."""
    place.store.run('server', 'add', place.receiver.url + '/inbox/asks', '--plain', '--lost', 'ask', '--reach', 'public')
    item = place.send('/inbox/asks/a')
    told = place.wait(item, state='held', hold='lost')
    check(told['maybe_delivered'] and not told['next_try'], f'{told}')
    place.behave()
    place.sync()
    place.wait_stored(place.send())
    check(place.item(item['id'])['state'] == 'held', 'sent without asking')
    place.store.run('release', str(item['id']))
    place.wait_stored(item)


@answers.test('cut/plain', 'on POST /inbox/asks*: hang')
def lost_asks_of_a_killed_agent(place):
    """Nobody knows what became of what it was sending."""
    place.store.run('server', 'add', place.receiver.url + '/inbox/asks', '--plain', '--lost', 'ask', '--reach', 'public')
    item, other = place.send('/inbox/asks/a'), None
    until(lambda: place.posts(), 'a request that hangs', 60)
    place.agent.kill()
    check(place.item(item['id'])['state'] == 'sending', 'not being sent')
    place.behave()
    place.start_agent()
    place.wait(item, state='held', hold='lost', maybe_delivered=True)
    other = place.send()
    place.wait_stored(other)
    place.store.run('release', str(item['id']))
    place.wait_stored(item)


def to_no_server(place, url, code):
    """Nobody was contacted: no try is used up."""
    told = is_retried(place, place.send_to(url), code)
    check(told['attempts'] == 0 and not told['maybe_delivered'], f'{told["attempts"]} attempts')


@answers.test('dns/*')
def no_such_name(place):
    to_no_server(place, 'http://nowhere.invalid', 'network-resolve')


@answers.test('connect/*')
def nobody_listens(place):
    to_no_server(place, f'http://127.0.0.1:{faults.dead_port()}', 'network-connect')


@answers.test('tls/*')
def a_certificate_that_nobody_trusts(place):
    """Nothing is said to such a server."""
    proxy = faults.Proxy(place, certificate=os.path.join(faults.fplab.SOURCE, 'tests', 'data', 'loopback.pem'))
    to_no_server(place, proxy.url, 'network-tls')
    check(not proxy.seen, f'{proxy.seen}')


answers.run()
