"""diskplace - the real programs on a small disk of their own, and a receiver that is elsewhere and remembers all.

The script that uses this runs in a lab (in_lab). Where nothing may be mounted small_disks() says so.
"""
import ctypes, os, shutil, signal, subprocess, sys, tempfile
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
import fplab
from fplab import Failed, until

MIB = 1 << 20
PNG = bytes.fromhex('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6260000000'
                    '000500010d0a2db40000000049454e44ae426082')
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18
_libc = ctypes.CDLL(None, use_errno=True)


def check(condition, *what):
    if not condition:
        raise Failed(' '.join(str(w) for w in what))


def says(text, *words):
    for word in words:
        check(word in text, f'no “{word}” in: {text.strip()}')


def small_disks():
    """From now on this process mounts where nobody sees it. FALSE where the system does not let it."""
    return (_libc.unshare(CLONE_NEWNS) == 0 and _libc.mount(None, b'/', None, MS_REC | MS_PRIVATE, None) == 0
            and _libc.mount(b'tmpfs', tempfile.mkdtemp(dir=os.environ['FP_LAB']).encode(), b'tmpfs', 0, None) == 0)


def mount(*words):
    done = subprocess.run(['mount', *words], text=True, stderr=subprocess.PIPE)
    check(done.returncode == 0, 'mount', *words, done.stderr)


class NoDisk(Exception):
    """this system does not make disks of files"""


class Place:
    """@disk: the options of the tmpfs that holds the store, or "ext4"; None for an ordinary folder."""

    def __init__(self, disk=None):
        self.folder = tempfile.mkdtemp(dir=os.environ['FP_LAB'])
        os.chmod(self.folder, 0o755)
        self.disk = os.path.join(self.folder, 'disk')
        os.mkdir(self.disk)
        self.is_mounted = disk is not None
        if disk == 'ext4':
            self.make_ext4()
        elif disk:
            mount('-t', 'tmpfs', '-o', disk, 'tmpfs', self.disk)
        self.store = fplab.Store(os.path.join(self.disk, 'store'))
        self.receiver = fplab.Receiver(os.path.join(self.folder, 'received'), '--address', '0.0.0.0')
        self.before, self.after, self.env = [], [], {}
        self.agent = None

    def make_ext4(self):
        image = os.path.join(self.folder, 'image')
        with open(image, 'wb') as f:
            f.truncate(64 * MIB)
        try:
            subprocess.run(['mkfs.ext4', '-q', image], check=True, stderr=subprocess.DEVNULL)
            mount('-o', 'loop', image, self.disk)
        except (OSError, subprocess.CalledProcessError, Failed):
            shutil.rmtree(self.folder)
            raise NoDisk from None

    # ---- programs, with what is put before them (setpriv, prlimit)

    def ctl(self, *words, code=0):
        """Standard output and error of fieldpostctl."""
        return self.finish(self.begin(*words), words, code)

    def begin(self, *words):
        return subprocess.Popen([*self.before, fplab.program('fieldpostctl'), *words], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**os.environ, 'FIELDPOST_DATA': self.store.folder, **self.env})

    def finish(self, child, words=(), code=0):
        out, err = child.communicate(timeout=60)
        check(child.returncode == code, *words, f'ended with {child.returncode}, not {code}:', out, err)
        return out + err

    def start_agent(self):
        self.agent = fplab.Process([*self.before, fplab.program('fieldpost-agent'), '--verbose', '--no-tray'],
                                   {'FIELDPOST_DATA': self.store.folder, 'FIELDPOST_LINK': 'monitor', **self.env})
        self.agent.wait_line('sender lock')
        return self.agent

    def run_agent(self):
        """One that is to end by itself."""
        return subprocess.run([*self.before, fplab.program('fieldpost-agent'), '--no-tray'], text=True, timeout=20,
                              capture_output=True, env={**os.environ, 'FIELDPOST_DATA': self.store.folder})

    def file(self, name, size):
        """The path of noise that begins as a picture does."""
        path = os.path.join(self.folder, name)
        with open(path, 'wb') as f:
            f.write(PNG + os.urandom(size))
        return path

    def add(self, n=1):
        return [self.store.json('add', '--json', '{"n": %d}' % i, self.receiver.url + '/inbox/%d' % i) for i in range(n)]

    # ---- what is so

    def fill_disk(self, leave=0):
        """To the last byte, whatever the programs write meanwhile; then gives back so much."""
        path = os.path.join(self.disk, 'other')
        with open(path, 'ab', buffering=0) as f:
            try:
                while True:
                    f.write(b'x' * 4096)
            except OSError:
                pass
            check(f.tell() >= leave, 'the disk is too small for this test')
            os.ftruncate(f.fileno(), f.tell() - leave)

    def empty_disk(self):
        os.unlink(os.path.join(self.disk, 'other'))

    def stored(self):
        return sorted(e['key'] for e in self.receiver.events('stored'))

    def stored_once(self, items):
        """Each of them arrived exactly once, and nothing else did."""
        wanted = sorted(i['uid'] for i in items)
        # The receiver may answer before it tells.
        until(lambda: len(self.stored()) >= len(wanted), f'{len(wanted)} stored', 5)
        stored = self.stored()
        check(stored == wanted, f'{len(stored)} stored, wanted {len(wanted)}:', set(stored) ^ set(wanted))
        again = [e for e in self.receiver.events() if e['event'] != 'stored']
        check(not again, 'sent twice:', again)

    def wait_all_sent(self, items, seconds=60):
        uids = {i['uid'] for i in items}
        until(lambda: uids <= {i['uid'] for i in self.store.sent()}, 'all sent', seconds, 0.1)

    def waits(self):
        return self.store.status()['waiting']

    def hold_answers(self):
        """The receiver's machine takes the requests; nobody reads them."""
        self.receiver.child.send_signal(signal.SIGSTOP)

    def answer(self):
        self.receiver.child.send_signal(signal.SIGCONT)

    # ---- end

    def end(self):
        complaints = []
        for process in (self.agent, self.receiver):
            if process and process.child.poll() is None:
                process.stop()
            complaints += process.complaints() if process else []
        check(not complaints, 'on stderr:', ' | '.join(complaints))

    def kill(self):
        for process in (self.agent, self.receiver):
            if process:
                process.kill()
        if self.is_mounted:
            subprocess.run(['umount', '-l', self.disk], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)


def with_place(disk=None):
    """Gives the test a place, on a small disk if @disk names its options."""
    def decorate(test):
        def run():
            if disk and not CAN_MOUNT:
                return 'needs the right to mount'
            try:
                place = Place(disk)
            except NoDisk:
                return NoDisk.__doc__
            try:
                reason = test(place)
                place.end()
                return reason
            finally:
                place.kill()
        run.__doc__ = test.__doc__
        return run
    return decorate


fplab.in_lab('--bus')
CAN_MOUNT = small_disks()
