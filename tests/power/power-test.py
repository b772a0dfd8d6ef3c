#!/usr/bin/python3
"""power-test - cuts the power at every moment of a day's work, and looks at what is left.

  power-test.py [--states N] [--all] [--seed N]     prints TAP

--states: how many states by chance, over the whole record (1000); --all: a thousand at each sync point instead, for
hours. The least and the most that may be left are looked at everywhere. README.md tells the model.
"""
import argparse, hashlib, os, random, subprocess, sys, time
from powerlog import Disk, differences
from powerworld import *

SOME = PNG + b'a photograph of 70 KB' * 3500


def sha(content):
    return hashlib.sha256(content).hexdigest()


class Day:
    """The workload: what people and programs do to a store from its first day on."""

    def __init__(self, seed):
        self.world = World()
        self.random = random.Random(seed)
        self.form, self.number = None, 0

    def words_of_add(self, kind):
        self.number += 1
        url = '%s/inbox/%d' % (self.world.sink.url, self.number)
        body = b'{"number": %d, "text": "%s"}' % (self.number, b'x' * self.random.randrange(3000))
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

    def add(self, *kinds):
        """Several at once, each by a process of its own."""
        words = [self.words_of_add(kind) for kind in kinds]
        children = [(self.world.start(*w, '--json'), bodies) for w, bodies in words]
        return [self.end_of_add(*child) for child in children]

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

    def sync(self):
        child = self.world.start('sync', '--wait')
        # Those that nothing stands against go now.
        for uid, story in self.world.stories.items():
            if story.values[-1][2](['', PENDING], None):
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
            for uid, story in self.world.stories.items():
                if story.values[-1][2](['', PENDING], None):
                    self.world.may(uid, agent, as_item(PENDING, SENDING, SENT))
            agent.kill()
            agent.wait()
            agent = self.start_agent()
            until = time.monotonic() + 30
            while True:
                child, sent = self.world.run('list', '--state', 'sent', '--json')
                left = [uid for uid, story in self.world.stories.items() if story.values[-1][2](['', SENDING], None)]
                if not set(left) - {item['uid'] for item in sent}:
                    break
                must(time.monotonic() < until, 'not sent:', *left)
                time.sleep(0.2)
            self.tell_sent(child, sent)
        finally:
            agent.terminate()
            agent.wait(20)

    def killed(self, *words):
        """A command that dies somewhere on the way to its sync points; what it did is neither told nor lost."""
        self.world.strays = True
        child = self.world.start(*words, fault='sync:%d:KILL' % self.random.randint(2, 6))
        self.world.finish(child, code=None)

    def live(self):
        self.add('inline')
        child, form = self.world.run('forms', 'new', '--title', 'Survey', '--post', self.world.sink.url + '/form',
                                     'text:Name!', 'text:Note', 'image:Photo', '--json')
        self.form = form['form_id'] if isinstance(form, dict) else form[0]['form_id']
        self.add('blob', 'inline', 'token')
        self.killed(*self.words_of_add('blob')[0])
        self.killed(*self.words_of_add('inline')[0])
        first, _ = self.draft()
        second, _ = self.draft(photo=PNG + b'second')
        first, _ = self.draft(first, photo=PNG + b'first')
        third, third_text = self.draft()
        self.submit(first)
        self.discard_and_back(third, third_text)
        gone, back = self.add('inline', 'upload')
        child, _ = self.world.run('discard', str(gone['id']), str(back['id']))
        for item in (gone, back):
            self.world.tell(item['uid'], child, as_item(DISCARDED))
        child, _ = self.world.run('undo', str(back['id']))
        self.world.tell(back['uid'], child, as_item(PENDING))
        self.sync()
        self.draft(second, had=1)
        self.with_agent(lambda: (self.add('blob', 'token', 'upload'), self.submit(second), self.add('inline', 'inline')))
        self.add('blob', 'blob', 'inline')
        self.draft(third)
        self.world.settle()
        return self

    def discard_and_back(self, uid, text):
        child, _ = self.world.run('drafts', 'discard', uid)
        self.world.tell(uid, child, absent)
        child, _ = self.world.run('drafts', 'undo', uid)
        self.world.tell(uid, child, as_draft(text))


# ---- the kinds of sync points: name, which records, why it may be left out (None: it may not)

