"""powerday - the workload: what people and programs do to a store, from its first day on and ten days later.

Each step tells the world what it did (World.tell, may, event, exported, one_of); judged is what comes before and after.
"""
import os, random, sqlite3, subprocess, sys, time
from powerworld import *

SOME = PNG + b'a photograph of 70 KB' * 3500
STICK = 'stick'  # below the root: where exports go
DUMP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'data', 'store-schema-1.sql')


class Day:
    def __init__(self, seed):
        self.world = World()
        self.random = random.Random(seed)
        self.form, self.number = None, 0
        self.deleted = {}

    # ---- items

    def new_body(self):
        self.number += 1
        return b'{"number": %d, "text": "%s"}' % (self.number, b'x' * self.random.randrange(3000))

    def words_of_add(self, kind):
        body = self.new_body()
        url = '%s/inbox/%d' % (self.world.sink.url, self.number)
        if kind == 'inline':
            return ['add', '--json', body.decode(), url], [sha(body)]
        if kind == 'token':
            return ['add', '-H', 'Authorization: Bearer token-%d-' % self.number, '--json', '1', url], [sha(b'1')]
        photo = SOME + b'%d' % self.number
        path = self.world.file('photo-%d' % self.number, photo)
        if kind == 'blob':
            return ['add', '--data-file', path, url], [sha(photo)]
        return ['upload', path, url, '--field', 'image', '--form', 'k=v'], None

    def end_of_add(self, child, bodies):
        item = self.world.finish(child)
        self.world.tell(item['uid'], child, as_item(PENDING))
        if bodies:
            self.world.bodies[item['uid']] = bodies
        if 'Authorization' in ' '.join(child.args):
            self.world.tokens['token-%s-' % child.args[3].split('-')[1]] = child.pid
        return item

    def add(self, *kinds, **options):
        """Several at once, each by a process of its own."""
        words = [self.words_of_add(kind) for kind in kinds]
        children = [(self.world.start(*w, '--json', **options), bodies) for w, bodies in words]
        return [self.end_of_add(*child) for child in children]

    def edit(self, item):
        """Replaced in its place, under a new key."""
        body = self.new_body()
        child, new = self.world.run('edit', str(item['id']), '--json', body.decode(), '--json')
        must(new['uid'] != item['uid'], 'the same key for other bytes')
        self.world.tell(item['uid'], child, absent)
        self.world.tell(new['uid'], child, as_item(PENDING))
        self.world.bodies[new['uid']] = [sha(body)]
        self.world.one_of(child, item['uid'], new['uid'])
        return new

    def reopen(self, item, text, n_files):
        """A submission becomes a draft again."""
        child, answer = self.world.run('edit', str(item['id']), '--json')
        self.world.tell(item['uid'], child, as_item(DISCARDED))
        self.world.tell(answer['draft'], child, as_draft(text, n_files))
        self.world.one_of(child, item['uid'], answer['draft'])
        return answer['draft']

    def discard(self, *items):
        child, _ = self.world.run('discard', *[str(item['id']) for item in items])
        for item in items:
            self.world.tell(item['uid'], child, as_item(DISCARDED))

    def undo(self, item):
        child, _ = self.world.run('undo', str(item['id']))
        self.world.tell(item['uid'], child, as_item(PENDING))

    # ---- drafts

    def draft(self, uid=None, photo=None, had=0):
        self.number += 1
        text = 'remark %d.' % self.number
        words = ['fill', uid or self.form, '--set', 'name=Anna', '--set', 'note=' + text]
        if photo:
            words += ['--attach', 'photo=' + self.world.file('draft-%d.png' % self.number, photo)]
        child, answer = self.world.run(*words, '--draft', '--json')
        if photo and uid is None:
            # Attaching saves at once what there is.
            self.world.may(answer['draft'], child, as_draft('', 0))
            self.world.may(answer['draft'], child, as_draft('', 1))
        self.world.tell(answer['draft'], child, as_draft(text, had + bool(photo)))
        return answer['draft'], text

    def submit(self, uid):
        child = self.world.start('fill', uid, '--submit', '--json')
        item = self.world.finish(child)
        assert item['uid'] == uid, item
        self.world.tell(uid, child, as_item(PENDING))
        return item

    def discard_draft(self, uid):
        child, _ = self.world.run('drafts', 'discard', uid)
        self.world.tell(uid, child, absent)

    def undo_draft(self, uid, text):
        child, _ = self.world.run('drafts', 'undo', uid)
        self.world.tell(uid, child, as_draft(text))

    # ---- events

    def event(self, n=1, **options):
        for _ in range(n):
            self.number += 1
            child = self.world.start('event', 'steps', str(self.number), **options)
            self.world.event(self.number, child)
            self.world.finish(child)

    # ---- sending

    def waiting(self, state=PENDING):
        return [uid for uid, story in self.world.stories.items() if story.may_be(state)]

    def sync(self):
        child = self.world.start('sync', '--wait')
        # Those that nothing stands against go now.
        for uid in self.waiting():
            self.world.may(uid, child, as_item(PENDING, SENDING, SENT))
        self.world.finish(child)
        child, sent = self.world.run('list', '--state', 'sent', '--json')
        self.tell_sent(child, sent)

    def tell_sent(self, child, sent):
        """What a killed command queued has no story, but goes too."""
        for item in sent:
            if item['uid'] in self.world.stories:
                self.world.tell(item['uid'], child, as_item(SENT))

    def start_agent(self):
        agent = subprocess.Popen([AGENT, '--no-tray'], env=self.world.env)
        agent.begun = os.path.getsize(self.world.log)
        return agent

    def with_agent(self, do):
        """The same while an agent sends. It is killed in the middle; another goes on."""
        agent = self.start_agent()
        try:
            do()
            for uid in self.waiting():
                self.world.may(uid, agent, as_item(PENDING, SENDING, SENT))
            agent.kill()
            agent.wait()
            agent = self.start_agent()
            until = time.monotonic() + 60
            while True:
                child, sent = self.world.run('list', '--state', 'sent', '--json')
                left = set(self.waiting(SENDING)) - {item['uid'] for item in sent}
                if not left and len(self.world.sink.events) == len(self.world.events):
                    break
                must(time.monotonic() < until, 'not sent:', *left)
                time.sleep(0.2)
            self.tell_sent(child, sent)
        finally:
            agent.terminate()
            agent.wait(60)

    # ---- moving

    def export(self, name, *options):
        folder = '%s/%s' % (STICK, name)
        child, answer = self.world.run('export', '--to', os.path.join(self.world.root, folder), *options, '--json')
        self.world.exported(folder, child)
        return child, answer

    def move_and_back(self, drafts):
        """Broken off once: the same command goes on. [drafts]: {uid: judge}."""
        words = ['export', '--move', '--to', os.path.join(self.world.root, STICK, 'moved')]
        before = self.waiting()
        killed = self.killed(*words, at=3)
        must(killed.returncode < 0, 'the export ended by itself')
        for uid in before:
            self.world.may(uid, killed, as_item(PENDING, HELD))
        child, answer = self.export('moved', '--move')
        must(answer['items'] >= len(before) and answer['drafts'] == len(drafts), answer)
        for uid, judge in drafts.items():
            self.world.stories[uid].values.append((child.begun, child.pid, moved_away))
        for uid in before:
            self.world.tell(uid, child, as_item(HELD))
        moved = answer['items'] + answer['drafts']
        child, answer = self.world.run('import', os.path.join(self.world.root, STICK, 'moved'), '--json')
        must(answer['released'] == moved, answer)
        for uid in before:
            self.world.tell(uid, child, as_item(PENDING))
        for uid, judge in drafts.items():
            self.world.tell(uid, child, judge)

    def come_from_elsewhere(self, name, *options):
        """Two items of another store, whose own disk is not looked at."""
        other = {'FIELDPOST_DATA': os.path.join(self.world.folder, name)}
        bodies = {}
        for kind in ('blob', 'inline'):
            words, sums = self.words_of_add(kind)
            bodies[self.world.run(*words, '--json', **other)[1]['uid']] = sums
        folder = os.path.join(self.world.root, STICK, name)
        child, _ = self.world.run('export', '--to', folder, *options, **other)
        self.world.exported('%s/%s' % (STICK, name), child)
        child, answer = self.world.run('import', folder, '--json')
        must(answer['items'] == len(bodies), answer)
        for uid in bodies:
            self.world.tell(uid, child, as_item(PENDING if '--move' in options else HELD))
        self.world.bodies.update(bodies)

    # ---- ten days later

    def clean_up(self, later, **deleted):
        """[deleted]: uids of items sent, of items discarded, of drafts, that are to go in this run."""
        child, answer = self.world.run('cleanup', '--json', later=later)
        for kind, uids in deleted.items():
            must(answer[kind] == len(uids), 'to go were', kind, len(uids), answer)
            for uid in set(uids) & set(self.world.stories):
                self.world.tell(uid, child, cleaned if kind == 'sent' else absent)
        return answer

    def grow_old(self, discarded_drafts, needed):
        """What is to go: marked, then the rows, then the files; what waits, or is needed for an edit, stays."""
        _, items = self.world.run('list', '--state', 'all', '--json', later=8)
        of = {state: [item['uid'] for item in items if item['state'] == state and item['uid'] != needed]
              for state in ('sent', 'discarded')}
        marked = self.clean_up(8, sent=[], discarded=[], drafts=[])['marked']
        must(marked == len(of['sent']) + len(of['discarded']) + len(discarded_drafts), 'marked', marked)
        self.clean_up(9.1, **of, drafts=discarded_drafts)
        files = self.clean_up(10.2, sent=[], discarded=[], drafts=[])['files']
        must(files > 0, 'no file was deleted')
        self.deleted = dict({kind: len(uids) for kind, uids in of.items()}, drafts=len(discarded_drafts), files=files)
        self.add('inline', 'blob', later=10.3)

    # ---- all of it

    def killed(self, *words, at=0):
        """A command that dies somewhere on the way to its sync points; what it did is neither told nor lost."""
        self.world.strays = True
        child = self.world.start(*words, fault='sync:%d:KILL' % (at or self.random.randint(2, 6)))
        self.world.finish(child, code=None)
        return child

    def begin(self):
        self.add('inline')
        child, form = self.world.run('forms', 'new', '--title', 'Survey', '--post', self.world.sink.url + '/form',
                                     'text:Name!', 'text:Note', 'image:Photo', '--json')
        self.form = form['form_id'] if isinstance(form, dict) else form[0]['form_id']
        self.world.run('tag', 'set', 'steps', '--url', self.world.sink.url + '/events')
        os.mkdir(os.path.join(self.world.folder, 'elsewhere'))

    def live(self):
        self.begin()
        self.add('blob', 'inline', 'token')
        self.killed(*self.words_of_add('blob')[0])
        self.killed(*self.words_of_add('inline')[0])
        first, _ = self.draft()
        second, _ = self.draft(photo=PNG + b'second')
        first, first_text = self.draft(first, photo=PNG + b'first')
        third, third_text = self.draft()
        item = self.submit(first)
        self.discard_draft(third)
        self.undo_draft(third, third_text)
        gone, back, wrong = self.add('inline', 'upload', 'inline')
        self.discard(gone, back)
        self.undo(back)
        self.edit(self.edit(wrong))
        again = self.reopen(item, first_text, 1)
        self.event(2)
        self.sync()
        self.draft(second, had=1)
        self.with_agent(lambda: (self.add('blob', 'token', 'upload'), self.submit(second), self.event(2),
                                 self.add('inline', 'inline')))
        self.add('blob', 'inline')
        self.event(2)
        _, text = self.draft(third)
        self.export('copy')
        self.move_and_back({third: as_draft(text), again: as_draft(first_text, 1)})
        self.come_from_elsewhere('given', '--move')
        self.come_from_elsewhere('copied')
        self.event()
        self.discard_draft(third)
        self.grow_old([third], first)
        self.world.settle()
        return self


