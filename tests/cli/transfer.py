#!/usr/bin/python3
"""transfer - edit, export and import as a person sees them, and what a SIGKILL in between leaves.

  transfer.py FIELDPOSTCTL FORMS-FOLDER     prints TAP
"""
import hashlib, json, os, shutil, signal, sqlite3, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clitest import World, main, says

CTL, FORMS = sys.argv[1:3]
ANSWERS = ['--set', 'where=Dock', '--set', 'severity=near_miss', '--set', 'what=Slipped on the wet ramp',
           '--set', '/data/reporter/name=Anna']


def reseal(folder):
    """Hashes and manifest made right again, as a hostile author would."""
    lines = []
    with open(os.path.join(folder, 'SHA256SUMS')) as f:
        for line in f:
            path = line[66:-1]
            with open(os.path.join(folder, path), 'rb') as g:
                lines.append('%s  %s\n' % (hashlib.sha256(g.read()).hexdigest(), path))
    seal(folder, ''.join(lines))


def seal(folder, sums, **more):
    with open(os.path.join(folder, 'SHA256SUMS'), 'w') as f:
        f.write(sums)
    path = os.path.join(folder, 'manifest.json')
    manifest = json.load(open(path))
    manifest['sha256sums'] = hashlib.sha256(sums.encode()).hexdigest()
    manifest.update(more)
    json.dump(manifest, open(path, 'w'))


def fill(ctl, server):
    body = ctl.path('b.bin', os.urandom(100000))
    ctl('add', '--json', '{"a": 1}', '-H', 'X-A: b', '-H', 'Authorization: Bearer s3cr3t', '--meta', 'k=v',
        server.url + '/one')
    ctl('add', '--form', 'k=v', '--file', 'photo=' + body, server.url + '/two')
    ctl('forms', 'add', os.path.join(FORMS, 'incident-report.xml'), '--post', server.url + '/in')
    ctl('fill', 'incident-report', *ANSWERS)
    ctl('fill', 'incident-report', '--set', 'where=Hall', '--draft')
    return body


def test_edit(ctl, server):
    fill(ctl, server)
    before = ctl.json('show', '1')
    says(ctl('edit', '1', '-H', 'X-A: c', '--meta', 'k=', server.url + '/other'), 'Changed 1.')
    after = ctl.json('show', '1')
    assert after['uid'] != before['uid'] and after['id'] == 1 and after['headers']['X-A'] == 'c'
    assert after['meta'] == {} and after['parts'] == before['parts'] and after['url'].endswith('/other')
    ctl('edit', '1', code=2)
    ctl('edit', '9', '-X', 'PUT', code=1)
    ctl('edit', '1', '-X', 'PUT', 'http://elsewhere.example/', code=2)
    ctl('edit', '3', '-X', 'PUT', code=2)
    says(ctl.err, 'submission')
    draft = ctl.json('edit', '3')['draft']
    says(ctl('edit', '3'), draft)
    assert ctl.json('show', '3')['state'] == 'discarded'
    ctl('undo', '3', code=1)
    says(ctl.err, draft)
    ctl('fill', draft, '--set', 'where=Quay')
    ctl('sync', '--wait')
    sent = [json.loads(g[3]) for g in server.got if g[1] == '/in']
    assert [s['where'] for s in sent] == ['Quay'] and '_deprecated_id' not in sent[0], sent

    again = ctl.json('edit', '4')['draft']
    ctl('fill', again, '--set', 'where=Pier')
    ctl('sync', '--wait')
    sent = [json.loads(g[3]) for g in server.got if g[1] == '/in']
    assert sent[1]['_deprecated_id'] == sent[0]['_id'] != sent[1]['_id'] and sent[1]['where'] == 'Pier'
    ctl('edit', '4', code=1)
    says(ctl.err, 'item 5')