def kinds(world):
    def at(path, caller=''):
        full = os.path.join(world.root, path)
        return lambda op: op.name == full and op.second.startswith(caller)

    blob = os.path.join(world.store, 'blobs/tmp-')
    with_log = 'SQLite syncs this folder itself with the first sync of each log, before it calls a commit done'
    return [
        ('the folders above the store', lambda op: op.name in (world.root, os.path.dirname(world.store)), None),
        ('the folder of the store, by us', at(STORE, 'fieldpost'), with_log),
        ('the folder of the store, by GLib for the passwords', at(STORE, 'libglib'), with_log),
        ('the folder of the store, by SQLite and all', at(STORE), None),
        ('the file of a blob', lambda op: op.name.startswith(blob), None),
        ('the folder of blobs', at(STORE + '/blobs'), None),
        ('the log', at(STORE + '/fieldpost.db-wal'), None),
        ('the database', at(STORE + '/fieldpost.db'), None),
        ('the journal of the first start', at(STORE + '/fieldpost.db-journal'), None),
        ('the file of passwords', lambda op: '/secrets.json.' in op.name, None),
    ]


def test_the_record_is_whole(day, options):
    disk = Disk(day.world.root)
    for op in day.world.ops:
        disk.feed(op)
    other = differences(disk.after_cut('most', random.Random(1)), day.world.root)
    must(not other, 'what was recorded is not what is there:', *other)
    yield '%d calls, %d syncs' % (len(day.world.ops), sum(op.kind == 'S' for op in day.world.ops))


def test_a_cut_at_any_moment_loses_nothing(day, options):
    checker = Checker(day.world)
    survey = Survey(day.world, checker, options.seed)
    survey.run(n_chance=0 if options.all else options.states, per_sync=1000 if options.all else 0)
    checker.close()
    yield '%d moments, %d states, %d of them different' % (survey.cuts, survey.states, checker.number)
    must(survey.states >= options.states and checker.number > 300, 'too few were different')
    must(not survey.wrong, '%d wrong' % len(survey.wrong), *survey.wrong[:10])


def test_a_first_start_that_was_killed(day, options):
    """Killed at each of its steps; whoever comes next may not take for durable what it finds."""
    rounds = 0
    for kind in ('name', 'sync'):
        for n in range(1, 100):
            world = World('power-start')
            try:
                world.strays = True
                child = world.start('add', world.sink.url + '/first', fault='%s:%d:KILL' % (kind, n))
                world.finish(child, code=None)
                if child.returncode == 0:
                    break
                rounds += 1
                child, item = world.run('add', '--json', '{}', world.sink.url + '/second', '--json')
                world.tell(item['uid'], child, as_item(PENDING))
                world.settle()
                checker = Checker(world)
                survey = Survey(world, checker, options.seed)
                survey.run(per_sync=4)
                checker.close()
                must(not survey.wrong, 'killed at %s %d' % (kind, n), *survey.wrong[:10])
            finally:
                world.close()
    yield '%d moments' % rounds
    must(rounds >= 12, 'it was not killed often enough')


def test_no_sync_may_be_left_out(day, options):
    """The same record, as if one kind of sync had not been there: that this fails is what the tests above are worth."""
    checker = Checker(day.world)
    ops = day.world.ops
    table, wrong = [], []
    for name, which, needless in kinds(day.world):
        places = [i for i, op in enumerate(ops) if op.kind == 'S' and which(op)]
        # Where it would have mattered: until something else was synced and somebody was told.
        near = sorted({j for i in places[:12] for j in range(i + 1, min(i + 12, len(ops)))})
        for points, per_sync in ((None, 1), (near, max(20, 4000 // (len(near) + 1)))):
            survey = Survey(day.world, checker, options.seed, lambda op: which(op))
            survey.run(per_sync=per_sync, stop_early=True, points=points)
            if survey.wrong:
                break
        found = survey.wrong[0].split(': ', 1)[1] if survey.wrong else 'nothing is lost'
        table.append('%-52s %3d times  %s' % (name, len(places), found))
        if needless:
            table.append('%-52s            %s' % ('', needless))
        if not places or bool(survey.wrong) == bool(needless):
            wrong.append(name)
    checker.close()
    yield from table
    must(not wrong, 'left out and not noticed, or not there, or noticed and said to be needless:', *wrong)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--states', type=int, default=1000)
    parser.add_argument('--all', action='store_true')
    parser.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(3), 'big'))
    options = parser.parse_args()
    print('# seed %d' % options.seed, flush=True)
    day = Day(options.seed)
    try:
        begun = time.monotonic()
        day.live()
        print('# recorded in %.1f s' % (time.monotonic() - begun), flush=True)
        return run_tests('power', [f for n, f in globals().items() if n.startswith('test_')], day, options)
    finally:
        day.world.close()


sys.exit(main())
