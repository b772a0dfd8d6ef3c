#!/usr/bin/python3
"""cli - every command of fieldpostctl: exit codes, the JSON schema, and errors that name the thing and the place.

  cli.py FIELDPOSTCTL FIELDPOST-AGENT FORMS-FOLDER     prints TAP; a server of its own stands in for the world
"""
import hashlib, http.server, json, os, shutil, signal, stat, subprocess, sys, tempfile, threading, time, urllib.parse

CTL, AGENT, FORMS = sys.argv[1:4]
ITEM_KEYS = {'id', 'uid', 'state', 'reason', 'attempts', 'url', 'tag'}
results = []


class Server(http.server.ThreadingHTTPServer):
    """Answers /status/N with N, takes everything else, lists one form."""
    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d' % self.server_port
        self.got = []
        with open(os.path.join(FORMS, 'incident-report.xml'), 'rb') as f:
            self.form = f.read()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def answer(self, status, body=b'ok', kind='text/plain'):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.server.got.append((self.command, self.path, dict(self.headers), body))
        self.answer(int(self.path[8:]) if self.path.startswith('/status/') else 201)

    do_PUT = do_DELETE = do_POST

    def do_GET(self):
        if self.path.endswith('/formList'):
            entry = ('<xforms xmlns="http://openrosa.org/xforms/xformsList"><xform><formID>incident-report</formID>'
                     '<name>Incident</name><version>1</version><hash>md5:%s</hash><downloadUrl>%s/form</downloadUrl>'
                     '</xform></xforms>') % (hashlib.md5(self.server.form).hexdigest(), self.server.url)
            self.answer(200, entry.encode(), 'text/xml')
        elif self.path == '/form':
            self.answer(200, self.server.form, 'text/xml')
        else:
            self.do_POST()


class World:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='fieldpost-cli-')
        self.env = dict(os.environ, FIELDPOST_DATA=os.path.join(self.folder, 'data'), FIELDPOST_SECRETS='file',
                        FIELDPOST_LINK='monitor', DBUS_SESSION_BUS_ADDRESS='disabled:', LC_ALL='C.UTF-8')

    def __call__(self, *words, code=0, input=None):
        run = subprocess.run([CTL, *words], env=self.env, input=input, capture_output=True, text=True, timeout=60)
        if run.returncode != code:
            raise AssertionError('%s: exit %d, not %d\n%s%s' % (' '.join(words), run.returncode, code, run.stdout,
                                                                run.stderr))
        if code not in (0, 3):
            assert run.stderr.startswith('fieldpostctl: '), run.stderr
        self.err = run.stderr
        return run.stdout

    def json(self, *words, **more):
        return json.loads(self(*words, '--json', **more))

    def path(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, 'w') as f:
            f.write(content)
        return path

    def close(self):
        subprocess.run(['chmod', '-R', 'u+rwx', self.folder])
        shutil.rmtree(self.folder)


def says(text, *words):
    for word in words:
        assert word in text, 'no “%s” in: %s' % (word, text)


PNG = bytes.fromhex('89504e470d0a1a0a0000000d494844520000000100000001080600000'
                    '01f15c4890000000d49444154789c6260000000000500010d0a2db40000000049454e44ae426082')
INCIDENT = ['--set', 'where=Dock', '--set', 'severity=near_miss', '--set', 'what=Slipped on the wet ramp',
            '--set', '/data/reporter/name=Anna']


def test_unknown_commands_are_usage(ctl, server):
    for words in ([], ['fly'], ['forms'], ['forms', 'fly'], ['server', 'set'], ['add'],
                  ['add', 'a', 'b'], ['show'], ['show', 'x'], ['show', '1', '2'], ['retry'], ['discard'],
                  ['discard', 'x'], ['list', '--state', 'lost'], ['list', '--limit', '-1'], ['list', 'x'],
                  ['sync', 'a', 'b'], ['sync', '--timeout', '-1'], ['status', 'x'], ['pause', 'x'], ['fill'],
                  ['fill', 'a', '--draft', '--submit'], ['upload', 'x'], ['forms', 'new', 'text:A'],
                  ['forms', 'new', '--title', 'T'], ['server', 'add', server.url, '--reach', 'moon'],
                  ['list', '--colour'], ['doctor', 'x'], ['retry', '--all', '3'], ['drafts', 'discard']):
        ctl(*words, code=2)
    ctl('fly', code=2)
    says(ctl.err, '“fly”', 'fieldpostctl --help')
    assert ctl.err.count('\n') == 1 and 'perhaps' not in ctl.err, ctl.err
    ctl('lsit', code=2)
    says(ctl.err, '“lsit”', '“list”')
    ctl('forms', 'ad', code=2)
    says(ctl.err, '“forms add”', 'fieldpostctl forms --help')
    ctl('list', '--state', 'lost', code=2)
    says(ctl.err, 'lost', 'pending', 'discarded')