def test_export_is_plain_and_without_secrets(ctl, server):
    fill(ctl, server)
    out = ctl.path('out')
    assert ctl.json('export', '--to', out)['items'] == 3
    subprocess.run(['sha256sum', '--quiet', '-c', 'SHA256SUMS'], cwd=out, check=True)
    found = {f for _, _, files in os.walk(out) for f in files}
    assert {'manifest.json', 'request.json', 'draft.json', 'form.xml', '1-submission.xml'} & found
    for folder, _, files in os.walk(out):
        for name in files:
            with open(os.path.join(folder, name), 'rb') as f:
                assert b's3cr3t' not in f.read(), name
    ctl('export', '--to', out, code=1)
    assert all(i['state'] == 'pending' for i in ctl.json('list'))
    other = ctl.path('other')
    os.mkdir(other)
    open(os.path.join(other, 'mine'), 'w').close()
    ctl('export', '--to', other, code=1)
    assert os.listdir(other) == ['mine']
    assert ctl.json('export', '--to', ctl.path('tagged'), '--tag', 'form-sync')['items'] == 1
    assert ctl.json('export', '--to', ctl.path('ids'), '1', '2')['items'] == 2
    ctl('export', '--state', 'lost', code=2)


def test_half_a_request_stays_here(ctl, server):
    fill(ctl, server)
    store = sqlite3.connect(os.path.join(ctl.data, 'fieldpost.db'))
    for state, why in ((4, 'still being copied'), (3, 'lost its file')):
        store.execute("UPDATE item SET state = ?, hold = 'staging' WHERE id = 2", (state,))
        store.commit()
        for words in ([], ['--move']):
            out = ctl.path('out-%d%s' % (state, ''.join(words)))
            ctl('export', *words, '--to', out, '1', '2', code=1)
            says(ctl.err, 'item 2', why)
            assert not os.path.exists(out) or os.listdir(out) == [], os.listdir(out)
        assert ctl.json('show', '1')['state'] == 'pending'
        assert ctl.json('export', '--to', ctl.path('others-%d' % state))['items'] == 2
        ctl('edit', '2', '-X', 'PUT', code=1)
        says(ctl.err, 'item 2', why)
    store.close()
    ctl('export', '--to', ctl.path('none'), '4711', code=1)
    says(ctl.err, '4711')


def test_move_is_sent_from_the_other_place_only(ctl, server):
    fill(ctl, server)
    ctl('edit', '1', '-H', 'Authorization:')
    out = ctl.path('out')
    says(ctl('export', '--move', '--to', out), 'Moved 3 items and 1 draft')
    assert {(i['state'], i['hold']) for i in ctl.json('list')} == {('held', 'moved')}
    assert ctl.json('drafts', 'list') == []
    status = ctl.json('status')
    assert (status['waiting'], status['held'], status['moved'], status['state']) == (0, 0, 3, 'idle'), status
    assert ctl('status') == 'Nothing waits; 3 were moved to another place\n'
    found = {f['check']: f for f in json.loads(ctl.run('doctor', '--json').stdout)}
    assert found['held']['level'] == 'ok' and '3 were moved' in found['moved']['text'], found
    assert ctl('sync', '--wait') == ctl('status')
    ctl('add', server.url + '/later')
    ctl('hold', '4')
    says(ctl('status'), '1 waiting to be sent — 1 is held back')
    ctl('discard', '4')
    assert server.got == []
    other = World(CTL)
    try:
        assert other.json('import', out)['items'] == 3
        assert other.json('import', out)['skipped'] == 4
        assert [i['uid'] for i in other.json('list')] == [i['uid'] for i in ctl.json('list')]
        other('sync', '--wait')
        assert sorted(g[1] for g in server.got) == ['/in', '/one', '/two']
        assert other.json('import', out)['items'] == 0
        ctl('import', out, code=1)
        says(ctl.err, 'another store')
        assert len(other.json('drafts', 'list')) == 1
    finally:
        other.close()
    assert len(server.got) == 3


def test_move_back_releases(ctl, server):
    fill(ctl, server)
    ctl('hold', '2')
    before = [(i['id'], i['state'], i['hold'], i['uid']) for i in ctl.json('list')]
    out = ctl.path('out')
    ctl('export', '--move', '--to', out)
    assert ctl.json('import', out)['released'] == 4
    assert [(i['id'], i['state'], i['hold'], i['uid']) for i in ctl.json('list')] == before
    assert len(ctl.json('drafts', 'list')) == 1
    ctl('release', '2')
    ctl('sync', '--wait')
    assert len(server.got) == 3


def delivery(item):
    return {key: item[key] for key in ('uid', 'state', 'hold', 'reason_code', 'reason', 'status', 'attempts')}


