"""faults - for the tests of the design's tables: a receiver that misbehaves on request, something between, cells.

Nothing is caught in passing: a fault lasts until the test takes it back, so that a slow machine sees it, too.
"""
import fnmatch, http.client, http.server, os, re, signal, socket, socketserver, ssl, sys, tempfile, threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
import fplab
fplab.in_lab('--net', '--bus')
import outage
from fplab import Failed, until

# No name server can be reached in the lab, and nobody is to wait for one.
os.environ['RES_OPTIONS'] = 'timeout:1 attempts:1'

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
# Given by nobody else, so it tells when the receiver has read another script.
READY = '/inbox/ready'
DEAD = []
XFORM = '''<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:orx="http://openrosa.org/xforms" xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>Far</h:title><model>
<instance><data id="far" version="1"><name/>%s<orx:meta><orx:instanceID/></orx:meta></data></instance>
<bind nodeset="/data/name" type="string"/>%s
<bind nodeset="/data/orx:meta/orx:instanceID" type="string" readonly="true()" jr:preload="uid"/>
</model></h:head><h:body><input ref="/data/name"><label>Name</label></input>%s</h:body></h:html>'''


in_world = 'full'  # as the lab begins; None where that is not known


def world(word):
    global in_world
    in_world = None
    fplab.world(word)
    in_world = word


def check(condition, what):
    if not condition:
        raise Failed(what)


class Place(outage.Place):
    """A receiver that follows a script, a store and an agent."""

    def __init__(self, script='', *options, column='plain', agent=True):
        self.script = tempfile.mktemp(dir=os.environ['FP_LAB'])
        self.column, self.n, self.others = column, 0, []
        self.write(script)
        super().__init__(None, '--fault', self.script, *options)
        if agent:
            self.start_agent()

    def kill(self):
        super().kill()
        for other in self.others:
            other.kill()

    # ---- the server

    def write(self, script):
        with open(self.script, 'w') as f:
            f.write(script)

    def behave(self, script=''):
        """From now on another script, the agent's doing left alone."""
        self.n += 1
        mark = f'{READY}/{self.n}'
        self.write(f'on GET {mark}: 418\n{script}')
        self.receiver.child.send_signal(signal.SIGHUP)
        until(lambda: self.get(mark) == 418, 'the new script', 60)

    def get(self, path):
        connection = http.client.HTTPConnection('127.0.0.1', self.receiver.port)
        connection.request('GET', path)
        return connection.getresponse().status

    def posts(self):
        """What was sent to it: faults, and what was stored."""
        return [e for e in self.receiver.events('fault', 'stored', 'duplicate', 'added', 'refused')
                if e['method'] not in ('GET', 'HEAD')]

    def stored(self):
        return self.receiver.events('stored')

    def times_stored(self, item):
        name = item['instance_id'] or item['uid']
        return sum(name in (e.get('instance_id'), e.get('key')) for e in self.stored())

    def other_receiver(self, *options):
        self.others.append(fplab.Receiver(f'{self.receiver.folder}-{len(self.others)}', *options))
        return self.others[-1]

    # ---- the outbox

    def send(self, path='/inbox/test', **changed):
        """One more item of this column."""
        self.n += 1
        if self.column == 'openrosa':
            return self.submit(code=f'WP{self.n:04}', **changed)
        return self.request(f'{{"n": {self.n}}}', path)

    def add(self, url, *words, reach='always'):
        self.n += 1
        return self.store.json('add', '--json', f'{{"n": {self.n}}}', '--reach', reach, *words, url)

    def send_to(self, url, *pictures):
        """One more item of this column, to whatever server; @pictures: files that a submission has."""
        if self.column != 'openrosa':
            return self.add(url + '/inbox/test')
        path = os.path.join(self.folder, 'far.xml')
        with open(path, 'w') as f:
            f.write(XFORM % (''.join(f'<p{n}/>' for n in range(len(pictures))),
                             ''.join(f'<bind nodeset="/data/p{n}" type="binary"/>' for n in range(len(pictures))),
                             ''.join(f'<upload ref="/data/p{n}" mediatype="image/*"><label>p{n}</label></upload>'
                                     for n in range(len(pictures)))))
        self.store.run('forms', 'add', path, '--post', url + '/submission')
        words = [word for n, picture in enumerate(pictures) for word in ('--attach', f'p{n}={picture}')]
        return self.store.json('fill', 'far', '--set', 'name=Ann', *words, '--submit')

    def wait(self, item, seconds=60, **wanted):
        def look():
            now = self.item(item['id'])
            return now if all(now[key] == value for key, value in wanted.items()) else None
        try:
            return until(look, '', seconds, 0.05)
        except Failed:
            now = self.item(item['id'])
            raise Failed(f'wanted {wanted}, is {({key: now[key] for key in wanted})}, attempts {now["attempts"]}, '
                         f'{now["reason_code"]}: {now["reason"]}') from None

    def sync(self):
        self.store.run('sync', status=None)

    def wait_stored(self, *items):
        """Each is sent with a receipt, and is there once."""
        for item in items:
            sent = self.wait(item, state='sent')
            check(sent.get('receipt'), f'item {item["id"]} has no receipt')
            check(self.times_stored(item) == 1, f'item {item["id"]} is stored {self.times_stored(item)} times')
        return sent

    def recover(self, *items):
        """The server is well again, and a person asks: everything arrives once."""
        self.behave()
        self.sync()
        return self.wait_stored(*items)

    def refused(self, *words):
        """The command changes nothing and says why."""
        before = self.store.items('--state', 'all')
        self.store.run(*words, status=1)
        check(self.store.items('--state', 'all') == before, f'{" ".join(words)} changed something')