def test_help_is_no_error(ctl, server):
    help = ctl('--help')
    says(help, 'Usage: fieldpostctl COMMAND', 'COMMAND --help', 'Exit status', 'FIELDPOST_DATA', 'FIELDPOST_SECRETS')
    columns = {line.index(text) for line in help.split('\n') for text in (
        'Queue an HTTP request', 'List the outbox', 'Try again now', 'Check that everything') if text in line}
    assert len(columns) == 1, help
    says(ctl('forms', '--help'), 'forms new')
    says(ctl('add', '--help'), 'fieldpostctl add', '--data-file')
    says(ctl('--version'), 'fieldpostctl ')


def test_events_go_together(ctl, server):
    ctl('event', 'clicks', '1', code=1)
    ctl('tag', 'set', 'clicks', code=2)
    ctl('tag', 'set', 'clicks', '--url', 'gopher://x', code=2)
    ctl('tag', 'set', 'data-sync', '--url', server.url + '/e', code=2)
    ctl('tag', 'set', 'clicks', '--kind', 'other', '--url', server.url + '/e', code=2)
    ctl('tag', 'set', 'clicks', '--kind', 'batch', '--url', server.url + '/e', '-H', 'X-App: field')
    for bad in ('', '{', '1 2', '// no JSON', "{'a': 1}", '01', '"\x01"'):
        ctl('event', 'clicks', bad, code=2)
    big = '12345678901234567890.10'
    for event in ('{"n": 1}', big, '"ü"'):
        tag = ctl.json('event', 'clicks', event)
    assert (tag['tag'], tag['events']) == ('clicks', 3), tag
    tag, = ctl.json('tag', 'list')
    assert (tag['tag'], tag['kind'], tag['events']) == ('clicks', 'batch', 3), tag
    ctl('tag', 'remove', 'clicks', code=1)
    before = len(server.got)
    agent = subprocess.Popen([AGENT, '--no-tray'], env=ctl.env)
    try:
        end = time.monotonic() + 30
        while ctl.json('tag', 'list')[0]['events'] and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        agent.terminate()
        agent.wait()
    (method, path, headers, body), = server.got[before:]
    assert (method, path, headers['X-App']) == ('POST', '/e', 'field') and 'Idempotency-Key' in headers, headers
    assert body.decode() == '{"events":[{"n": 1},%s,"ü"]}' % big, body
    ctl('tag', 'remove', 'clicks')
    assert ctl.json('tag', 'list') == []


def test_events_go_without_an_agent(ctl, server):
    ctl('tag', 'set', 'clicks', '--kind', 'batch', '--url', server.url + '/e')
    for words in (['sync'], ['sync', '--wait'], ['sync', '--wait', 'clicks']):
        before = len(server.got)
        ctl('event', 'clicks', '1')
        ctl('event', 'clicks', '2')
        says(ctl(*words), '1 sent')
        (method, path, headers, body), = server.got[before:]
        assert body.decode() == '{"events":[1,2]}', body
    says(ctl('sync', 'clicks'), 'Nothing with the tag')


def test_events_survive_kills(ctl, server):
    ctl('tag', 'set', 'clicks', '--kind', 'batch', '--url', server.url + '/e')
    before, n = len(server.got), 0
    for round in range(12):
        agent = subprocess.Popen([AGENT, '--no-tray'], env=ctl.env)
        for _ in range(4):
            ctl('event', 'clicks', str(n))
            n += 1
        time.sleep(0.01 * (round % 5))
        agent.kill()
        agent.wait()
    agent = subprocess.Popen([AGENT, '--no-tray'], env=ctl.env)
    end = time.monotonic() + 60
    while ctl.json('tag', 'list')[0]['events'] and time.monotonic() < end:
        time.sleep(0.05)
    agent.terminate()
    agent.wait()
    bodies = {}
    for method, path, headers, body in server.got[before:]:
        assert bodies.setdefault(headers['Idempotency-Key'], body) == body
    arrived = sorted(e for body in bodies.values() for e in json.loads(body)['events'])
    assert arrived == list(range(n)), arrived