def test_a_failed_item_moves_with_its_reason(ctl, server):
    ctl('add', '--json', '1', server.url + '/status/400')
    ctl('sync', '--wait', code=3)
    before = delivery(ctl.json('show', '1'))
    assert before['state'] == 'failed' and before['reason_code'] == 'item-refused', before
    out = ctl.path('out')
    ctl('export', '--move', '--to', out)
    assert 'failed' not in ctl('list')
    other = World(CTL)
    try:
        other('import', out)
        assert delivery(other.json('show', '1')) == before, other.json('show', '1')
    finally:
        other.close()
    os.unlink(os.path.join(out, 'taken.json'))
    ctl('import', out)
    assert delivery(ctl.json('show', '1')) == before, ctl.json('show', '1')


def break_off(ctl, out):
    """A move as a kill between the manifest and the transactions after it leaves it."""
    shutil.copy(os.path.join(out, 'manifest.json'), os.path.join(out, 'partial.json'))
    with sqlite3.connect(os.path.join(ctl.data, 'fieldpost.db')) as db:
        db.execute("UPDATE item SET hold = 'moving' WHERE hold = 'moved'")
        db.execute('UPDATE draft SET discarded = 0')
    db.close()


def tokens(server):
    return [g[2].get('Authorization') for g in server.got]


def queue_with(ctl, server, token, path='/one'):
    ctl('add', '--json', '1', '-H', 'Authorization: Bearer ' + token, server.url + path)


def test_what_is_imported_is_not_sent_with_a_secret_of_this_store(ctl, server):
    queue_with(ctl, server, 'BOB')
    other = World(CTL)
    try:
        queue_with(other, server, 'ANNA')
        other('tag', 'set', 'clicks', '--url', server.url + '/e', '-H', 'Authorization: Bearer ANNA')
        out = ctl.path('out')
        other('export', '--move', '--to', out)
    finally:
        other.close()
    ctl('import', out)
    says(ctl('list'), 'The password for this server is missing')
    ctl('release', '2')
    ctl('sync', '--wait', code=3)
    assert tokens(server) == ['Bearer BOB'], server.got
    assert ctl.json('show', '2')['hold'] == 'account'
    ctl('event', 'clicks', '1', code=None)
    ctl('sync', '--wait', code=3)
    assert tokens(server) == ['Bearer BOB'], server.got


def test_a_password_that_is_given_lifts_what_its_absence_holds(ctl, server):
    other = World(CTL)
    try:
        for path in ('/a', '/b'):
            queue_with(other, server, 'ANNA', path)
        out = ctl.path('out')
        other('export', '--move', '--to', out)
    finally:
        other.close()
    says(ctl('import', out), '2 are held', 'passwords of 2 are missing here: “edit ID -H” or “server set” gives them')
    ctl('release', '1')
    ctl('sync', code=None)
    for number in '12':
        says(ctl('edit', number, '-H', 'Authorization: Bearer ANNA'), 'Changed')
    ctl('sync', '--wait')
    assert tokens(server) == ['Bearer ANNA'] * 2, server.got
    # The file with the passwords was gone for a while.
    queue_with(ctl, server, 'ANNA')
    path = os.path.join(ctl.data, 'secrets.json')
    os.rename(path, path + '-aside')
    ctl('sync', '--wait', code=3)
    os.rename(path + '-aside', path)
    says(ctl('edit', '3', '-H', 'Authorization: Bearer ANNA'), 'Changed')
    ctl('sync', '--wait')
    queue_with(ctl, server, 'ANNA')
    os.rename(path, path + '-aside')
    ctl('sync', '--wait', code=3)
    os.rename(path + '-aside', path)
    queue_with(ctl, server, 'ANNA')
    ctl('sync', '--wait')
    assert tokens(server) == ['Bearer ANNA'] * 5, server.got


def rename_keys(world, number):
    """As an early version named them: counted in each store."""
    path = os.path.join(world.data, 'secrets.json')
    with sqlite3.connect(os.path.join(world.data, 'fieldpost.db')) as db:
        key = db.execute('SELECT secret_id FROM item').fetchone()[0]
        old = '%s#%d' % (key.partition('#')[0], number)
        db.execute('UPDATE item SET secret_id = ?', (old,))
        db.execute('DELETE FROM setting WHERE name LIKE ?', ('secret-keys-%',))
    db.close()
    text = open(path).read()
    with open(path, 'w') as f:
        f.write(text.replace(key.replace('/', '\\/'), old).replace(key, old))