class Between(http.server.BaseHTTPRequestHandler):
    """A proxy, as a forward one and in front of the receiver: @say is its own answer to all that has a body."""
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def do_POST(self):
        server = self.server
        server.seen.append((self.command, self.path))
        if server.early:
            self.wfile.write(server.early)
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if server.say:
            self.answer(*server.say)
            return
        path = re.sub('^http://[^/]*', '', self.path)
        connection = http.client.HTTPConnection('127.0.0.1', server.target)
        connection.request(self.command, path, body, dict(self.headers))
        response = connection.getresponse()
        self.answer(response.status, dict(response.getheaders()), response.read())

    do_GET = do_PUT = do_POST

    def do_CONNECT(self):
        self.server.seen.append((self.command, self.path))
        self.answer(*(self.server.say or (502, {}, b'')))

    def answer(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ('content-length', 'connection', 'transfer-encoding'):
                self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)


class Proxy(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def __init__(self, place, say=None, certificate=None):
        self.target, self.say, self.early, self.seen = place.receiver.port, say, None, []
        super().__init__(('127.0.0.1', 0), Between)
        self.url = f'http{"s" if certificate else ""}://127.0.0.1:{self.server_address[1]}'
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        place.others.append(self)

    def handle_error(self, *_):
        pass  # who asked has gone

    def kill(self):
        self.shutdown()
        self.server_close()


class Table:
    """A table of the design: cells in its order, and the tests of each. A cell without one fails the program."""

    def __init__(self, name, *cells):
        self.name, self.tests = name, {cell: [] for cell in cells}

    def test(self, cells, script='', *options, agent=True):
        """@cells: one cell, or several as a pattern: the test runs in each."""
        chosen = fnmatch.filter(self.tests, cells)
        if not chosen:
            raise SystemExit(f'{self.name}: there is no cell {cells}')

        def decorate(function):
            for cell in chosen:
                self.tests[cell].append((f'/{self.name}/{cell}/{function.__name__.replace("_", "-")}',
                                         self.runner(function, cell, script, options, agent)))
            return function
        return decorate

    @staticmethod
    def runner(function, cell, script, options, agent):
        def run():
            if in_world != 'full':
                world('full')
            place = Place(script, *options, column=cell.rpartition('/')[2], agent=agent)
            try:
                reason = function(place)
                place.end()
                return reason
            finally:
                place.kill()
        return run

    def run(self):
        wanted = sys.argv[1] if len(sys.argv) > 1 else ''
        empty = [cell for cell, tests in self.tests.items() if not tests]

        def complete():
            check(not empty, f'no test of {", ".join(empty)}')
        tests = [test for tests in self.tests.values() for test in tests]
        fplab.Tap((f'/{self.name}/every-cell-has-a-test', complete), *[t for t in tests if wanted in t[0]])


def dead_port():
    """Taken, so that nobody else gets it, and not listened to."""
    DEAD.append(socket.socket())
    DEAD[-1].bind(('127.0.0.1', 0))
    return DEAD[-1].getsockname()[1]


def both(*rows):
    """A row has two cells."""
    return [f'{row}/{column}' for row in rows for column in ('plain', 'openrosa')]


def is_kept(place, item, code='not-the-server'):
    """Something between answered: no try is used up, and the item waits."""
    told = place.wait(item, reason_code=code)
    check(told['state'] in ('pending', 'sending') and told['attempts'] == 0,
          f'{told["state"]}, {told["attempts"]} attempts')


def is_retried(place, item, code):
    told = place.wait(item, reason_code=code)
    check(told['state'] in ('pending', 'sending', 'failed') and not told['hold'], told['state'])
    check(told['state'] == 'sending' or told['next_try'], 'never tried again')
    check(told['reason'], 'no reason to read')
    return told
