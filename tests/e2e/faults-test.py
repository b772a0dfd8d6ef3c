#!/usr/bin/python3
"""faults-test - what an answer means, by the real agent and a receiver that misbehaves on request.

Each test has a receiver with a fault script of its own (data/docs/receiver.md) and a store. What the agent made of the
answers is read from the item, what really arrived from the receiver's folder and lines.
Alone: tests/e2e/faults-test.py [PART-OF-A-NAME]
"""
import http.client, os, signal, sys, tempfile, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
import fplab
fplab.in_lab('--net', '--bus')
import outage
from fplab import Failed, until

MINUTE_MS = 60_000


def check(condition, what):
    if not condition:
        raise Failed(what)


class Place(outage.Place):
    """A receiver that follows a script. It is never spoken to before the agent runs, but for its list of forms."""

    def __init__(self, script, *options):
        self.script = tempfile.mktemp(dir=os.environ['FP_LAB'])
        self.write(script)
        super().__init__(None, '--fault', self.script, *options)
        self.start_agent()

    def write(self, script):
        with open(self.script, 'w') as f:
            f.write(script)

    def behave(self, script=''):
        """From now on another script: by a receiver that is asked until it has read it."""
        self.write(f'on GET /inbox/ready: 418\n{script}')
        self.receiver.child.send_signal(signal.SIGHUP)
        until(lambda: self.get('/inbox/ready') == 418, 'the new script')

    def get(self, path):
        connection = http.client.HTTPConnection('127.0.0.1', self.receiver.port)
        connection.request('GET', path)
        return connection.getresponse().status

    def posts(self):
        """Lines about what was sent to it: faults, and what was stored."""
        return [e for e in self.receiver.events('fault', 'stored', 'duplicate', 'added', 'refused')
                if e['method'] != 'GET']

    def wait(self, item, seconds=20, **wanted):
        def look():
            now = self.item(item['id'])
            return now if all(now[key] == value for key, value in wanted.items()) else None
        try:
            return until(look, '', seconds, 0.03)
        except Failed:
            now = self.item(item['id'])
            raise Failed(f'wanted {wanted}, is {({key: now[key] for key in wanted})}, attempts {now["attempts"]}, '
                         f'{now["reason_code"]}') from None

    def stored(self):
        return self.receiver.events('stored')

    def stored_times(self, item):
        name = item['instance_id'] or item['uid']
        return sum(name in (e.get('instance_id'), e.get('key')) for e in self.stored())


def at(script, *options):
    def decorate(test):
        def run():
            place = Place(script, *options)
            try:
                test(place)
                place.end()
            finally:
                place.kill()
        return run
    return decorate


# ---- when it is tried again

def waits_as_told(place, least, most):
    item = place.request()
    told = place.wait(item, attempts=1, reason_code='server-busy', state='pending')
    wait = told['next_try'] - told['last_try']
    check(least <= wait <= most, f'waits {wait} ms')
    sent = place.wait(item, state='sent')
    check(sent['attempts'] == 2, f'{sent["attempts"]} attempts')
    check(sent['last_try'] >= told['next_try'] - 50, f'tried {told["next_try"] - sent["last_try"]} ms early')
    check(place.stored_times(item) == 1, 'not stored once')


@at('on POST first 1: 503 retry-after=3')
def retry_after_seconds(place):
    waits_as_told(place, 3000, 5000)


@at('on POST first 1: 429 retry-date=4')
def retry_after_date(place):
    waits_as_told(place, 3000, 5500)


@at('on POST: 503')
def breaker(place):
    """A server that is busy is asked by one item at a time, not by all of them."""
    items = [place.request(f'{{"n": {n}}}') for n in range(12)]
    place.wait(items[0], attempts=1)
    end = time.monotonic() + 3
    until(lambda: time.monotonic() > end, '3 s', 5, 0.1)  # each of them alone would have been tried twice by now
    check(len(place.posts()) <= 9, f'{len(place.posts())} requests')
    place.behave()
    place.store.run('sync', status=None)
    for item in items:
        place.wait(item, state='sent')
    check(len(place.stored()) == 12, f'{len(place.stored())} stored')