def test_registrations(ctl, server):
    ctl('sync', 'register')
    ctl('sync', 'register', 'backup', '--bus-name', 'org.example.Backup')
    ctl('sync', 'register', 'backup')
    rows = ctl.json('tag', 'list')
    assert [(r['tag'], r['state'], r['bus_name']) for r in rows] == [
        ('backup', 'pending', None), ('data-sync', 'pending', None)], rows
    ctl('sync', 'register', 'x', '--bus-name', 'no name', code=2)
    ctl('sync', 'register', 'a', 'b', code=2)
    ctl('sync', 'unregister', 'nothing', code=1)
    ctl('sync', 'unregister', 'backup')
    ctl('sync', 'unregister')
    assert ctl.json('tag', 'list') == []


def test_periodic_jobs(ctl, server):
    ctl.env['XDG_CONFIG_HOME'] = os.path.join(ctl.folder, 'config')
    entry = os.path.join(ctl.folder, 'config', 'autostart', 'io.github.fieldpost.Fieldpost.Agent.desktop')
    says(ctl('periodic', 'list'), 'not asked')
    ctl('periodic', 'register', 'news', '--interval', '60', code=2)
    ctl('periodic', 'register', 'news', code=2)
    ctl('periodic', 'register', 'daily-sync')
    assert os.path.exists(entry)
    ctl('periodic', 'run', 'daily-sync')
    ctl('periodic', 'run', 'check-updates')
    clean_up, job = ctl.json('periodic', 'list')
    assert clean_up['name'] == 'clean-up' and clean_up['permission'] == 'granted' and clean_up['last_run'], clean_up
    ctl('periodic', 'unregister', 'clean-up', code=2)
    says(ctl.err, 'needs no registration')
    assert job['name'] == 'daily-sync' and job['permission'] == 'granted' and job['last_run'], job
    ctl('periodic', 'run', 'nothing', code=1)
    ctl('periodic', 'unregister', 'daily-sync')
    assert not os.path.exists(entry)
    ctl('periodic', 'unregister', 'daily-sync', code=1)
    with open(entry, 'w') as f:
        f.write('[Desktop Entry]\nType=Application\nHidden=true\n')
    run = subprocess.run([CTL, 'periodic', 'register', 'daily-sync'], env=ctl.env, capture_output=True, text=True)
    assert run.returncode == 1, run
    says(ctl('periodic', 'list'), 'denied', 'daily-sync')


def test_cleanup_and_settings(ctl, server):
    ctl('add', server.url + '/x')
    for words in (['cleanup', '--dry-run'], ['cleanup']):
        assert ctl.json(*words) == {'sent': 0, 'discarded': 0, 'drafts': 0, 'files': 0, 'marked': 0}
    assert len(ctl.json('list')) == 1
    names = {s['name'] for s in ctl.json('settings', 'list')}
    assert {'metered', 'metered-limit', 'retention-days', 'diagnostics', 'preferences-url', 'periodic'} <= names, names
    ctl('settings', 'set', 'retention-days', '14')
    assert ctl('settings', 'get', 'retention-days') == '14\n'
    ctl('settings', 'reset', 'retention-days')
    assert ctl.json('settings', 'get', 'retention-days')['value'] == 7
    ctl('settings', 'set', 'retention-days', 'many', code=2)
    ctl('settings', 'set', 'nothing', '1', code=1)
    ctl('settings', 'get', 'nothing', code=1)


