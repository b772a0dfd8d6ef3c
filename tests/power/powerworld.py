"""powerworld - runs the programs under the shim, remembers what a person was told when, and judges what a cut left.

FIELDPOST_BUILD names the build folder. The folders are in /dev/shm where there is room, so that a thousand states take
seconds.
"""
import base64, http.server, json, os, random, shutil, subprocess, tempfile, threading, time
from powerlog import BALLAST, Disk, build, read_log

BUILD = os.environ['FIELDPOST_BUILD']
CTL = os.path.join(BUILD, 'src/cli/fieldpostctl')
AGENT = os.path.join(BUILD, 'src/agent/fieldpost-agent')
SHIM = os.path.join(BUILD, 'tests/power/fp-power.so')
CHECK = os.path.join(BUILD, 'tests/power/power-check')
STORE = 'share/fieldpost'  # below the recorded folder; neither part exists at first
PENDING, SENDING, FAILED, HELD, DISCARDED, SENT = range(1, 7)
PNG = bytes.fromhex('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478'
                    '9c6260000000000500010d0a2db40000000049454e44ae426082')


def make_folder(prefix):
    room = os.path.isdir('/dev/shm') and shutil.disk_usage('/dev/shm').free > 256 << 20
    return tempfile.mkdtemp(prefix='fieldpost-%s-' % prefix, dir='/dev/shm' if room else None)


class Sink(http.server.ThreadingHTTPServer):
    """Takes everything; remembers the place in the record at which each key arrived first, and how often it did."""
    daemon_threads = True

    def __init__(self, log):
        super().__init__(('127.0.0.1', 0), SinkHandler)
        self.log, self.arrived, self.times = log, {}, {}
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
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        key = self.headers.get('Idempotency-Key')
        self.server.arrived.setdefault(key, here)
        self.server.times[key] = self.server.times.get(key, 0) + 1
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


def absent(item, draft):
    return item is None and draft is None


def as_item(*states):
    return lambda item, draft: draft is None and item is not None and item[1] in states


