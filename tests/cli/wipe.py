#!/usr/bin/python3
"""wipe - everything of Fieldpost goes, nothing else, and not what was never sent unless that is said.

  wipe.py FIELDPOSTCTL FIELDPOST-AGENT     prints TAP
"""
import os, signal, subprocess, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clitest import main, says

CTL, AGENT = sys.argv[1:3]


def fill(ctl, server):
    body = ctl.path('b.bin', os.urandom(100000))
    ctl('add', '--data-file', body, '-H', 'Authorization: Bearer s3cr3t', server.url + '/one')


def tree(folder):
    return sorted(os.path.join(d, n) for d, ds, fs in os.walk(folder) for n in ds + fs)


def test_asks_first(ctl, server):
    fill(ctl, server)
    before = tree(ctl.data)
    ctl('wipe', code=2)
    ctl('wipe', '--yes', code=2)
    says(ctl.err, '1 item, event or draft', '--including-unsent')
    ctl('wipe', 'x', code=2)
    says(ctl('wipe', '--dry-run'), 'fieldpost.db', 'blobs', '1 password', 'would be')
    assert tree(ctl.data) == before and len(ctl.json('list')) == 1


def test_what_is_half_gone_is_not_opened(ctl, server):
    """The database goes before that by which the next start knows that there was one, and after its log."""
    ctl('add', '--data-file', ctl.path('photo', os.urandom(90000)), server.url + '/photo')
    gone = [os.path.relpath(line, ctl.data) for line in ctl('wipe', '--dry-run').splitlines()]
    database = gone.index('fieldpost.db')
    assert all(gone.index(name) < database for name in gone if name.startswith('fieldpost.db-')), gone
    assert all(gone.index(name) > database for name in gone if name.startswith(('blobs', 'ballast'))), gone
    os.unlink(os.path.join(ctl.data, 'fieldpost.db'))
    ctl('list', code=4)


def test_events_were_not_sent_either(ctl, server):
    ctl('tag', 'set', 'usage', '--kind', 'batch', '--url', server.url + '/events')
    for n in range(3):
        ctl('event', 'usage', '{"n": %d}' % n)
    ctl('wipe', '--yes', code=2)
    says(ctl.err, '3 items, events and drafts', '--including-unsent')
    assert ctl.json('status')['events'] == 3
    ctl('wipe', '--yes', '--including-unsent')


def test_sent_needs_only_yes(ctl, server):
    fill(ctl, server)
    ctl('sync', '--wait')
    says(ctl('wipe', '--yes'), 'fieldpost.db', 'Deleted.')
    assert not os.path.exists(ctl.data)
    assert ctl.json('list', '--state', 'all') == []


def test_a_terminal_types_the_number(ctl, server):
    fill(ctl, server)
    for typed, code in ((b'y\n', 2), (b'7\n', 2), (b'1\n', 0)):
        main_end, side = os.openpty()
        os.write(main_end, typed)
        run = subprocess.run([CTL, 'wipe'], env=ctl.env, stdin=side, capture_output=True, timeout=60)
        os.close(main_end)
        os.close(side)
        assert run.returncode == code, run
        assert os.path.exists(ctl.data) == (code != 0)


def test_what_is_not_ours_stays(ctl, server):
    fill(ctl, server)
    kept = ctl.path('kept')
    os.mkdir(kept)
    open(os.path.join(kept, 'mine'), 'w').close()
    open(os.path.join(ctl.data, 'my-notes.txt'), 'w').close()
    os.symlink(kept, os.path.join(ctl.data, 'blobs', 'link'))
    os.symlink(kept, os.path.join(ctl.data, 'fieldpost.db-link'))
    ctl('wipe', '--yes', '--including-unsent')
    assert os.listdir(ctl.data) == ['my-notes.txt'] and os.listdir(kept) == ['mine']


def test_refuses_while_another_has_it_open(ctl, server):
    fill(ctl, server)
    ctl('pause')
    agent = subprocess.Popen([AGENT, '--no-tray'], env=ctl.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        while not ctl.json('status')['sender']:
            pass
        ctl('wipe', '--yes', '--including-unsent', code=4)
        says(ctl.err, 'Another program')
        assert len(ctl.json('list')) == 1
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait(20)
        agent.stdout.close()
    ctl('wipe', '--yes', '--including-unsent')
    assert not os.path.exists(ctl.data)


def test_a_store_that_cannot_be_read(ctl, server):
    os.mkdir(ctl.data, 0o700)
    with open(os.path.join(ctl.data, 'fieldpost.db'), 'wb') as f:
        f.write(b'SQLite format 3\0' + bytes(80))
    ctl('wipe', '--yes', code=2)
    run = ctl.run('wipe', '--yes', '--including-unsent')
    assert run.returncode == 0 and not os.path.exists(ctl.data), run


main('wipe', globals(), CTL)