def test_add_and_list(ctl, server):
    first = ctl.json('add', '--tag', 'mine', '--meta', 'a=b', server.url + '/hook')
    assert ITEM_KEYS <= set(first) and first['state'] == 'pending' and first['meta'] == {'a': 'b'}
    body = ctl.path('b.json', '{"x": 1}')
    ctl('add', '-X', 'PUT', '-H', 'X-A: b', '--data-file', body, server.url + '/file')
    ctl('add', '--json', '{"y": 2}', server.url + '/json')
    ctl('add', '--form', 'k=v', '--file', 'photo=' + body, server.url + '/multi')
    ctl('upload', body, server.url + '/up', '--field', 'image', '--form', 'k=v')
    items = ctl.json('list')
    assert [i['id'] for i in items] == [5, 4, 3, 2, 1]
    for item in items:
        assert ITEM_KEYS <= set(item), item
    assert [i['method'] for i in items] == ['POST', 'POST', 'POST', 'PUT', 'GET']
    assert [i['id'] for i in ctl.json('list', '--tag', 'mine')] == [1]
    assert ctl.json('list', '--state', 'failed') == []
    assert len(ctl.json('list', '--limit', '2')) == 2
    says(ctl('list'), 'pending', 'b.json', '0 tries')
    says(ctl('show', '2'), 'header', 'X-A: b')
    says(ctl('show', '1'), 'GET', 'metadata', 'a: b')

    says(ctl('sync', '--wait'), '5 sent')
    assert [g[:2] for g in sorted(server.got, key=lambda g: g[1])] == [
        ('PUT', '/file'), ('GET', '/hook'), ('POST', '/json'), ('POST', '/multi'), ('POST', '/up')]
    for command, path, headers, content in server.got:
        assert headers.get('Idempotency-Key'), path
        if path == '/file':
            assert content == b'{"x": 1}' and headers['X-A'] == 'b'
        if path in ('/multi', '/up'):
            says(content.decode(), 'name="k"', 'filename="b.json"', '{"x": 1}')
    shown = ctl.json('show', '3')
    assert shown['state'] == 'sent' and shown['receipt']['status'] == 201 and shown['parts'][0]['size'] == 8
    assert ctl.json('list') == [] and len(ctl.json('list', '--state', 'all')) == 5
    says(ctl('show', '3'), 'sent', '201')


def test_urlencoded_form(ctl, server):
    fields = [('name', 'Zoë & Ann'), ('sum', '1+1=2 %'), ('empty', ''), ('name', 'twice')]
    words = [w for name, value in fields for w in ('--data-urlencode', '%s=%s' % (name, value))]
    ctl('add', *words, server.url + '/form')
    says(ctl('sync', '--wait'), '1 sent')
    (command, path, headers, content), = server.got
    assert command == 'POST' and headers['Content-Type'] == 'application/x-www-form-urlencoded'
    assert urllib.parse.parse_qsl(content.decode('ascii'), keep_blank_values=True, strict_parsing=True) == fields


def test_bad_requests_change_nothing(ctl, server):
    for words, name in ((['gopher://x'], 'web address'), (['--json', '{', server.url], '--json'),
                        (['-H', 'nonsense', server.url], '--header'), (['--reach', 'moon', server.url], 'moon'),
                        (['--json', '1', '--data-file', 'x', server.url], '--data-file'),
                        (['--json', '1', '--data-urlencode', 'a=b', server.url], '--data-urlencode'),
                        (['--data-urlencode', 'nothing', server.url], '--data-urlencode'),
                        (['-H', 'Host: x', server.url], 'Host')):
        ctl('add', *words, code=2)
        says(ctl.err, name)
    ctl('add', '--data-file', '/nonexistent/x', server.url, code=1)
    says(ctl.err, '/nonexistent/x')
    ctl('upload', '/nonexistent/y', server.url, code=1)
    says(ctl.err, '/nonexistent/y')
    assert ctl.json('list', '--state', 'all') == []


def test_secrets_are_not_in_the_store_nor_printed(ctl, server):
    ctl('add', '-H', 'Authorization: Bearer s3cr3t-token', server.url + '/hook')
    out = ctl('show', '1', '--json') + ctl('show', '1') + ctl('list', '--json')
    assert 's3cr3t' not in out and '{secret}' in out
    for name in os.listdir(ctl.env['FIELDPOST_DATA']):
        path = os.path.join(ctl.env['FIELDPOST_DATA'], name)
        if os.path.isfile(path) and name != 'secrets.json':
            with open(path, 'rb') as f:
                assert b's3cr3t' not in f.read(), name
    ctl('sync', '--wait')
    assert server.got[0][2]['Authorization'] == 'Bearer s3cr3t-token'


def test_refusals_name_the_item(ctl, server):
    ctl('add', server.url + '/a')
    ctl('show', '7', code=1)
    says(ctl.err, 'item 7')
    says(ctl('discard', '1'), 'Discarded 1 item.')
    ctl('discard', '1', code=1)
    says(ctl.err, 'item 1', 'discarded')
    ctl('retry', '1', code=1)
    says(ctl('undo', '1'), 'Restored 1 item.')
    ctl('undo', '1', code=1)
    ctl('retry', '1', '99', code=1)
    says(ctl.err, 'item 99')
    assert ctl.json('retry', '--all') == {'items': 1}