def old_world():
    """A store of format 1, with the files that its rows name (up to .old in the record); the command that changes the
    format; a last item."""
    world = World('power-old')
    with open(DUMP) as f:
        script = f.read()
    os.makedirs(os.path.join(world.folder, 'old'))
    # The dump has the rows, not the files: others of the same size.
    for name, size in old_blobs(script):
        content = os.urandom(size)
        world.file('old/' + sha(content), content)
        script = script.replace(name, sha(content))
    child = world.start_program([sys.executable, '-c', MAKE_OLD, world.store, os.path.join(world.folder, 'old')],
                                FP_SCRIPT=world.file('dump.sql', script.encode()))
    world.finish(child)
    world.old = os.path.getsize(world.log)
    remember_old(world, child, script)
    world.run('list', '--json')
    child, item = world.run('add', '--json', '{}', world.sink.url + '/new', '--json')
    world.tell(item['uid'], child, as_item(PENDING))
    world.settle()
    return world


# As a person's programs did long ago: all of it is durable.
MAKE_OLD = '''
import os, sqlite3, sys
store, files = sys.argv[1:]
os.makedirs(store + '/blobs', 0o700)
for name in os.listdir(files):
    with open(os.path.join(store, 'blobs', name), 'wb', buffering=0) as f:
        f.write(open(os.path.join(files, name), 'rb').read())
        os.fsync(f.fileno())
db = sqlite3.connect(store + '/fieldpost.db', isolation_level=None)
db.execute('PRAGMA synchronous = FULL')
db.executescript(open(os.environ['FP_SCRIPT']).read())
db.execute('PRAGMA journal_mode = WAL')
db.close()
for path in (store + '/blobs', store, os.path.dirname(store), os.path.dirname(os.path.dirname(store))):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
'''


def old_rows(script, sql):
    db = sqlite3.connect(':memory:')
    db.executescript(script)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def old_blobs(script):
    return old_rows(script, 'SELECT sha256, size FROM blob')


def remember_old(world, child, script):
    """Its rows, as they are, from when they were made."""
    for uid, state in old_rows(script, 'SELECT uid, state FROM item'):
        world.tell(uid, child, as_item(state))
    for uid, text, n in old_rows(script, 'SELECT uid, CAST(instance AS TEXT), (SELECT count(*) FROM draft_file'
                                 ' WHERE draft = draft.id) FROM draft WHERE discarded = 0'):
        world.tell(uid, child, as_draft(text, n))