@at('on POST /inbox/poison: 500')
def poison(place):
    items = [place.request(path='/inbox/poison')] + [place.request(f'{{"n": {n}}}') for n in range(8)]
    for item in items[1:]:
        place.wait(item, state='sent')
    check(place.item(items[0]['id'])['reason_code'] == 'server-error', 'the poison has no reason')
    later = place.request('{"later": 1}')
    place.wait(later, state='sent')


@at('on POST /inbox/hang: hang')
def hanging_host(place):
    """One server hangs with all its places taken; another is not kept waiting."""
    hanging = [place.request(f'{{"n": {n}}}', '/inbox/hang') for n in range(6)]
    until(lambda: len(place.posts()) >= 4, '4 requests that hang')
    other = fplab.Receiver(place.receiver.folder + '-2')
    start = time.monotonic()
    item = place.store.json('add', '--json', '{}', other.url + '/inbox/good')
    place.wait(item, state='sent')
    check(time.monotonic() - start < 2, f'{time.monotonic() - start:.1f} s')
    check(len(place.posts()) == 4, f'{len(place.posts())} requests to the one that hangs, not 4')
    place.receiver.kill()
    other.stop()


@at('on POST: 500')
def five_tries(place):
    """After the fifth it is shown as failed, and tried on slowly."""
    item = place.request()
    for attempt in range(1, 5):
        place.wait(item, 40, attempts=attempt)
        place.store.run('sync', status=None)
    failed = place.wait(item, 40, state='failed')
    check(failed['attempts'] == 5, f'{failed["attempts"]} attempts')
    wait = failed['next_try'] - failed['last_try']
    check(15 * MINUTE_MS <= wait <= 15.1 * MINUTE_MS, f'waits {wait} ms')


# ---- answers that are lost

def lost(place, copies):
    for item in [place.request(), place.submit()]:
        place.wait(item, state='sent')
        check(place.stored_times(item) == copies, f'stored {place.stored_times(item)} times')
    check(len(place.posts()) == 2 * 3, f'{len(place.posts())} lines')  # fault, stored, stored or duplicate


@at('on POST once: after-accept drop')
def lost_answer(place):
    lost(place, 1)
    check(len(place.receiver.events('duplicate')) == 2, 'not told apart')


@at('on POST once: cut-answer 5')
def cut_answer(place):
    for item in [place.request(), place.submit()]:
        place.wait(item, state='sent')
        check(place.stored_times(item) == 1, f'stored {place.stored_times(item)} times')


@at('on POST once: after-accept drop', '--no-dedupe')
def lost_answer_without_dedupe(place):
    """It is sent again, with the same key and the same bytes: at least once."""
    lost(place, 2)
    for name in ('key', 'instance_id'):
        names = [e[name] for e in place.stored() if name in e]
        check(len(names) == 2 and names[0] == names[1], f'{names}')


@at('on POST once: after-accept 500')
def stored_but_500(place):
    lost(place, 1)


@at('on POST once: drop')
def dropped(place):
    for item in [place.request(), place.submit()]:
        place.wait(item, state='sent')
        check(place.stored_times(item) == 1, f'stored {place.stored_times(item)} times')


@at('on POST first 2: cut-after-bytes 100000')
def cut_request(place):
    path = place.script + '.bin'
    with open(path, 'wb') as f:
        f.write(os.urandom(3_000_000))
    item = place.store.json('add', '--data-file', path, place.receiver.url + '/inbox/big')
    place.wait(item, 40, state='sent')
    event, = place.stored()
    with open(os.path.join(event['folder'], event['files'][0]), 'rb') as a, open(path, 'rb') as b:
        check(a.read() == b.read(), 'other bytes')