def test_hold_and_release(ctl, server):
    for name in 'abc':
        ctl('add', server.url + '/' + name)
    says(ctl('hold', '1', '2'), '2 items are held')
    says(ctl('list', '--state', 'held'), 'Held back')
    ctl('hold', '3', '1', code=1)
    says(ctl.err, 'item 1', 'held')
    ctl('cancel', '3', code=1)
    says(ctl.err, 'item 3', 'pending')
    says(ctl('sync'), '1 sent')
    assert [entry[1] for entry in server.got] == ['/c']
    assert [i['id'] for i in ctl.json('list')] == [2, 1]
    for words in (['release'], ['release', '--all', '1'], ['release', '--all', '--reason', 'moon'],
                  ['release', '--all', '--reason', 'staging'], ['hold'], ['cancel'], ['hold', '--all']):
        ctl(*words, code=2)
    assert ctl.json('release', '--all', '--reason', 'account') == {'items': 0}
    ctl('release', '1', '--reason', 'account', code=1)
    assert ctl.json('release', '1', '--reason', 'user') == {'items': 1}
    assert ctl.json('retry', '--all') == {'items': 1}, 'what a person holds is not retried'
    assert ctl.json('release', '--all', '--reason', 'user') == {'items': 1}
    says(ctl('sync'), '2 sent')


def test_failed_items_keep_their_reason(ctl, server):
    ctl('add', '--json', '{}', server.url + '/status/422')
    ctl('add', '--json', '{}', server.url + '/ok')
    out = ctl('sync', '--wait', code=3)
    says(out, '1 sent', '1 could not be sent')
    item, = ctl.json('list')
    assert item['state'] == 'failed' and item['reason_code'] == 'item-refused' and item['attempts'] == 1
    assert item['status'] == 422 and item['reason']
    ctl('sync', code=0)
    assert ctl.json('retry', '1') == {'items': 1}
    ctl('sync', '--wait', code=3)
    assert ctl.json('show', '1')['attempts'] == 2


def test_a_terminal_sees_the_run(ctl, server):
    """The bar is drawn on a terminal only, fits its width and leaves one line."""
    import fcntl, pty, struct, termios
    for words, drawn in ((['--wait'], True), (['--wait', '--quiet'], False)):
        ctl('add', server.url + '/a')
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 30, 0, 0))
        run = subprocess.run([CTL, 'sync', *words], env=ctl.env, stdout=subprocess.PIPE, stderr=slave, text=True, timeout=60)
        os.close(slave)
        shown = b''
        try:
            while chunk := os.read(master, 4096):
                shown += chunk
        except OSError:
            pass
        os.close(master)
        says(run.stdout, '1 sent')
        shown = shown.decode()
        assert ('[' in shown and ' of 1' in shown) == drawn, shown
        if drawn:
            assert shown.endswith('\r\033[K'), repr(shown)
            assert all(len(line) < 30 for line in shown.replace('\033[K', '').split('\r')), repr(shown)
    ctl('add', server.url + '/a')
    ctl('sync', '--wait')
    assert '\r' not in ctl.err, 'no bar in a pipe'


def test_sync_of_one_tag(ctl, server):
    ctl('add', '--tag', 'a', server.url + '/a')
    says(ctl('sync', '--wait', 'b'), 'Nothing', '“b”')
    assert ctl.json('sync', '--wait', 'a')['waiting'] == 0


def test_unreachable_server_is_queued(ctl, server):
    ctl('add', 'http://127.0.0.1:1/x')
    says(ctl('status'), '1 waiting', 'fieldpostctl sync')
    out = ctl.json('sync', '--wait', '--timeout', '2', code=3)
    says(ctl.err, '1 waiting to be sent — ')
    assert out['waiting'] == 1 and out['sent'] == 0
    assert ctl.json('list')[0]['reason_code'] == 'network-connect'


def test_who_waits_reads_why_at_once(ctl, server):
    ctl('add', 'http://127.0.0.1:1/x')
    began = time.monotonic()
    run = subprocess.Popen([CTL, 'sync', '--wait', '--timeout', '4'], env=ctl.env, stderr=subprocess.PIPE,
                           stdout=subprocess.DEVNULL, text=True)
    first = run.stderr.readline()
    took = time.monotonic() - began
    rest = run.stderr.read()
    run.stderr.close()
    assert run.wait(30) == 3
    says(first, '1 waiting to be sent')
    says(first + rest, 'cannot be reached')
    assert 'not running' not in first + rest, first + rest
    assert took < 3, took
    lines = (first + rest).splitlines()
    assert all(a != b for a, b in zip(lines, lines[1:])), lines


