"""powerlog - reads the shim's record and rebuilds what a disk may hold after a power cut.

The model is POSIX taken at its word. Of a file, what was written before its last fsync or fdatasync is there; of what
was written since, any part may be, in sectors. A name (create, rename, unlink, mkdir) is there once its folder was
synced; until then it may be or not, in order of the record or in any. A failed fsync makes nothing durable, and what was
unsynced then may be lost even though a later fsync goes well.
"""
import itertools, mmap, os, random, struct
from collections import namedtuple

# Room kept back, with nothing in it: not rebuilt a thousand times.
BALLAST = 'ballast'

HEADER = struct.Struct('<IBBHHHIQQQ')
Op = namedtuple('Op', 'kind failed pid inode at count name second data end')


def read_log(path, at=0):
    """The records from the byte [at] on; each knows its end in the file, so that places in the file are times."""
    with open(path, 'rb') as f:
        size = os.fstat(f.fileno()).st_size
        data = memoryview(mmap.mmap(f.fileno(), size, prot=mmap.PROT_READ)) if size else memoryview(b'')
    while at < size:
        length, kind, failed, first, second, _, pid, inode, place, count = HEADER.unpack_from(data, at)
        start = at + HEADER.size
        names = bytes(data[start:start + first + second])
        yield Op(chr(kind), failed, pid, inode, place, count, names[:first].decode(), names[first:].decode(),
                 data[start + first + second:at + length], at + length)
        at += length


class File:
    versions = itertools.count()

    def __init__(self):
        self.durable = bytearray()
        self.pending = []  # Op
        self.version = next(self.versions)  # of what is durable and what is pending
        self.whole = None  # Content of what is durable

    def settle(self, writes):
        """[writes] are durable from now on, and nothing is pending."""
        for write in writes:
            apply(self.durable, write)
        if writes:
            self.whole = None
        self.pending = []
        self.version = next(self.versions)

    def content(self, kept):
        """What is durable and, of what is pending, [kept]: pairs of a number and its sectors."""
        if not kept:
            self.whole = self.whole or Content(bytes(self.durable))
            return self.whole
        data = bytearray(self.durable)
        for i, sectors in kept:
            apply(data, self.pending[i], sectors)
        return Content(bytes(data))


class Content:
    """Of a file."""

    def __init__(self, data):
        self.data, self.digest = data, hash(data)


def apply(content, op, sectors=None):
    """One write, truncate or allocate; of a write perhaps only the [sectors] (ranges within it)."""
    if op.kind == 'T':
        del content[op.at:]
        content.extend(bytes(op.at - len(content)))
    elif op.kind == 'A':
        content.extend(bytes(max(0, op.at + op.count - len(content))))
    else:
        for a, b in sectors if sectors is not None else [(0, len(op.data))]:
            if len(content) < op.at + b:
                content.extend(bytes(op.at + b - len(content)))
            content[op.at + a:op.at + b] = op.data[a:b]


def torn(op, random):
    """Some sectors of a write; a sector is the smallest that a disk writes as a whole."""
    size = random.choice((512, 4096))
    cuts = sorted({0, len(op.data), *range(size - op.at % size, len(op.data), size)})
    return [(a, b) for a, b in zip(cuts, cuts[1:]) if random.random() < 0.5]