def as_draft(text, n_files=0):
    return lambda item, draft: (item is None and draft is not None and text in base64.b64decode(draft[1]).decode()
                                and len(draft[2]) == n_files)


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

    def start(self, *words, fault=''):
        begun = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        child = subprocess.Popen([CTL, *words], env=dict(self.env, FP_POWER_FAIL=fault), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
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

    def run(self, *words, fault=''):
        child = self.start(*words, fault=fault)
        return child, self.finish(child)

    def tell(self, uid, child, judge):
        """From the first word that [child] printed on, [judge] is true of [uid]; it may be since it was started."""
        self.stories.setdefault(uid, Story()).values.append((child.begun, child.pid, judge))

    def may(self, uid, child, judge):
        self.stories.setdefault(uid, Story()).values.append((child.begun, None, judge))

    def settle(self):
        """Reads the record: when each process first said something."""
        self.ops = list(read_log(self.log))
        for op in self.ops:
            if op.kind == 'O':
                self.told.setdefault(op.pid, op.end)
        for story in self.stories.values():
            story.values = [(begun, self.told[told] if told else None, judge) for begun, told, judge in story.values]
        self.tokens = {token: self.told[pid] for token, pid in self.tokens.items()}

    def judge(self, state, found, now):
        """What is wrong with a store that was found after a cut at [now]."""
        wrong = list(found['problems'])
        for uid in set(found['items']) | set(found['drafts']) | set(self.stories):
            item, draft = found['items'].get(uid), found['drafts'].get(uid)
            story = self.stories.get(uid)
            if not story:
                if not self.strays:
                    wrong.append('%s: nobody made it' % uid)
            elif not any(judge(item, draft) for judge in story.allowed(now)):
                wrong.append('%s: item %s, draft %s' % (uid, item, draft and draft[:1] + draft[2:]))
            if item and item[4] != self.bodies.get(uid, item[4]):
                wrong.append('%s: other bytes' % uid)
            if item and (item[1] == SENT) != bool(item[3]):
                wrong.append('%s: in state %d with %d receipts' % (uid, item[1], item[3]))
            if item and self.sink.arrived.get(uid, now) < now and item[1] != SENT and not item[2]:
                wrong.append('%s: had arrived, and the store does not know that it may have' % uid)
        passwords = (state.get(STORE + '/secrets.json') or b'').decode()
        wrong += ['%s: forgotten' % token for token, told in self.tokens.items() if told <= now and token not in passwords]
        return wrong


class Checker:
    """A process that opens states; it works while the next ones are made."""

    def __init__(self, world):
        self.world = world
        self.folder = os.path.join(world.folder, 'states')
        shutil.rmtree(self.folder, ignore_errors=True)
        os.mkdir(self.folder)
        self.ballast = os.path.join(self.folder, BALLAST)
        with open(self.ballast, 'wb') as f:
            os.posix_fallocate(f.fileno(), 0, 8 << 20)
        env = {k: v for k, v in os.environ.items() if k != 'LD_PRELOAD'}
        self.child = subprocess.Popen([CHECK], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.number, self.waiting, self.known = 0, [], {}

    def close(self):
        self.child.stdin.close()
        self.child.wait(60)
        self.child.stdout.close()

    def ask(self, state, then):
        """Calls [then](found) some time later; a state that was seen before is not opened again."""
        key = tuple((path, content and hash(content)) for path, content in sorted(state.items()))
        if key in self.known:
            self.waiting.append((None, key, then))
        else:
            self.known[key] = None
            folder = os.path.join(self.folder, str(self.number))
            self.number += 1
            build(state, folder)
            if STORE in state:
                os.link(self.ballast, os.path.join(folder, STORE, BALLAST))
            self.child.stdin.write(os.path.join(folder, STORE) + '\n')
            self.child.stdin.flush()
            self.waiting.append((folder, key, then))
        if len(self.waiting) > 8:
            self.take()

    def take(self):
        folder, key, then = self.waiting.pop(0)
        if folder:
            line = self.child.stdout.readline()
            assert line, 'power-check died on ' + folder
            self.known[key] = json.loads(line)
            shutil.rmtree(folder)
        then(self.known[key])

    def drain(self):
        while self.waiting:
            self.take()


class Survey:
    """Cuts the power at many moments of a record and looks at what is left."""

    def __init__(self, world, checker, seed, forget=None):
        self.world, self.checker, self.forget = world, checker, forget
        self.random = random.Random(seed)
        self.cuts = self.states = 0
        self.wrong = []

    def look(self, disk, how, now, with_garbage=False):
        state = disk.after_cut(how, self.random)
        if with_garbage and STORE + '/fieldpost.db' in state:
            # What the shared memory file holds after a cut is anybody's guess.
            state[STORE + '/fieldpost.db-shm'] = self.random.randbytes(32768)
        self.states += 1

        def judge(found):
            for text in self.world.judge(state, found, now):
                self.wrong.append('cut at byte %d of the record (%s): %s' % (now, how, text))
        self.checker.ask(state, judge)

    def run(self, n_chance=0, per_sync=0, stop_early=False, points=None):
        """At each sync point and each word told (or at [points]): the least and the most that may be left, and
        [per_sync] by chance; and [n_chance] by chance over the whole record."""
        ops = self.world.ops
        marked = [i for i, op in enumerate(ops) if op.kind in 'SO']
        points = marked if points is None else points
        by_chance = {}
        for _ in range(n_chance):
            i = self.random.choice(marked) if self.random.random() < 0.5 else self.random.randrange(1, len(ops))
            by_chance[i] = by_chance.get(i, 0) + 1
        points = set(points)
        disk = Disk(self.world.root, self.forget)
        now = 0
        for i, op in enumerate(ops):
            if i in points or i in by_chance:
                self.cuts += 1
                # Before the sync; after the word.
                if op.kind == 'O':
                    now = op.end
                for how in ('least', 'most') if i in points else ():
                    self.look(disk, how, now)
                for n in range(by_chance.get(i, 0) + (per_sync if i in points else 0)):
                    self.look(disk, 'chance', now, n % 4 == 0)
                if stop_early and self.wrong:
                    break
            disk.feed(op)
            now = op.end
        self.checker.drain()
        return disk