def test_keys_that_an_early_version_counted_name_nothing_elsewhere(ctl, server):
    queue_with(ctl, server, 'BOB')
    rename_keys(ctl, 1)
    other = World(CTL)
    try:
        queue_with(other, server, 'ANNA', '/two')
        rename_keys(other, 1)
        out = ctl.path('out')
        other('export', '--move', '--to', out)
        back = other.path('back')
        shutil.copytree(out, back)
        ctl('import', out)
        assert ctl.json('show', '2')['hold'] == 'account'
        ctl('release', '2')
        ctl('sync', '--wait', code=3)
        assert tokens(server) == ['Bearer BOB'], server.got
        # In the store that made it the key is the one it was, even where the item itself is known no more.
        with sqlite3.connect(os.path.join(other.data, 'fieldpost.db')) as db:
            db.execute('DELETE FROM item_part')
            db.execute('DELETE FROM item')
        db.close()
        other('import', back)
        other('sync', '--wait')
        assert tokens(server) == ['Bearer BOB', 'Bearer ANNA'], server.got
    finally:
        other.close()


def test_a_secret_that_is_given_again_is_one_entry(ctl, server):
    for n in range(3):
        queue_with(ctl, server, 'ANNA')
        queue_with(ctl, server, 'BOB')
    with open(os.path.join(ctl.data, 'secrets.json')) as f:
        assert len(json.load(f)) == 2
    ctl('sync', '--wait')
    assert sorted(tokens(server)) == ['Bearer ANNA'] * 3 + ['Bearer BOB'] * 3, server.got


def test_a_move_that_is_not_whole_still_waits(ctl, server):
    ctl('add', server.url + '/one')
    ctl('add', server.url + '/two')
    out = ctl.path('out')
    command = ['export', '--move', '--to', out]
    ctl(*command)
    assert not os.path.exists(os.path.join(out, 'partial.json'))
    break_off(ctl, out)
    assert ctl.json('status')['waiting'] == 2
    says(ctl('status'), '2 are not wholly exported: run the same export again')
    says(ctl('list'), 'Not wholly exported yet')
    ctl('release', '1', code=1)
    for words in ([], ['--move']):
        ctl('export', *words, '--to', ctl.path('second'), '1', code=1)
        says(ctl.err, 'item 1 belongs to a move that was broken off; run that export again')
        assert not os.path.exists(ctl.path('second'))
    says(ctl(*command), 'Moved 2 items')
    assert ctl.json('status')['moved'] == 2 and ctl.json('status')['waiting'] == 0
    ctl(*command, code=1)
    says(ctl.err, 'holds an export already')
    ctl('export', '--to', ctl.path('third'), '1', code=1)
    says(ctl.err, 'item 1 was moved to another place already')
    assert ctl.json('release', '--all', '--reason', 'moved') == {'items': 2}
    assert {i['state'] for i in ctl.json('list')} == {'pending'}


def test_drafts_of_a_move_broken_off_go_with_the_same_command(ctl, server):
    photo = ctl.path('p.jpg', b'\xff\xd8\xff')
    fill(ctl, server)
    uid = ctl.json('drafts', 'list')[0]['uid']
    ctl('forms', 'add', os.path.join(FORMS, 'water-point.xml'), '--post', server.url + '/in')
    ctl('fill', 'water-point', '--attach', '/data/end/photo=' + photo, '--draft')
    for number in '123':
        ctl('discard', number)
    out = ctl.path('out')
    command = ['export', '--move', '--to', out]
    says(ctl(*command), 'Moved 0 items and 2 drafts')
    break_off(ctl, out)
    assert len(ctl.json('drafts', 'list')) == 2
    ctl('fill', uid, '--set', 'where=Pier', '--draft')
    says(ctl(*command), 'Moved 0 items and 2 drafts', '1 draft was changed meanwhile and is still here, too')
    assert [d['uid'] for d in ctl.json('drafts', 'list')] == [uid]
    # What came back is not put away again.
    break_off(ctl, out)
    ctl('import', out)
    ctl(*command, code=1)
    says(ctl.err, 'holds an export already')
    assert len(ctl.json('drafts', 'list')) == 2


