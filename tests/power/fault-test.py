#!/usr/bin/python3
"""fault-test - lets each write, sync and change of a name fail in turn, of every command that writes.

  fault-test.py [--states N] [--seed N]     prints TAP

What a command said to be done is done, also after a power cut; what failed says why, changed nothing, and succeeds when
it is asked for again. Of what a sync could not write some is lost for good, as on Linux, although the next one succeeds.
"""
import argparse, os, sqlite3, sys
from powerlog import read_log
from powersurvey import Checker, Survey
from powerworld import *

MOST = 400  # calls of one kind in one command; more would be a loop
PHOTO = PNG + b'a photograph of 20 KB' * 1000


class Faults:
    def __init__(self, world):
        self.world, self.number, self.struck = world, 0, 0
        child, form = world.run('forms', 'new', '--title', 'Survey', '--post', world.sink.url + '/form', 'text:Name!',
                                'text:Note', 'image:Photo', '--json')
        self.form = form['form_id']

    # ---- what is asked for; each returns its words and what is then true

    def add(self):
        self.number += 1
        body = '{"number": %d}' % self.number
        return ['add', '--json', body, '%s/%d' % (self.world.sink.url, self.number), '--json'], as_item(PENDING)

    def add_large(self):
        self.number += 1
        path = self.world.file('photo', PHOTO + b'%d' % self.number)
        return ['add', '-H', 'Authorization: Bearer token-%d-' % self.number, '--data-file', path,
                '%s/%d' % (self.world.sink.url, self.number), '--json'], as_item(PENDING)

    def draft(self):
        self.number += 1
        text = 'remark %d.' % self.number
        path = self.world.file('photo.png', PHOTO + b'%d' % self.number)
        return ['fill', self.form, '--set', 'name=Anna', '--set', 'note=' + text, '--attach', 'photo=' + path, '--draft',
                '--json'], as_draft(text, 1)

    def submit(self):
        words, judge = self.draft()
        child, answer = self.world.run(*words)
        self.note(child, answer, judge)
        return ['fill', answer['draft'], '--submit', '--json'], as_item(PENDING)

    # ---- one command, with and without the fault

    def was_struck(self, child):
        return any(op.kind == 'F' and op.pid == child.pid for op in read_log(self.world.log, child.begun))

    def seen(self):
        """Uids of what the living store shows; a connection that only reads leaves no mark in the record."""
        db = sqlite3.connect('file:%s/fieldpost.db?mode=ro' % self.world.store, uri=True)
        try:
            return [{row[0] for row in db.execute(sql)}
                    for sql in ('SELECT uid FROM item', 'SELECT uid FROM draft WHERE discarded = 0')]
        finally:
            db.close()

    def note(self, child, answer, judge):
        uid = answer.get('draft') or answer['uid']
        if 'fill' in child.args and child.args[2] == uid:
            self.world.may(uid, child, as_draft('', 1))
        elif 'fill' in child.args:
            self.world.may(uid, child, as_draft('', 0))
            self.world.may(uid, child, as_draft('', 1))
        self.world.tell(uid, child, judge)
        if '-H' in child.args:
            self.world.tokens['token-%s-' % child.args[3].split('-')[1]] = child.pid

    def try_once(self, make, fault):
        """FALSE if the fault came too late to strike."""
        words, judge = make()
        items, drafts = self.seen()
        child = self.world.start(*words, fault=fault)
        answer = self.world.finish(child, code=None)
        struck = self.was_struck(child)
        self.struck += struck
        if child.returncode == 0:
            self.note(child, answer, judge)
            return struck
        must(struck, 'failed by itself:', child.err)
        must(child.err.startswith('fieldpostctl: ') and len(child.err) > 30, child.err)
        must(child.err.count('\n') <= 2 and child.returncode in (1, 4), child.returncode, child.err)
        now_items, now_drafts = self.seen()
        must(now_items == items, 'it said “%s”, and queued it' % child.err.strip())
        # A draft may have come to the moment at which its file was attached.
        must(len(now_drafts - drafts) <= 1 and drafts <= now_drafts, 'lost a draft')
        again = self.world.start(*words)
        self.note(again, self.world.finish(again), judge)
        return struck

    def all_of(self, make, kind, error):
        # Of the many writes that go on failing some will do.
        for n in range(1, MOST, 4 if error.endswith(':on') and kind != 'sync' else 1):
            fault = '%s:%d:%s' % (kind, n, error)
            try:
                if not self.try_once(make, fault):
                    return n - 1
            except AssertionError as problem:
                raise AssertionError('%s with %s: %s' % (make.__name__, fault, problem))
        raise AssertionError('%s: no end' % make.__name__)

    def every_fault(self, make):
        counts = [self.all_of(make, kind, error) for kind in ('sync', 'write', 'name')
                  for error in ('EIO', 'ENOSPC:on')]
        yield '%d syncs, %d writes, %d names; %d syncs, %d writes, %d names from there on' % tuple(counts[0::2] + counts[1::2])
        must(min(counts[:4]) > 0)
        yield from self.no_cut_loses()

    def no_cut_loses(self):
        self.world.strays = True
        self.world.settle()
        checker = Checker(self.world)
        survey = Survey(self.world, checker, self.world.seed)
        survey.run(n_chance=self.world.states, points=[])
        checker.close()
        yield '%d faults, %d states' % (self.struck, survey.states)
        must(not survey.wrong, '%d wrong' % len(survey.wrong), *survey.wrong[:6])


def with_world(test):
    def run(options):
        world = World('fault')
        world.seed, world.states = options.seed, options.states
        try:
            yield from test(world)
        finally:
            world.close()
    run.__name__ = test.__name__
    return run


@with_world
def test_adding(world):
    faults = Faults(world)
    yield from faults.every_fault(faults.add)


@with_world
def test_adding_a_file_and_a_password(world):
    faults = Faults(world)
    yield from faults.every_fault(faults.add_large)


@with_world
def test_saving_a_draft_with_a_file(world):
    faults = Faults(world)
    yield from faults.every_fault(faults.draft)


@with_world
def test_submitting(world):
    faults = Faults(world)
    yield from faults.every_fault(faults.submit)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--states', type=int, default=700)
    parser.add_argument('--seed', type=int, default=int.from_bytes(os.urandom(3), 'big'))
    options = parser.parse_args()
    print('# seed %d' % options.seed)
    sys.exit(run_tests('faults', [f for n, f in list(globals().items()) if n.startswith('test_')], options))
