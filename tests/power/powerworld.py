"""powerworld - runs the programs under the shim, remembers what a person was told when, and judges what a cut left.

FIELDPOST_BUILD names the build folder. The folders are in /dev/shm where there is room, so that a thousand states take
seconds.
"""
import base64, hashlib, http.server, json, os, shutil, subprocess, tempfile, threading, time
from collections import namedtuple
from powerlog import read_log

BUILD = os.environ['FIELDPOST_BUILD']
CTL = os.path.join(BUILD, 'src/cli/fieldpostctl')
AGENT = os.path.join(BUILD, 'src/agent/fieldpost-agent')
SHIM = os.path.join(BUILD, 'tests/power/fp-power.so')
STORE = 'share/fieldpost'  # below the recorded folder; neither part exists at first
PENDING, SENDING, FAILED, HELD, DISCARDED, SENT = range(1, 7)
PNG = bytes.fromhex('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478'
                    '9c6260000000000500010d0a2db40000000049454e44ae426082')


def make_folder(prefix):
    room = os.path.isdir('/dev/shm') and shutil.disk_usage('/dev/shm').free > 256 << 20
    return tempfile.mkdtemp(prefix='fieldpost-%s-' % prefix, dir='/dev/shm' if room else None)


def sha(content):
    return hashlib.sha256(content).hexdigest()


class Sink(http.server.ThreadingHTTPServer):
    """Takes everything; remembers the place in the record at which each key and each event arrived first, how often
    a key did, with which bytes, and the keys under which an event came."""
    daemon_threads = True

    def __init__(self, log):
        super().__init__(('127.0.0.1', 0), SinkHandler)
        self.log, self.arrived, self.times, self.bytes = log, {}, {}, {}
        self.events, self.keys_of_event = {}, {}
        self.url = 'http://127.0.0.1:%d' % self.server_port
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class SinkHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def do_POST(self):
        here = os.path.getsize(self.server.log)
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        key = self.headers.get('Idempotency-Key')
        self.server.arrived.setdefault(key, here)
        self.server.times[key] = self.server.times.get(key, 0) + 1
        self.server.bytes.setdefault(key, set()).add(sha(body))
        for event in json.loads(body)['events'] if self.path == '/events' else ():
            self.server.events.setdefault(event, here)
            self.server.keys_of_event.setdefault(event, set()).add(key)
        self.send_response(201)
        self.send_header('Content-Type', 'text/plain')
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'ok')


def must(condition, *what):
    if not condition:
        raise AssertionError('\n'.join(str(w) for w in what) or 'no')


def run_tests(area, tests, *given):
    """Prints TAP. A test yields what is worth telling."""
    print('1..%d' % len(tests), flush=True)
    failed = 0
    for number, test in enumerate(tests, 1):
        begun, name = time.monotonic(), '/%s/%s' % (area, test.__name__[5:].replace('_', '-'))
        try:
            for line in test(*given) or ():
                print('# ' + line, flush=True)
            print('ok %d %s' % (number, name))
        except Exception as error:
            failed += 1
            print('not ok %d %s' % (number, name))
            print('\n'.join('# ' + line for line in ('%s: %s' % (type(error).__name__, error)).split('\n')))
        print('# %.1f s' % (time.monotonic() - begun), flush=True)
    return failed > 0


class Story:
    """What is true of one item or draft: values in order, each from when it was begun and from when it was told."""

    def __init__(self):
        self.values = []  # (begun, told or None, judge)

    def allowed(self, now):
        told = [i for i, (_, told, _) in enumerate(self.values) if told is not None and told <= now]
        first = told[-1] if told else 0
        judges = [judge for begun, _, judge in self.values[first:] if begun < now]
        return judges if told else judges + [absent]

    def may_be(self, state):
        """By what was said last of it, an item in this state."""
        return self.values[-1][2](Seen(['', state], None, False, False))


# Of one uid: the item and the draft as power-check prints them, or None; whether there is a receipt, and whether it is
# in an export that is complete.
Seen = namedtuple('Seen', 'item draft receipt exported')