def test_what_is_named_and_cannot_go_is_refused(ctl, server):
    ctl('add', server.url + '/one')
    ctl('sync', '--wait')
    ctl('add', server.url + '/two')
    ctl('add', server.url + '/three')
    ctl('discard', '3')
    out = ctl.path('out')
    for words, told in ((['1', '2'], 'item 1 is sent, which was not chosen'),
                        (['--move', '--state', 'all', '1'], 'item 1 is sent and cannot be moved'),
                        (['--move', '2', '3'], 'item 3 is discarded and cannot be moved'),
                        (['--state', 'sent', '2'], 'item 2 is pending, which was not chosen')):
        ctl('export', '--to', out, *words, code=1)
        says(ctl.err, told)
        assert not os.path.exists(out) and ctl.json('show', '2')['state'] == 'pending'
    assert ctl.json('export', '--to', out, '--state', 'all', '1', '3')['items'] == 2


def test_a_copy_is_held_elsewhere(ctl, server):
    fill(ctl, server)
    out = ctl.path('out')
    ctl('export', '--to', out)
    for words, states in ((['import', out], {'held'}), (['import', '--send', out], {'pending', 'held'})):
        other = World(CTL)
        try:
            other(*words)
            items = other.json('list')
            assert {i['state'] for i in items} == states, items
            assert [i['hold'] for i in items if i['id'] == 1] == ['account'], items
        finally:
            other.close()


def test_sent_items_keep_their_receipt(ctl, server):
    fill(ctl, server)
    ctl('sync', '--wait')
    out = ctl.path('out')
    assert ctl.json('export', '--state', 'sent', '--to', out)['items'] == 3
    other = World(CTL)
    try:
        other('import', out)
        assert other.json('show', '1')['receipt']['status'] == 201
        assert other.json('list') == []
    finally:
        other.close()
    assert ctl.json('import', out)['skipped'] == 3


def test_hostile_exports_change_nothing(ctl, server):
    fill(ctl, server)
    good = ctl.path('good')
    ctl('tag', 'set', 'clicks', '--url', server.url + '/e', '-H', 'A: b')
    ctl('export', '--to', good)
    item = next(n for n in sorted(os.listdir(good + '/items')) if n.startswith('00000002'))

    def member(key, value):
        def change(folder):
            path = os.path.join(folder, 'items', item, 'request.json')
            content = json.load(open(path))
            content[key] = value
            json.dump(content, open(path, 'w'))
            reseal(folder)
        return change

    def part(key, value):
        def change(folder):
            path = os.path.join(folder, 'items', item, 'request.json')
            content = json.load(open(path))
            content['parts'][0][key] = value
            json.dump(content, open(path, 'w'))
            reseal(folder)
        return change

    def tag(key, value):
        def change(folder):
            path = os.path.join(folder, 'tags.json')
            content = json.load(open(path))
            content['tags'][0][key] = value
            json.dump(content, open(path, 'w'))
            reseal(folder)
        return change

    def sums(extra):
        return lambda folder: seal(folder, open(os.path.join(folder, 'SHA256SUMS')).read() + extra)

    def link(folder):
        path = os.path.join(folder, 'items', item, '1-k')
        os.rename(path, ctl.path('aside'))
        os.symlink(ctl.path('aside'), path)

    def link_folder(folder):
        os.rename(os.path.join(folder, 'items'), ctl.path('items-aside'))
        os.symlink(ctl.path('items-aside'), os.path.join(folder, 'items'))

    def flip(folder):
        path = os.path.join(folder, 'items', item, '1-k')
        with open(path, 'wb') as f:
            f.write(b'w')

    def fifo(folder):
        path = os.path.join(folder, 'items', item, '1-k')
        os.unlink(path)
        os.mkfifo(path)

    def manifest(**more):
        return lambda folder: seal(folder, open(os.path.join(folder, 'SHA256SUMS')).read(), **more)

    zero = '0' * 64
    hostile = [member('uid', 'x'), member('url', 'file:///etc/passwd'), member('method', 'GE T'), member('state', 'lost'),
               member('created', 1 << 62), member('created', -5), member('created', 'now'), member('parts', {}),
               member('headers', '{"A\\r\\nB": "c"}'), member('boundary', 'a\r\nb'), member('kind', 'batch'),
               member('state', 'sent'), member('posts_done', 1 << 40), member('tag', 'a\nb'), member('hold', 'staging'),
               part('file', '../../../../etc/passwd'), part('file', '/etc/passwd'), part('file', '..'), part('size', -1),
               part('size', 1 << 60), part('sha256', 'xx'), part('name', 'a"\r\n'), part('file', 'absent'),
               tag('name', ''), tag('name', 'a\nb'), tag('name', 7), tag('url', 'file:///etc'), tag('headers', None),
               tag('headers', '{"A\\r\\nB": "c"}'), tag('reach', 'moon'), tag('batch_max', 0), tag('batch_max', 501),
               sums('%s  ../x\n' % zero), sums('%s  /etc/passwd\n' % zero), sums('nonsense\n'),
               sums('%s  items/x/request.json\n' % zero), sums('%s  .hidden\n' % zero), link, link_folder, flip, fifo,
               manifest(items=1 << 61), manifest(items=-1), manifest(items=2), manifest(**{'fieldpost-export': 2}),
               manifest(sha256sums='x'), manifest(export='x'),
               lambda folder: os.unlink(os.path.join(folder, 'manifest.json'))]
    for number, change in enumerate(hostile):
        folder = ctl.path('bad-%d' % number)
        shutil.copytree(good, folder)
        change(folder)
        other = World(CTL)
        try:
            run = other.run('import', folder)
            assert run.returncode == 1, (number, run)
            assert run.stderr.startswith('fieldpostctl: import: ') and run.stderr.count('\n') == 1, (number, run.stderr)
            assert other.json('list', '--state', 'all') == [] and other.json('forms', 'list') == [], number
            assert other.json('tag', 'list') == [], number
            assert other.json('drafts', 'list') == [] and os.listdir(other.data + '/blobs') == [], number
        finally:
            other.close()
        for path in ('aside', 'items-aside'):
            path = ctl.path(path)
            shutil.rmtree(path) if os.path.isdir(path) else os.path.exists(path) and os.unlink(path)


