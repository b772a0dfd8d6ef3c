#!/usr/bin/python3
"""limit-test - a store that another program locks or nobody may write, and limits that were set on the programs.

Alone: FIELDPOST_BUILD=… tests/power/limit-test.py [PART-OF-A-NAME]
"""
import glob, os, shutil, sqlite3, subprocess, sys, threading, time
from diskplace import *

LOCKED = 'Another program keeps the store locked'
NOBODY = 65534


class Locker:
    """Another program, which does not know our turns."""

    def __init__(self, place):
        self.db = sqlite3.connect(os.path.join(place.store.folder, 'fieldpost.db'), isolation_level=None,
                                  check_same_thread=False)
        self.db.execute('BEGIN EXCLUSIVE')

    def release(self, after=0):
        def do():
            time.sleep(after)
            self.db.execute('ROLLBACK')
            self.db.close()
        thread = threading.Thread(target=do)
        thread.start()
        return thread


@with_place()
def locked_short(place):
    """Five seconds are waited for: by a command and by an agent that has receipts to write."""
    place.start_agent()
    place.hold_answers()
    items = place.add(2)
    until(lambda: place.store.status()['sending'] == 2, '2 in flight')
    locker = Locker(place)
    place.answer()
    thread = locker.release(5)
    begun = time.monotonic()
    items += place.add()
    check(time.monotonic() - begun > 4, 'it was not locked')
    thread.join()
    place.wait_all_sent(items)
    place.stored_once(items)
    check(place.agent.read_errors() == [], place.agent.read_errors())


@with_place()
def locked_long(place):
    """Fifteen are too many for a command: it says so, did nothing, and works when asked again. The agent goes on."""
    place.start_agent()
    place.hold_answers()
    items = place.add(2)
    until(lambda: place.store.status()['sending'] == 2, '2 in flight')
    threads = [Locker(place).release(15)]
    place.answer()
    # A store without an agent: who takes its turn after a program that waited in vain is luckier.
    sending, place.store = place.store, fplab.Store(os.path.join(place.disk, 'other'))
    words = ['add', '--json', '{}', place.receiver.url + '/inbox/again']
    before = place.add()
    threads.append(Locker(place).release(15))
    answer = place.ctl(*words, code=4)
    says(answer, LOCKED)
    lines = [line for line in answer.splitlines() if 'works on another store' not in line]
    check(len(lines) == 1 and lines[0].startswith('fieldpostctl: '), answer)
    check([i['uid'] for i in place.store.items()] == [i['uid'] for i in before], 'queued all the same')
    for thread in threads:
        thread.join()
    place.ctl(*words)
    check(place.waits() == 2, place.waits(), 'wait')
    place.store = sending
    says('\n'.join(place.agent.read_errors()), LOCKED)
    place.wait_all_sent(items)
    place.stored_once(items)


def without_rights(place):
    """A superuser that may not more than everybody, so that modes count."""
    place.before = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all']
    return subprocess.run([*place.before, 'true'], stderr=subprocess.DEVNULL).returncode == 0


@with_place()
def forbidden(place):
    """A store that may not be written: words and exit code 4, nothing done; all goes on when it may."""
    if not without_rights(place):
        return 'may not give up rights'
    items = place.add(2)
    photo = place.file('photo', 100000)
    forbid = {'fieldpost.db': 0o400, 'write.lock': 0o400, 'use.lock': 0o400, 'blobs': 0o500, '': 0}
    for name, mode in forbid.items():
        path = os.path.join(place.store.folder, name)
        was = os.stat(path).st_mode
        os.chmod(path, mode)
        answer = place.ctl('add', '--data-file', photo, place.receiver.url + '/inbox/file', code=4)
        says(answer, 'Permission denied', photo if name == 'blobs' else path)
        check(answer.startswith('fieldpostctl: ') and answer.count('\n') == 1, answer)
        if name != 'blobs':
            place.ctl('list', code=4)
            agent = place.run_agent()
            check(agent.returncode == 4, name, agent)
            says(agent.stderr, 'fieldpost-agent: ' + place.store.folder, 'Permission denied')
        os.chmod(path, was)
        check([i['uid'] for i in place.store.items()] == [i['uid'] for i in reversed(items)], 'half queued')
    place.start_agent()
    place.wait_all_sent(items)
    place.stored_once(items)