def absent(seen):
    return seen.item is None and seen.draft is None


def as_item(*states):
    return lambda seen: seen.draft is None and seen.item is not None and seen.item[1] in states


def as_draft(text, n_files=0):
    return lambda seen: (seen.item is None and seen.draft is not None
                         and text in base64.b64decode(seen.draft[1]).decode() and len(seen.draft[2]) == n_files)


def cleaned(seen):
    return absent(seen) and seen.receipt


def moved_away(seen):
    return absent(seen) and seen.exported


def whole_export(state, folder):
    """Uids in an export that is complete (None where there is none), and what is wrong with it. As a person would look:
    sha256sum -c."""
    text = state.get(folder + '/manifest.json')
    if text is None:
        return None, []
    sums = state.get(folder + '/SHA256SUMS') or b''
    wrong = [] if sha(sums) in text.decode() and text.endswith(b'}') else [folder + ': its manifest says otherwise']
    lines = [line.split('  ', 1) for line in sums.decode().splitlines() if '  ' in line]
    wrong += ['%s: %s is damaged' % (folder, path) for wanted, path in lines
              if sha(state.get('%s/%s' % (folder, path)) or b'') != wanted]
    folders = {os.path.dirname(path) for _, path in lines}
    return {folder[-36:] for folder in folders if len(folder) > 36}, wrong


