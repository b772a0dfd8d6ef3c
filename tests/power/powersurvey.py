"""powersurvey - cuts the power at the moments of a record, and has the programs' own code open what is left."""
import json, os, random, shutil, subprocess
from powerlog import BALLAST, Disk
from powerworld import BUILD, STORE

CHECK = os.path.join(BUILD, 'tests/power/power-check')


def write_file(path, data):
    with open(path, 'wb', buffering=0) as f:
        f.write(data)


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
        self.number, self.waiting, self.known, self.linked = 0, [], {}, {}

    def close(self):
        self.child.stdin.close()
        self.child.wait(60)
        self.child.stdout.close()

    def ask(self, state, then):
        """Calls [then](found) some time later; a state that was seen before is not opened again."""
        key = state.key(STORE)
        if key in self.known:
            self.waiting.append((None, key, then))
        else:
            self.known[key] = None
            folder = os.path.join(self.folder, str(self.number))
            self.number += 1
            self.build(state, folder)
            self.child.stdin.write(os.path.join(folder, STORE) + '\n')
            self.child.stdin.flush()
            self.waiting.append((folder, key, then))
        if len(self.waiting) > 8:
            self.take()

    def build(self, state, folder):
        """The store, and nothing else. Attached files are made once: they are never written to."""
        os.makedirs(os.path.join(folder, os.path.dirname(STORE)))
        for path, content in state.read().items():
            if not path.startswith(STORE):
                continue
            if content is None:
                os.mkdir(os.path.join(folder, path))
            elif '/blobs/' in path:
                self.link(content, os.path.join(folder, path))
            else:
                write_file(os.path.join(folder, path), content.data)
        # With a database nobody asks, and it need not be made anew each time.
        if state.ballast or state.get(STORE + '/fieldpost.db'):
            os.link(self.ballast, os.path.join(folder, STORE, BALLAST))

    def link(self, content, path):
        if content.digest not in self.linked:
            self.linked[content.digest] = os.path.join(self.folder, 'file-%d' % len(self.linked))
            write_file(self.linked[content.digest], content.data)
        os.link(self.linked[content.digest], path)

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

    def look(self, disk, how, now, seen, with_garbage=False):
        state = disk.after_cut(how, self.random)
        with_garbage = with_garbage and STORE + '/fieldpost.db' in state.nodes
        self.states += 1
        if (state.choice, with_garbage) in seen:
            return
        seen.add((state.choice, with_garbage))
        if with_garbage:
            # What the shared memory file holds after a cut is anybody's guess.
            state.added[STORE + '/fieldpost.db-shm'] = self.random.randbytes(32768)

        def judge(found):
            for text in self.world.judge(state, found, now):
                self.wrong.append('cut at byte %d of the record (%s): %s' % (now, how, text))
        self.checker.ask(state, judge)

    def run(self, n_chance=0, per_sync=0, stop_early=False, points=None):
        """At each sync point and each word told (or at [points]): the least and the most that may be left, and
        [per_sync] by chance; and [n_chance] by chance over the whole record."""
        ops = self.world.ops
        marked = [i for i, op in enumerate(ops) if op.kind in 'SYO']
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
                seen = set()
                for how in ('least', 'most') if i in points else ():
                    self.look(disk, how, now, seen)
                for n in range(by_chance.get(i, 0) + (per_sync if i in points else 0)):
                    self.look(disk, 'chance', now, seen, n % 4 == 0)
                if stop_early and self.wrong:
                    break
            disk.feed(op)
            now = op.end
        self.checker.drain()
        return disk
