#!/usr/bin/python3
"""store-trouble - a store that is full, locked, forbidden, damaged, too new or not ours, as the programs tell it.

  store-trouble.py FIELDPOSTCTL FIELDPOST-AGENT     prints TAP
"""
import ctypes, fcntl, glob, hashlib, json, os, shutil, signal, sqlite3, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clitest import main, says

CTL, AGENT = sys.argv[1:3]
PAGE = 4096
PNG = bytes.fromhex('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6260000000'
                    '000500010d0a2db40000000049454e44ae426082')
CLONE_NEWNS, MS_REC, MS_PRIVATE, MS_REMOUNT, MS_RDONLY, MS_BIND = 0x20000, 0x4000, 1 << 18, 32, 1, 4096
libc = ctypes.CDLL(None, use_errno=True)


def fill(ctl, server):
    ctl('forms', 'new', '--title', 'Visit', '--post', server.url + '/visit', 'text:Name!', 'image:Photo', 'image:Map')
    ctl('fill', 'visit', '--set', 'name=Anna', '--draft')
    for n in range(40):
        ctl('add', '--json', json.dumps({'n': n, 'text': 'word ' * 200}), server.url + '/%d' % n)
    return sorted(item['uid'] for item in ctl.json('list'))


def database(ctl):
    return os.path.join(ctl.data, 'fieldpost.db')


def bytes_of(path):
    with open(path, 'rb') as f:
        return f.read()


def damage(ctl, *pages):
    with open(database(ctl), 'r+b') as f:
        for page in pages:
            f.seek(page * PAGE)
            f.write(os.urandom(PAGE))


def agent(ctl, seconds=60):
    """Starts one and ends it: exit code and what it told."""
    child = subprocess.Popen([AGENT, '--no-tray', '--verbose'], env=ctl.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True)
    for line in child.stdout:
        if line.startswith('sending'):
            child.send_signal(signal.SIGTERM)
    err = child.stderr.read()
    child.stderr.close()
    return child.wait(seconds), err


def refused(ctl, *words):
    """Both programs refuse in words, with exit code 4, and change nothing."""
    before = bytes_of(database(ctl))
    for command in (['list'], ['add', 'http://127.0.0.1:9/'], ['status'], ['doctor']):
        ctl(*command, code=4)
        says(ctl.err, ctl.data, *words)
    code, err = agent(ctl)
    assert code == 4, (code, err)
    says(err, 'fieldpost-agent: ' + ctl.data, *words)
    assert bytes_of(database(ctl)) == before


def test_newer_format(ctl, server):
    fill(ctl, server)
    with sqlite3.connect(database(ctl)) as db:
        db.execute('PRAGMA user_version = 99')
    db.close()
    refused(ctl, 'format 99 of a later Fieldpost')


def test_database_of_another_program(ctl, server):
    os.makedirs(ctl.data)
    with sqlite3.connect(database(ctl)) as db:
        db.execute('CREATE TABLE bookmarks (x)')
    db.close()
    refused(ctl, 'another program')


def test_file_that_is_no_database(ctl, server):
    os.makedirs(ctl.data)
    with open(database(ctl), 'wb') as f:
        f.write(PNG + os.urandom(50000))
    refused(ctl, 'damaged, or was never one of Fieldpost')


def test_missing_database(ctl, server):
    """No new one is begun beside what is left of the old one; it goes on when the file is back."""
    ctl('add', '--data-file', ctl.path('photo', os.urandom(90000)), server.url + '/photo')
    kept = ctl.path('kept')
    for put in (None, b''):
        os.rename(database(ctl), kept)
        if put is not None:
            ctl.path(database(ctl), put)
        for command in (['list'], ['add', 'http://127.0.0.1:9/'], ['status'], ['doctor']):
            ctl(*command, code=4)
            says(ctl.err, ctl.data, 'fieldpost.db is missing', 'blobs', 'restore', 'move the folder away')
        code, err = agent(ctl)
        says(err, 'fieldpost-agent: ' + ctl.data, 'fieldpost.db is missing')
        assert code == 4 and (put is not None) == os.path.exists(database(ctl)), code
        os.rename(kept, database(ctl))
    ctl('sync', '--wait')
    assert len(server.got) == 1
    os.rename(ctl.data, kept)
    assert ctl.json('list') == []