class World:
    """One recorded folder, the sink, and the stories."""

    def __init__(self, prefix='power'):
        self.folder = make_folder(prefix)
        self.root = os.path.join(self.folder, 'root')
        self.log = os.path.join(self.folder, 'record')
        os.mkdir(self.root)
        open(self.log, 'wb').close()
        self.sink = Sink(self.log)
        self.stories, self.tokens, self.told, self.bodies = {}, {}, {}, {}
        self.events, self.exports, self.either, self.looked_at = {}, {}, [], {}
        self.strays = False  # a process was killed before it could name what it made
        self.store = os.path.join(self.root, STORE)
        self.env = dict(os.environ, FIELDPOST_DATA=self.store, FIELDPOST_SECRETS='file', FIELDPOST_LINK='monitor',
                        DBUS_SESSION_BUS_ADDRESS='disabled:', LC_ALL='C.UTF-8', LD_PRELOAD=SHIM,
                        FP_POWER_ROOT=self.root, FP_POWER_LOG=self.log)
        self.env.pop('MALLOC_CHECK_', None)

    def close(self):
        self.sink.close()
        shutil.rmtree(self.folder)

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, 'wb') as f:
            f.write(content)
        return path

    def start(self, *words, fault='', later=0, **env):
        """[later]: days that the clocks are ahead."""
        return self.start_program([CTL, *words], FP_POWER_FAIL=fault, FP_POWER_LATER=str(int(later * 86400)), **env)

    def start_program(self, words, **env):
        begun = os.path.getsize(self.log)
        child = subprocess.Popen(words, env=dict(self.env, **env), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        child.begun = begun
        return child

    def finish(self, child, code=0):
        out, err = child.communicate(timeout=60)
        child.err = err.decode()
        if code is not None and child.returncode != code:
            raise AssertionError('%s: exit %d\n%s%s' % (' '.join(child.args), child.returncode, out, child.err))
        try:
            return json.loads(out)
        except ValueError:
            return None

    def run(self, *words, **options):
        child = self.start(*words, **options)
        return child, self.finish(child)

    def tell(self, uid, child, judge):
        """From the first word that [child] printed on, [judge] is true of [uid]; it may be since it was started."""
        self.stories.setdefault(uid, Story()).values.append((child.begun, child.pid, judge))

    def may(self, uid, child, judge):
        self.stories.setdefault(uid, Story()).values.append((child.begun, None, judge))

    def event(self, number, child, told=True):
        self.events[number] = (child.begun, child.pid if told else None)

    def exported(self, folder, child):
        """From the first word of [child] on, the export is complete. [folder] is below the root."""
        self.exports[folder] = child.pid

    def one_of(self, child, *uids):
        """Since [child] was started exactly one of them goes on: as a draft, as an item that is not discarded, or is sent or moved."""
        before = next((group for _, group in self.either if group[-1] == uids[0]), None)
        if before:
            before += uids[1:]
        else:
            self.either.append((child.begun, list(uids)))

    def settle(self):
        """Reads the record: when each process first said something."""
        self.ops = list(read_log(self.log))
        for op in self.ops:
            if op.kind == 'O':
                self.told.setdefault(op.pid, op.end)
        for story in self.stories.values():
            story.values = [(begun, self.told[told] if told else None, judge) for begun, told, judge in story.values]
        self.tokens = {token: self.told[pid] for token, pid in self.tokens.items()}
        self.events = {n: (begun, self.told[told] if told else None) for n, (begun, told) in self.events.items()}
        self.exports = {folder: self.told[pid] for folder, pid in self.exports.items()}
        for key, bodies in self.sink.bytes.items():
            must(len(bodies) == 1, key, 'came with different bytes')
        for event, keys in self.sink.keys_of_event.items():
            must(len(keys) == 1, event, 'came under', *keys)

    def judge(self, state, found, now):
        """What is wrong with a store that was found after a cut at [now]."""
        return (list(found['problems']) + self.judge_stories(found, self.judge_exports(state, now), now)
                + self.judge_events(found, now) + self.judge_passwords(state, now))

    def judge_exports(self, state, now):
        """{uid: whether it is in a complete one}; texts under None."""
        seen = {None: []}
        for folder, told in self.exports.items():
            key = state.key(folder)
            if key not in self.looked_at:
                self.looked_at[key] = whole_export(state, folder)
            uids, problem = self.looked_at[key]
            seen[None] += problem
            if uids is None and told <= now:
                seen[None].append(folder + ': not complete')
            seen.update(dict.fromkeys(uids or (), True))
        return seen

    def judge_stories(self, found, exported, now):
        wrong = exported[None]
        receipts = {base64.b64decode(uid).decode() for uid in found['receipts']}
        for uid in set(found['items']) | set(found['drafts']) | set(self.stories):
            item, draft = found['items'].get(uid), found['drafts'].get(uid)
            seen, story = Seen(item, draft, uid in receipts, uid in exported), self.stories.get(uid)
            if not story:
                if not self.strays:
                    wrong.append('%s: nobody made it' % uid)
            elif not any(judge(seen) for judge in story.allowed(now)):
                wrong.append('%s: item %s, draft %s' % (uid, item, draft and draft[:1] + draft[2:]))
            if item and item[4] != self.bodies.get(uid, item[4]):
                wrong.append('%s: other bytes' % uid)
            if item and (item[1] == SENT) != bool(item[3]):
                wrong.append('%s: in state %d with %d receipts' % (uid, item[1], item[3]))
            if item and self.sink.arrived.get(uid, now) < now and item[1] != SENT and not item[2]:
                wrong.append('%s: had arrived, and the store does not know that it may have' % uid)
        for begun, uids in self.either:
            go_on = [uid for uid in uids if uid in found['drafts'] or uid in receipts or uid in exported
                     or found['items'].get(uid, (0, DISCARDED))[1] != DISCARDED]
            if begun < now and len(go_on) != 1:
                wrong.append('%d of %s go on' % (len(go_on), ' and '.join(uids)))
        return wrong

    def judge_events(self, found, now):
        """One is there once, from when it was told until the server had it."""
        waiting, wrong = [int(base64.b64decode(event)) for event in found['events']], []
        for number, (begun, told) in self.events.items():
            n = waiting.count(number)
            needed = told is not None and told <= now and self.sink.events.get(number, now) >= now
            if n > 1 or n < needed or (n and begun >= now):
                wrong.append('event %d is there %d times' % (number, n))
        return wrong

    def judge_passwords(self, state, now):
        passwords = (state.get(STORE + '/secrets.json') or b'').decode()
        return ['%s: forgotten' % token for token, told in self.tokens.items() if told <= now and token not in passwords]