# ---- answers that are no receipt

@at('on POST /submission once: portal')
def portal_page(place):
    item = place.submit()
    told = place.wait(item, reason_code='not-the-server')
    check(told['state'] == 'pending' and told['attempts'] == 0, f'{told["state"]}, {told["attempts"]} attempts')
    place.wait(item, 40, state='sent')
    check(place.stored_times(item) == 1, 'not stored once')


@at('on POST /submission first 1: after-accept 201, no-openrosa-headers')
def no_headers(place):
    """Something between may have made the page up."""
    item = place.submit()
    place.wait(item, reason_code='not-the-server', attempts=0)
    place.wait(item, 40, state='sent')
    check(place.stored_times(item) == 1, 'not stored once')


@at('on POST /submission first 1: 200')
def plain_200(place):
    item = place.submit()
    place.wait(item, reason_code='not-the-server', attempts=0)
    place.wait(item, 40, state='sent')
    check(place.stored_times(item) == 1, 'not stored once')


@at('on POST /submission first 1: 404, no-openrosa-headers, delay 10ms')
def rosa_404(place):
    """The body is an OpenRosaResponse: the server itself says so."""
    item = place.submit()
    told = place.wait(item, state='failed', reason_code='server-not-found')
    check(told['next_try'], 'never tried again')


@at('on POST /inbox/a: redirect 307 /inbox/b\non POST /inbox/c: redirect 302 /inbox/b\n'
    'on POST /inbox/d: redirect 308 http://localhost:9/inbox/b\non POST /inbox/e: redirect 307 /inbox/e')
def redirects(place):
    """Followed with the body on the same origin; anything else is a fault, and the body goes nowhere."""
    a, c, d, e = (place.request(f'{{"path": "{name}"}}', f'/inbox/{name}') for name in 'acde')
    place.wait(a, state='sent')
    for item in (c, d, e):
        told = place.wait(item, state='failed')
        check(told['reason_code'] == 'server-moved', told['reason_code'])
    stored, = place.stored()
    check(stored['path'] == '/inbox/b' and stored['key'] == a['uid'], f'{stored}')


# ---- refusals

@at('on POST /submission once: 409')
def false_conflict(place):
    """Central's, when two posts overlap: the same bytes again after 5 s."""
    item = place.submit()
    told = place.wait(item, reason_code='server-conflict')
    check(told['next_try'] - told['last_try'] >= 5000, f'waits {told["next_try"] - told["last_try"]} ms')
    place.wait(item, state='sent')
    check(place.stored_times(item) == 1, 'not stored once')


@at('on POST /submission: 409')
def conflict(place):
    item = place.submit()
    told = place.wait(item, state='failed')
    check(told['reason_code'] == 'item-conflict' and told['attempts'] == 2 and not told['next_try'], f'{told}')
    check('fault script' in told['reason'], f'not the server\'s words: {told["reason"]}')


@at('on POST once: 409')
def still_running(place):
    """A plain 409 with our key: the server works on the first one still."""
    item = place.request()
    place.wait(item, state='sent')
    check(place.stored_times(item) == 1, 'not stored once')


@at('on POST /submission: closed-form')
def closed_form(place):
    item = place.submit()
    told = place.wait(item, state='failed', reason_code='form-closed')
    check(told['next_try'] - told['last_try'] >= 15 * MINUTE_MS, 'tried too soon')


@at('on POST /inbox/400: 400\non POST /inbox/401: 401\non POST /inbox/402: 402\non POST /inbox/403: 403\non POST /inbox/404: 404\n'
    'on POST /inbox/405: 405\non POST /inbox/410: 410\non POST /inbox/413: 413\non POST /inbox/422: 422')