@with_place()
def forbidden_meanwhile(place):
    """The agent has the files open, and goes on; a command is refused, and works when it may."""
    if not without_rights(place):
        return 'may not give up rights'
    place.start_agent()
    place.hold_answers()
    items = place.add(6)
    until(lambda: place.store.status()['sending'] == 4, '4 in flight')
    database = os.path.join(place.store.folder, 'fieldpost.db')
    os.chmod(database, 0o400)
    os.chmod(place.store.folder, 0o500)
    place.answer()
    place.wait_all_sent(items)
    says(place.ctl('add', '--json', '{}', place.receiver.url + '/inbox/x', code=4), 'Permission denied')
    os.chmod(place.store.folder, 0o700)
    os.chmod(database, 0o600)
    items += place.add()
    place.wait_all_sent(items)
    place.stored_once(items)


def commands(place):
    """Words, and whether they need room for more than a page or two."""
    url, photo = place.receiver.url + '/inbox/x', place.file('photo.png', 300000)
    return [['add', '--json', '{"a": 1}', url], ['add', '--data-file', photo, url], ['upload', photo, url, '--field', 'f'],
            ['fill', 'visit', '--set', 'name=Anna', '--submit'],
            ['fill', 'visit', '--set', 'name=Anna', '--attach', 'photo=' + photo, '--submit']]


def new_form(place):
    place.store.run('forms', 'new', '--title', 'Visit', '--post', place.receiver.url + '/inbox/x', 'text:Name!', 'image:Photo')


@with_place()
def file_size(place):
    """A limit to the size of files is an error in words, never a death; what said that it worked did."""
    new_form(place)
    n_items = n_drafts = refused = 0
    for limit in (0, 40000, 65536, 150000, 400000):
        for words in commands(place):
            place.before = ['prlimit', '--fsize=%d' % limit]
            child = place.begin(*words)
            out, err = child.communicate(timeout=30)
            place.before = []
            items, drafts = len(place.store.items()), len(place.store.json('drafts', 'list'))
            if child.returncode == 0:
                check(items == n_items + 1, limit, *words, 'was not queued')
            else:
                refused += 1
                check(child.returncode == 4 and items == n_items, limit, *words, child.returncode, err)
                says(err, 'fieldpostctl: ', 'File too large')
            check(drafts - n_drafts in (0, 1) and (child.returncode or drafts == n_drafts), 'drafts')
            n_items, n_drafts = items, drafts
    check(refused >= 10, refused, 'refused')
    check(n_items >= 5, n_items, 'queued')


@with_place()
def file_size_of_agent(place):
    """It lives on, sends nothing twice, and goes on when the limit is lifted."""
    items = place.add(6)
    for _ in range(12):
        items.append(place.store.json('add', '--json', '{"a": "%s"}' % ('x' * 3000), place.receiver.url + '/inbox/x'))
    place.before = ['prlimit', '--fsize=65536:unlimited']
    place.start_agent()
    until(lambda: any('File too large' in line for line in place.agent.read_errors()), 'words')
    check(place.waits() > 0, 'all was sent')
    subprocess.run(['prlimit', '--pid', str(place.agent.pid), '--fsize=unlimited:'], check=True)
    place.ctl('sync')
    place.wait_all_sent(items, 30)
    place.stored_once(items)


@with_place()
def open_files(place):
    """64 open files are enough for each command, and for an agent with more hosts and files than that."""
    new_form(place)
    place.before = ['prlimit', '--nofile=64']
    for words in commands(place):
        place.ctl(*words)
    for n in range(20):
        for _ in range(2):
            path = place.file('f', 70000)
            place.store.run('add', '--data-file', path, 'http://127.0.0.%d:%d/inbox/x' % (n + 1, place.receiver.port))
    items = place.store.items()
    place.start_agent()
    place.wait_all_sent(items, 30)
    place.stored_once(items)