def test_pause_and_resume(ctl, server):
    ctl('pause')
    ctl('add', server.url + '/a')
    ctl('sync', '--wait', code=3)
    status = ctl.json('status')
    assert status['state'] == 'paused' and status['paused'] and status['waiting'] == 1
    says(ctl('status'), '1 waiting to be sent', 'Work Offline')
    ctl('resume')
    ctl('sync', '--wait')
    assert ctl.json('status')['waiting'] == 0 and len(server.got) == 1


def test_forms(ctl, server):
    assert ctl.json('forms', 'list') == []
    form = ctl.json('forms', 'add', os.path.join(FORMS, 'incident-report.xml'), '--post', server.url + '/in')
    assert form['form_id'] == 'incident-report' and form['submit_url'] == server.url + '/in'
    new = ctl.json('forms', 'new', '--title', 'Short', '--post', server.url + '/short', 'text:Name!', 'integer:Age',
                   'select:Crop=Maize,Beans')
    assert {f['title'] for f in ctl.json('forms', 'list')} == {'Incident report', 'Short'}
    ctl('forms', 'new', '--title', 'T', 'colour:Paint', code=2)
    says(ctl.err, 'colour')
    ctl('forms', 'add', ctl.path('x.xml', '<html>'), code=1)
    says(ctl.err, 'x.xml')
    ctl('forms', 'add', '/nonexistent/f.xml', code=1)
    says(ctl.err, '/nonexistent/f.xml')
    ctl('forms', 'add', os.path.join(FORMS, 'incident-report.xml'), '--post', 'mailto:x', code=2)
    for address in ('htp:/foo', 'example.org/hook'):
        ctl('forms', 'new', '--title', 'T', '--post', address, 'text:A', code=2)
        says(ctl.err, '“%s”' % address)
        ctl('forms', 'add', os.path.join(FORMS, 'incident-report.xml'), '--post', address, code=2)
        says(ctl.err, '“%s”' % address)
    ctl('forms', 'remove', 'nothing', code=1)
    says(ctl.err, 'nothing')
    ctl('fill', new['form_id'], '--set', 'age=3', code=1)
    says(ctl.err, 'Name', 'kept as draft')
    says(ctl('forms', 'remove', new['form_id']), 'Removed “Short”')
    assert len(ctl.json('forms', 'list')) == 1
    ctl('fill', new['form_id'], code=1)


def test_empty_lists_say_so(ctl, server):
    for words, text in ((['list'], 'Nothing waits.'), (['list', '--tag', 'x'], 'No such items.'),
                        (['forms', 'list'], 'No forms'), (['drafts', 'list'], 'No drafts'),
                        (['server', 'list'], 'No servers')):
        assert ctl(*words) == ''
        says(ctl.err, text)
        assert ctl.json(*words) == [] and ctl.err == ''
    says(ctl('server', 'add', server.url), ': 1 form.')


def test_a_terminal_gets_headings(ctl, server):
    ctl('add', server.url)
    main, side = os.openpty()
    subprocess.run([CTL, 'list'], env=ctl.env, stdout=side, check=True, timeout=60)
    says(os.read(main, 4096).decode(), 'State', '0 tries')
    os.close(main)
    os.close(side)
    assert 'State' not in ctl('list')


def test_forms_are_shown(ctl, server):
    words = ['forms', 'new', '--title', 'Trees', 'text:Where!', 'select:Kind=Oak,Beech', 'note:Thanks']
    says(ctl(*words), 'Added “Trees” as trees', 'no address', '--post', 'fieldpostctl forms show trees')
    says(ctl('forms', 'show', 'trees'), 'no address')
    says(ctl(*words, 'date:When', '--post', server.url + '/in?token=s3cr3t'), 'Replaced “Trees”', server.url + '/in\n')
    out = ctl('forms', 'show', 'trees')
    says(out, 'Trees', server.url + '/in\n', '/data/where', 'required', 'Where', 'select', 'oak=Oak', 'date')
    assert 's3cr3t' not in out
    shown = ctl.json('forms', 'show', 'trees')
    assert shown['form_id'] == 'trees' and shown['address'] == server.url + '/in', shown
    assert [(q['type'], q['required']) for q in shown['questions']] == [
        ('text', True), ('select', False), ('note', False), ('date', False)], shown
    assert shown['questions'][1]['choices'] == [{'value': 'oak', 'label': 'Oak'}, {'value': 'beech', 'label': 'Beech'}]
    ctl('forms', 'show', 'nothing', code=1)
    ctl('server', 'add', server.url + '/project/')
    assert ctl.json('forms', 'show', 'incident-report')['address'] == server.url + '/project/inbox/incidents'
    says(ctl('forms', 'new', '--help'), 'text, integer, decimal, date, select, select-multiple, image, note')