def refusals(place):
    """What is the item's own fault waits for a person; what an administrator may repair is tried slowly."""
    wanted = {400: ('item-refused', False), 401: ('item-account-missing', False), 403: ('item-forbidden', False),
              402: ('server-refuses', True), 404: ('server-not-found', True), 405: ('server-method', True),
              410: ('server-not-found', True), 413: ('item-too-large', False),
              422: ('item-refused', False)}
    for status, (code, again) in wanted.items():
        item = place.request(f'{{"status": {status}}}', f'/inbox/{status}')
        told = place.wait(item, state='failed')
        check(told['status'] == status and told['reason_code'] == code, f'{status}: {told["reason_code"]}')
        check(bool(told['next_try']) == again, f'{status}: next try {told["next_try"]}')
        good = place.request(f'{{"beside": {status}}}')
        place.wait(good, state='sent')


@at('on POST /inbox/dead: 404')
def dead_address(place):
    """Three in a row and the address waits; what goes elsewhere on the same server does not."""
    dead = [place.request(f'{{"dead": {n}}}', '/inbox/dead') for n in range(30)]
    good = [place.request(f'{{"good": {n}}}') for n in range(5)]
    for item in good:
        place.wait(item, state='sent')
    tried = [e for e in place.posts() if e['path'] == '/inbox/dead']
    check(3 <= len(tried) <= 6, f'{len(tried)} requests to the dead address')
    place.behave()
    place.store.run('sync', status=None)
    for item in dead:
        place.wait(item, state='sent')


@at('on POST /submission: 403')
def form_access(place):
    """The account is well, the form is not for it: only its submissions are held."""
    item = place.submit()
    # Held at once; whose no it is, the list of forms tells.
    told = place.wait(item, state='held', reason_code='form-access')
    check(told['hold'] == 'form', told['hold'])
    good = place.request()
    place.wait(good, state='sent')
    place.behave()
    place.store.run('retry', str(item['id']))
    place.wait(item, state='sent')


@at('')
def account_refused(place):
    """Not even the list of forms is given out: it is the account. Repaired, all that it kept goes."""
    place.behave('on POST /submission: 401\non GET /formList: 401')
    items = [place.submit(code=f'WP08{n:02}') for n in range(3)]
    for item in items:
        place.wait(item, state='held')
    good = place.request()
    place.wait(good, state='sent')
    place.behave()
    place.store.run('release', '--all')
    for item in items:
        place.wait(item, state='sent')
        check(place.stored_times(item) == 1, 'not stored once')


TESTS = [('/faults/retry-after/seconds', retry_after_seconds), ('/faults/retry-after/date', retry_after_date),
         ('/faults/breaker/one-asks-for-all', breaker), ('/faults/breaker/poison-beside-good', poison),
         ('/faults/breaker/hanging-host-beside-good', hanging_host), ('/faults/five-tries-then-slowly', five_tries),
         ('/faults/lost-answer/stored-once', lost_answer), ('/faults/lost-answer/cut', cut_answer),
         ('/faults/lost-answer/without-dedupe-same-key', lost_answer_without_dedupe),
         ('/faults/lost-answer/stored-but-500', stored_but_500), ('/faults/cut/before-accept', dropped),
         ('/faults/cut/half-a-body', cut_request), ('/faults/between/portal-page', portal_page),
         ('/faults/between/without-openrosa-headers', no_headers), ('/faults/between/openrosa-200', plain_200),
         ('/faults/between/404-of-the-server', rosa_404), ('/faults/redirects', redirects),
         ('/faults/409/false-one-is-posted-again', false_conflict), ('/faults/409/other-bytes', conflict),
         ('/faults/409/plain-still-running', still_running), ('/faults/409/closed-form', closed_form),
         ('/faults/4xx/each-has-its-reason', refusals), ('/faults/4xx/only-the-address-pauses', dead_address),
         ('/faults/403/form-is-held', form_access),
         ('/faults/401/account-is-held', account_refused)]
fplab.Tap(*[t for t in TESTS if len(sys.argv) < 2 or sys.argv[1] in t[0]])