def without_its_file(place, put, words):
    """What is told is there, nothing is begun anew in its place, and once the file is back all goes on."""
    file, kept = place.store.folder + '/fieldpost.db', place.store.folder + '/kept'
    place.start_agent()
    place.hold_answers()
    items = place.add(4)
    until(lambda: place.store.status()['sending'] == 4, 'four under way')
    os.rename(file, kept)
    put(file)
    says(place.ctl('add', '--json', '1', place.receiver.url + '/inbox/x', code=4), *words)
    there = os.path.exists(file) and open(file, 'rb').read()
    place.answer()
    until(lambda: any('nothing more is written' in line for line in place.agent.read_errors()), 'words of the agent')
    check((os.path.exists(file) and open(file, 'rb').read()) == there, 'something was written in its place')
    os.rename(kept, file)
    place.wait_all_sent(items)
    place.stored_once(items)
    items += place.add(1)
    place.wait_all_sent(items)


@with_place()
def deleted_meanwhile(place):
    """The database is deleted under a running agent, and brought back."""
    without_its_file(place, lambda file: None, ['fieldpost.db was deleted', place.store.folder])


@with_place()
def replaced_meanwhile(place):
    """Another file is put in its place."""
    def put(file):
        with open(file, 'wb') as f:
            f.write(os.urandom(50000))
    without_its_file(place, put, ['not a database', place.store.folder])


@with_place()
def folder_deleted_meanwhile(place):
    """All of it is deleted under a running agent: what is queued into a new one says that nobody sends it, and the
    agent's end lets another do it."""
    place.start_agent()
    place.wait_all_sent(place.add(1))
    shutil.rmtree(place.store.folder)
    says(place.ctl('add', '--json', '1', place.receiver.url + '/inbox/x'), 'works on another store', place.store.folder)
    check('another store' not in place.ctl('list'), 'who only reads was told')
    place.agent.stop()
    says(place.ctl('sync', '--wait'), '1')
    check(len(place.stored()) == 2, place.stored())


@with_place()
def rotten_file(place):
    """A bit of a large file changed on the disk: no server has it, the item says which file it is, the others go."""
    path = place.file('photo.png', 5 * MIB)
    bad = place.store.json('add', '--file', 'photo=' + path, place.receiver.url + '/inbox/x')
    good = place.add(2)
    blob, = glob.glob(place.store.folder + '/blobs/*')
    with open(blob, 'r+b') as f:
        f.seek(4 * MIB)
        byte = f.read(1)
        f.seek(4 * MIB)
        f.write(bytes([byte[0] ^ 1]))
    place.start_agent()
    place.wait_all_sent(good)
    until(lambda: place.store.json('show', str(bad['id']))['state'] == 'failed', 'words on the item')
    item = place.store.json('show', str(bad['id']))
    check(item['reason_code'] == 'item-file-missing' and not item['maybe_delivered'], item)
    says(item['reason'], 'photo.png', 'has changed')
    place.stored_once(good)
    # The same file, as it was: it is put in the place of the damaged one.
    good.append(place.store.json('add', '--file', 'photo=' + path, place.receiver.url + '/inbox/y'))
    place.ctl('retry', str(bad['id']))
    place.wait_all_sent(good + [bad])
    place.stored_once(good + [bad])


TESTS = [('/disk/locked/short-is-waited-for', locked_short), ('/disk/locked/long-is-told', locked_long),
         ('/disk/forbidden/refused-in-words', forbidden), ('/disk/forbidden/agent-goes-on', forbidden_meanwhile),
         ('/disk/limits/file-size', file_size), ('/disk/limits/file-size-of-agent', file_size_of_agent),
         ('/disk/limits/open-files', open_files), ('/disk/gone/deleted-meanwhile', deleted_meanwhile),
         ('/disk/gone/replaced-meanwhile', replaced_meanwhile),
         ('/disk/gone/folder-deleted-meanwhile', folder_deleted_meanwhile),
         ('/disk/rotten/large-file-is-not-sent', rotten_file)]
fplab.Tap(*[t for t in TESTS if len(sys.argv) < 2 or sys.argv[1] in t[0]])