def test_fill(ctl, server):
    ctl('forms', 'add', os.path.join(FORMS, 'incident-report.xml'), '--post', server.url + '/in')
    ctl('fill', 'incident-report', '--set', 'nothing=x', code=2)
    says(ctl.err, 'nothing')
    ctl('fill', 'incident-report', '--set', 'severity=purple', code=1)
    says(ctl.err, '/data/severity', '“purple”', 'near_miss')
    assert ctl.json('drafts', 'list') == [] and ctl.json('list') == []

    draft = ctl.json('fill', 'incident-report', '--set', 'where=Dock', '--draft')
    listed, = ctl.json('drafts', 'list')
    assert listed['uid'] == draft['draft'] and listed['form_title'] == 'Incident report'
    assert ctl.json('drafts', 'show', draft['draft'])['answers']['/data/where'] == 'Dock'
    says(ctl('drafts', 'show', draft['draft']), '/data/where=Dock')
    says(ctl('drafts', 'discard', draft['draft']), 'Discarded 1 draft.')
    assert ctl.json('drafts', 'list') == []
    ctl('drafts', 'discard', draft['draft'], code=1)
    says(ctl('drafts', 'undo', draft['draft']), 'Restored 1 draft.')
    ctl('drafts', 'show', 'nothing', code=1)

    item = ctl.json('fill', draft['draft'], *INCIDENT[2:])
    assert item['kind'] == 'submission' and item['uid'] == draft['draft'] and item['tag'] == 'form-sync'
    assert ctl.json('drafts', 'list') == []
    ctl('sync', '--wait')
    command, path, headers, body = server.got[0]
    assert path == '/in' and headers['Content-Type'] == 'application/json'
    answers = json.loads(body)
    assert answers['where'] == 'Dock' and answers['reporter']['name'] == 'Anna'
    assert answers['_id'] == item['instance_id']


def test_an_image_is_attached_and_looked_at(ctl, server):
    form = ctl.json('forms', 'new', '--title', 'Tree', '--post', server.url + '/in', 'text:Where', 'image:Photo')['form_id']
    path = '/data/photo'
    for name in ('photo', path):
        ctl('fill', form, '--set', name + '=photo.png', code=2)
        says(ctl.err, 'photo is an image: use --attach photo=FILE')
    log = ctl.path('recv.log', 'listening on nothing\n')
    ctl('fill', form, '--attach', 'photo=' + log, code=1)
    says(ctl.err, 'photo', 'image/*', log, 'text/')
    shutil.copy(log, log + '.png')
    ctl('fill', form, '--attach', 'photo=' + log + '.png', code=1)
    says(ctl.err, 'text/')
    ctl('fill', form, '--attach', 'where=' + log, code=1)
    says(ctl.err, 'takes no file')
    assert ctl.json('list') == [] and ctl.json('drafts', 'list') == []
    photo = os.path.join(ctl.folder, 'camera')
    with open(photo, 'wb') as f:
        f.write(PNG)
    ctl('fill', form, '--attach', 'photo=' + photo)
    ctl('sync', '--wait')
    assert b'image/png' in server.got[0][3] and PNG in server.got[0][3]


def test_relative_address_is_of_the_forms_server(ctl, server):
    ctl('forms', 'add', os.path.join(FORMS, 'incident-report.xml'))
    ctl('fill', 'incident-report', *INCIDENT, code=1)
    says(ctl.err, 'address')
    ctl('forms', 'remove', 'incident-report')
    ctl('server', 'add', server.url + '/project/')
    item = ctl.json('fill', 'incident-report', *INCIDENT)
    assert item['url'] == server.url + '/project/inbox/incidents', item


