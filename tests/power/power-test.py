#!/usr/bin/python3
"""power-test - cuts the power at every moment of a day's work, and looks at what is left.

  power-test.py [--states N] [--all] [--seed N]     prints TAP

--states: how many states by chance, over the whole record (1000); --all: a thousand at each sync point instead, for
hours. The least and the most that may be left are looked at everywhere. README.md tells the model.
"""
import argparse, os, random, sys, time
from powerday import STICK, Day, old_world
from powerlog import Disk, differences
from powersurvey import Checker, Survey
from powerworld import *


# ---- the kinds of sync points: name, which records, why it may be left out (None: it may not)

def kinds(world):
    def at(path, caller=''):
        full = os.path.join(world.root, path)
        return lambda op: op.name == full and op.second.startswith(caller)

    blob = os.path.join(world.store, 'blobs/tmp-')
    stick = os.path.join(world.root, STICK, '')
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
        ('all of an export', lambda op: op.kind == 'Y', None),
        ('the manifest of an export', lambda op: op.name.endswith('/manifest.json.tmp'), None),
        ('the folder of an export', lambda op: op.kind == 'S' and op.name.startswith(stick), None),
    ]


def test_the_record_is_whole(day, options):
    disk = Disk(day.world.root)
    for op in day.world.ops:
        disk.feed(op)
    other = differences(disk.after_cut('most', random.Random(1)), day.world.root)
    must(not other, 'what was recorded is not what is there:', *other)
    yield '%d calls, %d syncs' % (len(day.world.ops), sum(op.kind in 'SY' for op in day.world.ops))


def test_a_cut_at_any_moment_loses_nothing(day, options):
    checker = Checker(day.world)
    survey = Survey(day.world, checker, options.seed)
    survey.run(n_chance=0 if options.all else options.states, per_sync=1000 if options.all else 0)
    checker.close()
    yield '%d moments, %d states, %d of them different' % (survey.cuts, survey.states, checker.number)
    must(survey.states >= options.states and checker.number > 300, 'too few were different')
    must(not survey.wrong, '%d wrong' % len(survey.wrong), *survey.wrong[:10])


def test_a_change_of_format(day, options):
    """From before the first step until a new item is told; the copy that is kept of the old one is whole, too."""
    world = old_world()
    try:
        checker = Checker(world)
        survey = Survey(world, checker, options.seed)
        points = [i for i, op in enumerate(world.ops) if op.kind in 'SYO' and op.end > world.old]
        survey.run(per_sync=1000 if options.all else 12, points=points)
        checker.close()
        yield '%d moments, %d states, %d of them different' % (survey.cuts, survey.states, checker.number)
        must(len(world.stories) > 10 and any('before-2' in op.name for op in world.ops), 'the format was not changed')
        must(not survey.wrong, '%d wrong' % len(survey.wrong), *survey.wrong[:10])
    finally:
        world.close()


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
                survey.run(per_sync=100 if options.all else 4)
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
        places = [i for i, op in enumerate(ops) if op.kind in 'SY' and which(op)]
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