class Disk:
    """Everything under [root], whose own name is durable, from the record's begin to where it was fed."""

    def __init__(self, root, forget=None):
        self.root, self.forget = root, forget or (lambda op: False)
        self.now = {root: 0}     # path -> node, as programs see it
        self.files = {}          # node -> File
        self.folders = {0: {}}   # node -> {name: node} on the disk
        self.nodes = {os.stat(root).st_ino: 0} if os.path.exists(root) else {}  # inode -> node: inodes are used again
        self.pending = []        # names that are not on the disk: [(folder, name, node or None), …]
        self.forgotten = 0

    def split(self, path):
        folder, name = os.path.split(path)
        return self.now[folder], name

    def make(self, op, table, empty):
        node = len(self.files) + len(self.folders)
        table[node] = empty
        self.nodes[op.inode] = self.now[op.name] = node
        self.pending.append([(*self.split(op.name), node)])

    def feed(self, op):
        getattr(self, 'do_' + op.kind, lambda op: None)(op)

    def do_C(self, op):
        self.make(op, self.files, File())

    def do_D(self, op):
        self.make(op, self.folders, {})

    def do_W(self, op):
        self.files[self.nodes[op.inode]].pending.append(op)

    do_T = do_A = do_W

    def do_R(self, op):
        node = self.now.pop(op.name)
        assert node in self.files, 'a folder was renamed: ' + op.name
        self.now[op.second] = node
        self.pending.append([(*self.split(op.name), None), (*self.split(op.second), node)])

    def do_L(self, op):
        self.now[op.second] = self.now[op.name]
        self.pending.append([(*self.split(op.second), self.now[op.second])])

    def do_U(self, op):
        self.pending.append([(*self.split(op.name), None)])
        del self.now[op.name]

    do_X = do_U

    def do_P(self, op):
        raise AssertionError('the record is not whole: %s: %s' % (op.name, op.second))

    def do_S(self, op):
        node = self.nodes[op.inode]
        file = self.files.get(node)
        if op.failed:
            # The kernel calls the pages clean and tells it once: no later fsync brings them to the disk. Some may have
            # come there before it met the error.
            if file:
                chance = random.Random(op.end)
                share = chance.choice((0, 0.5, 1))
                file.settle([write for write in file.pending if chance.random() < share])
            return
        if self.forget(op):
            self.forgotten += 1
            return
        if file:
            file.settle(file.pending)
            return
        later = []
        for names in self.pending:
            if any(folder == node for folder, _, _ in names):
                self.put(self.folders, names)
            else:
                later.append(names)
        self.pending = later

    def do_Y(self, op):
        """Everything. A failed one is told once and makes nothing durable."""
        if op.failed or self.forget(op):
            self.forgotten += not op.failed
            return
        for file in self.files.values():
            if file.pending:
                file.settle(file.pending)
        for names in self.pending:
            self.put(self.folders, names)
        self.pending = []

    @staticmethod
    def put(folders, names):
        for folder, name, node in names:
            if node is None:
                folders[folder].pop(name, None)
            else:
                folders[folder][name] = node

    def unsynced(self):
        return len(self.pending) + sum(len(f.pending) for f in self.files.values())

    def after_cut(self, how, random):
        """What may be there. [how]: "least", "most", or by chance."""
        keep = {'least': lambda: False, 'most': lambda: True}.get(how)
        share = random.choice((0.05, 0.5, 0.5, 0.95))
        keep = keep or (lambda: random.random() < share)
        if how == 'chance' and random.random() < 0.5:  # a file system with a journal: names come in order
            chosen = self.pending[:random.randint(0, len(self.pending))]
        else:
            chosen = [names for names in self.pending if keep()]
        # Sometimes only one file keeps what is unsynced, or only one loses it.
        odd = random.choice(list(self.files)) if how == 'chance' and self.files and random.random() < 0.3 else None

        def kept_of(node):
            for i, op in enumerate(self.files[node].pending):
                if (node == odd) == (share > 0.5) if odd is not None else keep():
                    tear = how == 'chance' and op.kind == 'W' and random.random() < 0.25
                    yield i, tuple(torn(op, random)) if tear else None
        kept = {node: tuple(kept_of(node)) for node, file in self.files.items() if file.pending}
        return State(self, chosen, kept)


class State:
    """What a cut left. It can be read until the disk goes on, and what was read remains."""

    def __init__(self, disk, chosen, kept):
        self.files, self.kept = disk.files, kept
        folders = {node: dict(names) for node, names in disk.folders.items()} if chosen else disk.folders
        for names in chosen:
            disk.put(folders, names)
        self.nodes, self.added = {}, {}  # path: node, None of a folder; path: bytes
        self.ballast = False  # whether it is there
        self.walk(folders, 0, '')
        # Equal ones are equal states of a disk at one moment.
        self.choice = (self.ballast, tuple(self.nodes.items()), tuple(kept.items()))
        self.contents = None

    def walk(self, folders, node, path):
        for name, child in sorted(folders[node].items()):
            if child in folders:
                self.nodes[path + name] = None
                self.walk(folders, child, path + name + '/')
            elif name == BALLAST:
                self.ballast = True
            else:
                self.nodes[path + name] = child

    def read(self):
        """{path: Content, None of a folder}"""
        if self.contents is None:
            self.contents = {path: None if node is None else self.files[node].content(self.kept.get(node, ()))
                             for path, node in self.nodes.items()}
            self.contents.update((path, Content(data)) for path, data in self.added.items())
        return self.contents

    def get(self, path):
        content = self.read().get(path)
        return content and content.data

    def key(self, below=''):
        """Equal for equal states, whenever they were."""
        return (self.ballast, *((path, content and content.digest) for path, content in self.read().items()
                                if path.startswith(below)))

    def items(self):
        return ((path, content and content.data) for path, content in self.read().items())


def differences(state, folder):
    """What a folder holds otherwise than [state]: by this the record is known to be whole."""
    found = {}
    for place, folders, names in os.walk(folder):
        for name in set(names) - {BALLAST}:
            path = os.path.join(place, name)
            with open(path, 'rb') as f:
                found[os.path.relpath(path, folder)] = f.read()
    wanted = {path: content for path, content in state.items() if content is not None}
    return sorted(path for path in set(found) | set(wanted)
                  if found.get(path) != wanted.get(path) and not path.endswith('-shm'))