def test_servers(ctl, server):
    added = ctl.json('server', 'add', server.url, '--reach', 'public', '--title', 'Mine')
    assert added['reach'] == 'public' and ctl.json('server', 'list')[0]['title'] == 'Mine'
    assert ctl.json('forms', 'list')[0]['server'] == added['id']
    says(ctl('forms', 'update'), '0 new')
    ctl('server', 'add', 'http://127.0.0.1:1', code=5)
    says(ctl.err, '127.0.0.1:1')
    ctl('server', 'add', 'nonsense', code=2)
    ctl('server', 'add', server.url, '--user', 'anna', code=2, input='')
    says(ctl.err, 'password')
    ctl('server', 'remove', '99', code=1)
    ctl('fill', 'incident-report', '--set', 'where=x', '--draft')
    ctl('server', 'remove', str(added['id']), code=1)
    ctl('drafts', 'discard', ctl.json('drafts', 'list')[0]['uid'])


def test_doctor(ctl, server):
    run = subprocess.run([CTL, 'doctor', '--json'], env=ctl.env, capture_output=True, text=True)
    found = {f['check']: f for f in json.loads(run.stdout)}
    assert found['store']['level'] == 'ok' and found['bus']['level'] == 'warn', found
    assert {'space', 'sender', 'network', 'secrets'} <= set(found)
    says(found['network']['text'], 'GNetworkMonitor')
    assert 'nobody knows' not in found['network']['text'], found
    assert run.returncode in (0, 5)
    with open(os.path.join(ctl.env['FIELDPOST_DATA'], 'fieldpost.db'), 'r+b') as f:
        f.write(b'this is no database any more')
    run = subprocess.run([CTL, 'doctor'], env=ctl.env, capture_output=True, text=True)
    says(run.stdout, 'warn repair', 'was damaged and was repaired', 'is whole')


def test_store_trouble_is_4(ctl, server):
    blocked = ctl.path('blocked', 'a file where the folder should be')
    ctl.env['FIELDPOST_DATA'] = blocked
    ctl('list', code=4)
    says(ctl.err, blocked)
    ctl('add', server.url, code=4)


def test_watch_prints_changes(ctl, server):
    watch = subprocess.Popen([CTL, 'status', '--watch', '--json'], env=ctl.env, stdout=subprocess.PIPE, text=True)
    try:
        assert json.loads(watch.stdout.readline())['waiting'] == 0
    finally:
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(10) == 0


def test_agent_options(ctl, server):
    run = subprocess.run([AGENT, '--nonsense'], env=ctl.env, capture_output=True, text=True)
    assert run.returncode == 2 and '--nonsense' in run.stderr
    run = subprocess.run([AGENT, '--version'], env=ctl.env, capture_output=True, text=True)
    assert run.returncode == 0
    ctl.env['FIELDPOST_DATA'] = ctl.path('blocked', '')
    run = subprocess.run([AGENT, '--no-tray'], env=ctl.env, capture_output=True, text=True, timeout=20)
    assert run.returncode == 4 and 'blocked' in run.stderr, run


def test_sync_beside_an_agent(ctl, server):
    """No bus, but the sender lock is held: the command does not send by itself."""
    ctl('add', server.url + '/first')
    agent = subprocess.Popen([AGENT, '--verbose', '--no-tray'], env=ctl.env, stdout=subprocess.PIPE, text=True)
    try:
        while not agent.stdout.readline().startswith('sent 1'):
            pass
        says(ctl('sync'), 'The agent sends')
        run = json.loads(ctl('doctor', '--json'))
        says(next(f['text'] for f in run if f['check'] == 'sender'), 'fieldpost-agent', str(agent.pid))
    finally:
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(10) == 0
        agent.stdout.close()
    assert len(server.got) == 1


def main():
    tests = [(n[5:].replace('_', '-'), f) for n, f in globals().items() if n.startswith('test_')]
    print('1..%d' % len(tests), flush=True)
    failed = 0
    for number, (name, func) in enumerate(tests, 1):
        ctl, server = World(), Server()
        try:
            func(ctl, server)
            print('ok %d /cli/%s' % (number, name), flush=True)
        except Exception as error:
            failed += 1
            print('not ok %d /cli/%s' % (number, name), flush=True)
            for line in ('%s: %s' % (type(error).__name__, error)).split('\n'):
                print('# ' + line, flush=True)
        finally:
            server.shutdown()
            server.server_close()
            ctl.close()
    sys.exit(failed > 0)


main()
