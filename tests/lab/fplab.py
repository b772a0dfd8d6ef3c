"""fplab - what tests and the demo's story use inside a lab: the world, the programs, and what they did.

Everything waits for an event with a deadline; nothing sleeps for luck. Programs come from $FIELDPOST_BUILD.
"""
import atexit, ctypes, json, os, re, shutil, signal, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get('FIELDPOST_BUILD', os.path.join(SOURCE, 'build'))
LAB = os.path.join(HERE, 'lab')
FORMS = os.path.join(SOURCE, 'data', 'forms')
PROGRAMS = {'fieldpost': 'app', 'fieldpost-agent': 'agent', 'fieldpostctl': 'cli', 'fieldpost-receiver': 'receiver'}
_libc = ctypes.CDLL(None)


class Failed(Exception):
    """something that must happen did not"""


def needs(*programs):
    """Skips the whole test, as TAP, where one of these is missing."""
    path = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
    missing = [p for p in programs if not shutil.which(p, path=path)]
    if missing:
        print(f'1..0 # SKIP missing {" ".join(missing)}')
        sys.exit(0)


def in_lab(*options):
    """Runs this script again inside a lab unless it is in one."""
    if os.environ.get('FP_LAB'):
        return
    needs('dbus-daemon', *(['Xvfb', 'xprop', 'xdotool'] if '--display' in options else []))
    os.execv(sys.executable, [sys.executable, LAB, *options, '--', sys.executable, *sys.argv])


def program(name):
    return os.path.join(BUILD, 'src', PROGRAMS[name], name)


def until(condition, what, seconds=60, pause=0.01):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f'{what}: not within {seconds} s')
        time.sleep(pause)


def world(*words):
    """full, portal, limited, offline; metered yes|no; nm stop|kill|start. Returns when NetworkManager says so."""
    done = subprocess.run([sys.executable, LAB, 'ctl', *words], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise Failed(f'{" ".join(words)}: {done.stdout.strip()}')
    return float(done.stdout.split()[1])


class Process:
    """A program whose output is read line by line; killed, with nothing left behind, when this script ends."""

    def __init__(self, argv, env=None):
        self.argv, self.lines = argv, []
        # A file, not a pipe: nothing blocks when nobody reads, and what was said before a kill is there.
        self.log = tempfile.TemporaryFile('w+b')
        self.errors = tempfile.TemporaryFile('w+b')
        self.child = subprocess.Popen(argv, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                      stdout=self.log, stderr=self.errors, preexec_fn=lambda: _libc.prctl(1, 9))
        self.started = time.time()
        atexit.register(self.kill)

    @property
    def pid(self):
        return self.child.pid

    def read(self):
        """Complete lines so far."""
        text = os.pread(self.log.fileno(), 1 << 26, 0).decode('utf-8', 'replace')
        return text.split('\n')[:-1]

    def read_errors(self):
        return os.pread(self.errors.fileno(), 1 << 26, 0).decode('utf-8', 'replace').splitlines()

    def wait_line(self, pattern, seconds=60, after=0):
        """The first line from index AFTER on that matches; returns (match, index of the next line)."""
        def look():
            for i, line in enumerate(self.read()[after:], after):
                m = re.search(pattern, line)
                if m:
                    return m, i + 1
            if self.child.poll() is not None:
                raise Failed(f'{os.path.basename(self.argv[0])} ended with {self.child.returncode} before '
                             f'"{pattern}": {self.read_errors()[-3:]}')
            return None
        return until(look, f'"{pattern}" from {os.path.basename(self.argv[0])}', seconds)

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()

    def stop(self, seconds=60):
        self.child.terminate()
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f'{os.path.basename(self.argv[0])} did not end on SIGTERM') from None

    def complaints(self):
        """Lines on stderr that speak of a bug: GLib's warnings and criticals."""
        return [l for l in self.read_errors() if re.search(r'-(WARNING|CRITICAL|ERROR) \*\*|runtime error|Sanitizer', l)]


class Receiver(Process):
    def __init__(self, folder, *options, forms=FORMS):
        self.folder = folder
        ports = os.path.join(folder + '.port')
        if os.path.exists(ports):
            os.unlink(ports)
        super().__init__([program('fieldpost-receiver'), '--port', '0', '--port-file', ports, '--dir', folder,
                          '--forms', forms, '--json', *options])
        self.port = int(until(lambda: self.port_in(ports), 'the receiver\'s port'))
        self.url = f'http://127.0.0.1:{self.port}'

    def port_in(self, path):
        if self.child.poll() is not None:
            raise Failed(f'the receiver ended: {self.read_errors()[-3:]}')
        try:
            with open(path) as f:
                return f.read().strip()
        except OSError:
            return ''

    def events(self, *kinds):
        """What came, in order: objects with event ("stored", "duplicate", …), form, instance_id, key, folder."""
        found = []
        for line in self.read():
            event = json.loads(line) if line.startswith('{') else {}
            if event.get('event') in (kinds or ('stored', 'added', 'duplicate', 'refused')):
                found.append(event)
        return found

    def close(self):
        self.child.send_signal(signal.SIGUSR1)

    def open(self):
        self.child.send_signal(signal.SIGUSR2)


class Agent(Process):
    def __init__(self, store, *options):
        super().__init__([program('fieldpost-agent'), '--verbose', *options],
                         {'FIELDPOST_DATA': store, 'FIELDPOST_LINK': 'nm'})


class Store:
    """fieldpostctl on one data folder."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *words, status=0):
        done = subprocess.run([program('fieldpostctl'), *words], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, 'FIELDPOST_DATA': self.folder})
        if status is not None and done.returncode != status:
            raise Failed(f'fieldpostctl {" ".join(words)}: status {done.returncode}, not {status}: '
                         f'{done.stderr.strip() or done.stdout.strip()}')
        return done.stdout

    def json(self, *words, status=0):
        return json.loads(self.run(*words, '--json', status=status))

    def items(self, *words):
        return self.json('list', *words)

    def sent(self):
        return self.items('--state', 'sent')

    def status(self):
        answer = self.json('status')
        return answer[0] if isinstance(answer, list) else answer


class Tap:
    """Subtests as functions; each prints ok or not ok with what went wrong."""

    def __init__(self, *tests):
        print(f'1..{len(tests)}', flush=True)
        self.failed = 0
        for number, (path, test) in enumerate(tests, 1):
            start = time.monotonic()
            try:
                reason = test()
                skip = f' # SKIP {reason}' if reason else ''
                print(f'ok {number} {path}{skip}')
            except (Failed, AssertionError, OSError, ValueError, KeyError, IndexError) as e:
                self.failed += 1
                print(f'not ok {number} {path}')
                for line in f'{type(e).__name__}: {e}'.splitlines():
                    print('# ' + line)
            print(f'# {time.monotonic() - start:.1f} s', flush=True)
        sys.exit(1 if self.failed else 0)