def test_wipe_of_a_missing_database(ctl, server):
    ctl('add', '--data-file', ctl.path('photo', os.urandom(90000)), server.url + '/photo')
    os.unlink(database(ctl))
    ctl('wipe', '--yes', '--including-unsent')
    assert not os.path.exists(ctl.data)
    assert ctl.json('list') == []


def test_damage_met_by_a_reader(ctl, server):
    """Whoever has it open says which file it is and what to do; whoever opens it alone does that."""
    fill(ctl, server)
    with open(os.path.join(ctl.data, 'use.lock')) as use:
        fcntl.flock(use, fcntl.LOCK_SH)
        damage(ctl, *range(1, os.path.getsize(database(ctl)) // PAGE))
        ctl('list', code=4)
        says(ctl.err, 'file %s is damaged' % database(ctl), 'malformed (11)', 'end every program')
    says(ctl('list') + ctl.err, 'was damaged and was repaired')


def test_locked_by_another_program(ctl, server):
    uids = fill(ctl, server)
    db = sqlite3.connect(database(ctl), isolation_level=None)
    db.execute('BEGIN IMMEDIATE')
    ctl('add', '--json', '{}', server.url + '/later', code=4)
    says(ctl.err, 'locked')
    db.execute('ROLLBACK')
    db.close()
    assert sorted(item['uid'] for item in ctl.json('list')) == uids
    ctl('add', '--json', '{}', server.url + '/later')


def in_mounts(func):
    """Runs @func where it may mount; what it raises comes back. Skips where the system does not let us."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(None, b'/', None, MS_REC | MS_PRIVATE, None) != 0:
                os._exit(77)
            func()
            os._exit(0)
        except BaseException as error:
            os.write(write, ('%s: %s' % (type(error).__name__, error)).encode()[:4000])
            os._exit(1)
    os.close(write)
    with os.fdopen(read) as f:
        text = f.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 77:
        return 'needs the right to mount'
    assert code == 0, text


def mount(source, target, kind, flags, options):
    encode = lambda text: text.encode() if text else None
    assert libc.mount(encode(source), target.encode(), encode(kind), flags, encode(options)) == 0, os.strerror(
        ctypes.get_errno())


def test_full_disk(ctl, server):
    def run():
        os.makedirs(ctl.data)
        mount('tmpfs', ctl.data, 'tmpfs', 0, 'size=6m')
        uids = fill(ctl, server)
        photo = ctl.path('photo.png', PNG + os.urandom(300000))
        with open(os.path.join(ctl.data, 'other'), 'wb', buffering=0) as f:
            try:
                while True:
                    f.write(b'x' * PAGE)
            except OSError:
                pass
        ctl('add', '--data-file', photo, server.url + '/large', code=4)
        says(ctl.err, 'No space left on device')
        ctl('fill', 'visit', '--set', 'name=Ben', '--attach', 'photo=' + photo, '--submit', code=4)
        says(ctl.err, 'No space left on device')
        ctl('doctor', code=4)
        assert sorted(item['uid'] for item in ctl.json('list')) == uids
        assert len(ctl.json('drafts', 'list')) == 1
        os.unlink(os.path.join(ctl.data, 'other'))
        ctl('add', '--data-file', photo, server.url + '/large')
        assert len(ctl.json('list')) == len(uids) + 1
    return in_mounts(run)


def test_read_only_folder(ctl, server):
    def run():
        os.makedirs(ctl.data)
        mount('tmpfs', ctl.data, 'tmpfs', 0, 'size=6m')
        fill(ctl, server)
        mount(None, ctl.data, None, MS_REMOUNT | MS_RDONLY, None)
        refused(ctl, 'Read-only file system')
        mount(None, ctl.data, None, MS_REMOUNT, None)
        ctl('list')
    return in_mounts(run)


def test_damaged_pages(ctl, server):
    uids = fill(ctl, server)
    size = os.path.getsize(database(ctl)) // PAGE
    damage(ctl, 0, size // 2)
    damaged = bytes_of(database(ctl))
    left = {item['uid'] for item in ctl.json('list')}
    says(ctl.err, 'was damaged and was repaired', 'Saved: ', 'unsent items', 'Lost: ', 'fieldpost.db.corrupt-')
    assert left <= set(uids) and len(left) > len(uids) * 3 // 4, (len(left), len(uids))
    assert len(ctl.json('drafts', 'list')) == 1
    aside = glob.glob(database(ctl) + '.corrupt-*')
    assert len(aside) == 1 and bytes_of(aside[0]) == damaged
    # Once by each program; the doctor keeps it.
    ctl('list')
    assert ctl.err == '', ctl.err
    code, err = agent(ctl)
    says(err, 'fieldpost-agent: The store was damaged and was repaired')
    assert code == 0
    code, err = agent(ctl)
    assert (code, err) == (0, ''), (code, err)
    found = {check['check']: check['text'] for check in json.loads(ctl.run('doctor', '--json').stdout)}
    says(found['repair'], 'was damaged')
    says(found['store'], 'is whole')


def test_attachment_that_the_doctor_finds_damaged(ctl, server):
    photo = os.urandom(3000000)
    ctl('add', '--data-file', ctl.path('photo', photo), server.url + '/large')
    blob = os.path.join(os.path.dirname(database(ctl)), 'blobs', hashlib.sha256(photo).hexdigest())
    with open(blob, 'r+b') as file:
        file.seek(2000000)
        file.write(bytes([photo[2000000] ^ 1]))
    says(ctl('doctor', code=4), os.path.basename(blob), 'is damaged and is not sent')
    ctl('sync', '--wait', code=3)
    assert ctl.json('show', '1')['reason_code'] == 'item-file-missing' and not server.got


def test_damage_that_the_doctor_finds(ctl, server):
    uids = fill(ctl, server)
    with sqlite3.connect(database(ctl)) as db:
        roots = [row[0] for row in db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'item_by_tag'")]
    db.close()
    damage(ctl, roots[0] - 1)
    ctl('doctor', code=4)
    ctl('list')
    says(ctl.err, 'was damaged and was repaired', 'nothing that is known of')
    assert sorted(item['uid'] for item in ctl.json('list')) == uids


def test_lost_file_of_an_item(ctl, server):
    """It fails by its name; the others go."""
    for n in range(3):
        ctl('add', '--data-file', ctl.path('b%d' % n, os.urandom(90000 + n)), '--title', 'b%d' % n, server.url + '/%d' % n)
    os.unlink(os.path.join(ctl.data, 'blobs', hashlib.sha256(bytes_of(ctl.path('b1'))).hexdigest()))
    ctl('sync', '--wait', code=3)
    assert sorted(path for _, path, _, _ in server.got) == ['/0', '/2']
    item, = ctl.json('list')
    assert (item['title'], item['state'], item['reason_code']) == ('b1', 'failed', 'item-file-missing'), item
    says(ctl('show', str(item['id'])), 'An attached file is missing or damaged')


def test_lost_file_of_a_draft(ctl, server):
    """It opens, says which file it is, and takes another."""
    ctl('forms', 'new', '--title', 'Visit', '--post', server.url + '/visit', 'text:Name!', 'image:Photo')
    photo = ctl.path('photo.png', PNG + os.urandom(100))
    ctl('fill', 'visit', '--set', 'name=Anna', '--attach', 'photo=' + photo, '--draft')
    draft = ctl.json('drafts', 'list')[0]['uid']
    for blob in glob.glob(os.path.join(ctl.data, 'blobs', '*')):
        os.unlink(blob)
    says(ctl('drafts', 'show', draft), 'Anna', 'photo')
    ctl('fill', draft, '--set', 'name=Berta', '--draft')
    says(ctl('drafts', 'show', draft), 'Berta')
    ctl('fill', draft, '--submit', code=1)
    says(ctl.err, 'photo', '.png')
    assert len(ctl.json('drafts', 'list')) == 1
    ctl('fill', draft, '--attach', 'photo=' + photo, '--submit')


def test_folder_of_another_machine(ctl, server):
    def run():
        other = ctl.path('machine-id', '0123456789abcdef0123456789abcdef\n')
        fill(ctl, server)
        mount(other, '/etc/machine-id', None, MS_BIND, None)
        says(ctl('list'), 'another computer')
        assert {item['state'] for item in ctl.json('list')} == {'held'}
        found = {check['check']: check['text'] for check in json.loads(ctl.run('doctor', '--json').stdout)}
        says(found['machine'], '40 items', 'release --all --reason machine')
        ctl('sync', '--wait', code=3)
        assert server.got == []
        ctl('release', '--all', '--reason', 'machine')
        ctl('sync', '--wait')
        assert len(server.got) == 40 or ctl.json('list') == []
    if not os.path.exists('/etc/machine-id'):
        return 'this machine has no id'
    return in_mounts(run)


main('store-trouble', globals(), CTL)