def killed(world, words, after):
    """TRUE if the command was killed before it ended."""
    run = subprocess.Popen([CTL, *words], env=world.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        run.wait(after)
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGKILL)
    return run.wait() != 0


def owners(*worlds):
    """uid -> the places from which it would be sent."""
    found = {}
    for number, world in enumerate(worlds):
        for item in world.json('list', '--limit', '5000'):
            found.setdefault(item['uid'], set())
            if item['state'] != 'held':
                found[item['uid']].add(number)
    return found


def test_killed_while_moving(ctl, server):
    body = ctl.path('b.bin', os.urandom(70000))
    n = 60
    for i in range(n):
        ctl('add', '--form', 'k=%d' % i, '--file', 'f=' + body, server.url + '/%d' % i)
    out = ctl.path('out')
    other = World(CTL)
    try:
        stopped = 0
        for round in range(25):
            stopped += killed(ctl, ['export', '--move', '--to', out], 0.004 * (round + 1))
            valid = os.path.exists(os.path.join(out, 'manifest.json'))
            run = other.run('import', out)
            assert (run.returncode == 0) == valid, (round, run)
            who = owners(ctl, other)
            assert len(who) == n and all(len(places) <= 1 for places in who.values()), round
            if valid:
                break
            assert other.json('list') == []
        if not os.path.exists(os.path.join(out, 'manifest.json')):
            ctl('export', '--move', '--to', out)
            other('import', out)
        assert stopped > 0
        assert set(map(frozenset, owners(ctl, other).values())) == {frozenset({1})}
    finally:
        other.close()


def test_killed_while_importing(ctl, server):
    body = ctl.path('b.bin', os.urandom(70000))
    n = 200
    for i in range(20):
        ctl('add', '--file', 'f=' + body, server.url + '/file%d' % i)
    for i in range(20, n):
        ctl('add', '--json', '{}', server.url + '/%d' % i)
    out = ctl.path('out')
    ctl('export', '--move', '--to', out)
    other = World(CTL)
    try:
        stopped = sum(killed(other, ['import', out], 0.005 * (round + 1)) for round in range(20))
        assert stopped > 0
        other('import', out)
        items = other.json('list')
        assert len(items) == n == len({i['uid'] for i in items})
        assert [i['url'] for i in items] == [i['url'] for i in ctl.json('list')]
        assert {i['state'] for i in items} == {'pending'}
        db = sqlite3.connect(os.path.join(other.data, 'fieldpost.db'))
        assert db.execute('PRAGMA integrity_check').fetchone() == ('ok',)
    finally:
        other.close()


main('transfer', globals(), CTL)
