#!/usr/bin/python3
"""first-steps - what somebody who has only read the man page tries.

  first-steps.py FIELDPOSTCTL     prints TAP
"""
import json, os, shutil, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clitest import World, main, says

CTL = sys.argv[1]


def collect(ctl, server, n, tag='usage'):
    ctl('tag', 'set', tag, '--kind', 'batch', '--url', server.url + '/events')
    for i in range(n):
        ctl('event', tag, '{"n": %d}' % i)


def test_events_are_seen_before_they_are_sent(ctl, server):
    collect(ctl, server, 3)
    status = ctl.json('status')
    assert status['events'] == 3 and status['waiting'] == 0, status
    says(ctl('status'), '3 events waiting to be sent')
    assert ctl('list') == ''
    says(ctl.err, 'Nothing waits but 3 events', 'tag list')
    ctl('add', server.url + '/one')
    says(ctl('status'), '1 waiting to be sent, and 3 events')


def test_a_move_imported_again_after_an_edit(ctl, server):
    ctl('add', '--json', '1', server.url + '/one')
    out = ctl.path('out')
    ctl('export', '--move', '--to', out)
    other = World(CTL)
    try:
        assert other.json('import', out)['items'] == 1
        other('edit', '1', '--json', '2')
        again = other.json('import', out)
        assert (again['items'], again['skipped']) == (0, 1), again
        other('sync', '--wait')
        assert [g[3] for g in server.got] == [b'2'], server.got
    finally:
        other.close()


def test_what_was_moved_takes_its_word(ctl, server):
    ctl('add', server.url + '/one')
    ctl('export', '--move', '--to', ctl.path('out'))
    for words in (['release', '1'], ['retry', '1']):
        ctl(*words, code=1)
        says(ctl.err, 'item 1', 'release --reason moved 1')
    ctl('release', '--reason', 'user', '1', code=1)
    ctl('release', '--all')
    assert ctl.json('show', '1')['hold'] == 'moved'
    ctl('release', '--reason', 'moved', '1')
    assert ctl.json('show', '1')['state'] == 'pending'


def test_a_held_item_is_not_retried(ctl, server):
    ctl('add', server.url + '/one')
    ctl('hold', '1')
    ctl('retry', '1', code=1)
    says(ctl.err, 'is held; release sends it')
    ctl('release', '1')


def test_all_or_nothing_is_said(ctl, server):
    ctl('add', server.url + '/one')
    ctl('discard', '1', '9999', code=1)
    says(ctl.err, 'item 9999', 'nothing was discarded')
    assert ctl.json('show', '1')['state'] == 'pending'


def test_events_leave_with_a_move(ctl, server):
    collect(ctl, server, 3)
    collect(ctl, server, 2, 'other')
    out = ctl.path('out')
    assert ctl.json('export', '--move', '--to', out)['items'] == 2
    assert ctl.json('status')['events'] == 0
    other = World(CTL)
    try:
        assert other.json('import', out)['items'] == 2
        assert other.json('import', out)['items'] == 0
        other('sync', '--wait')
        assert sorted(json.loads(g[3])['events'][-1]['n'] for g in server.got) == [1, 2], server.got
    finally:
        other.close()
    # What was moved keeps no later events.
    ctl('event', 'usage', '{"n": 9}')
    ctl('sync')
    ctl('sync', '--wait', 'usage', code=None)
    assert [json.loads(g[3])['events'] for g in server.got[2:]] == [[{'n': 9}]], server.got


def test_a_tag_keeps_its_settings_where_it_moves(ctl, server):
    ctl('tag', 'set', 'usage', '--url', server.url + '/events', '-H', 'X-Site: 7', '--reach', 'lan')
    ctl('tag', 'set', 'mine', '--url', server.url + '/old')
    ctl('event', 'usage', '1')
    out = ctl.path('out')
    assert ctl.json('export', '--move', '--to', out)['tags'] == 2
    other = World(CTL)
    try:
        other('tag', 'set', 'mine', '--url', server.url + '/mine')
        says(other('import', out), 'Imported 1 item', 'settings of 1 tag')
        assert other.json('import', out)['tags'] == 0
        tags = {tag['tag']: tag for tag in other.json('tag', 'list')}
        for key in ('url', 'reach', 'kind', 'batch_max'):
            assert tags['usage'][key] == {tag['tag']: tag for tag in ctl.json('tag', 'list')}['usage'][key], key
        assert tags['mine']['url'] == server.url + '/mine', tags
        other('event', 'usage', '2')
        other('sync', '--wait')
        # Two requests on their way at once: either may arrive first.
        assert sorted((g[1], g[2].get('X-Site'), json.loads(g[3])['events']) for g in server.got) \
            == [('/events', '7', [1]), ('/events', '7', [2])], server.got
    finally:
        other.close()
    for words, tags in ((['--tag', 'usage'], 1), (['--tag', 'data-sync'], 0), (['--state', 'failed'], 0)):
        assert ctl.json('export', '--to', ctl.path('-'.join(words)), *words)['tags'] == tags, words


def test_a_tag_names_its_account_where_it_moves(ctl, server):
    ctl('tag', 'set', 'usage', '--url', server.url + '/events', '-H', 'Authorization: Bearer s3cr3t')
    out = ctl.path('out')
    assert ctl.json('export', '--to', out)['tags'] == 1
    with open(os.path.join(out, 'tags.json')) as f:
        assert 's3cr3t' not in f.read()
    other = World(CTL)
    try:
        other('import', out)
        shutil.copy(os.path.join(ctl.data, 'secrets.json'), other.data)
        other('event', 'usage', '1')
        other('sync', '--wait')
        assert [g[2].get('Authorization') for g in server.got] == ['Bearer s3cr3t'], server.got
    finally:
        other.close()


def test_a_copy_has_the_events_too(ctl, server):
    collect(ctl, server, 3)
    out = ctl.path('out')
    assert ctl.json('export', '--to', out)['items'] == 1
    ctl('sync', '--wait')
    assert len(server.got) == 1
    assert ctl.json('import', out)['items'] == 0


def test_a_uid_is_as_good_as_a_number(ctl, server):
    ctl('add', server.url + '/one')
    uid = ctl.json('show', '1')['uid']
    for word in (uid, uid[:8], uid.upper()):
        assert ctl.json('show', word)['id'] == 1
    for words in (['hold', uid], ['release', uid[:9]], ['retry', uid], ['edit', uid[:8], '-X', 'PUT'], ['discard', '1'],
                  ['undo', '1'], ['export', '--to', ctl.path('out'), '1']):
        ctl(*words)
    ctl('show', uid[:7], code=2)
    ctl('show', 'ffffffff-0000', code=1)
    says(ctl.err, 'ffffffff-0000')


def test_titles_have_the_path(ctl, server):
    urls = {'http://example.org/inbox/crops?token=s3cr3t#x': 'POST example.org/inbox/crops',
            'http://example.org/': 'POST example.org', 'http://example.org?a=b': 'POST example.org',
            'http://example.org/' + 50 * 'a' + '/end': 'POST example.org/…' + 34 * 'a' + '/end'}
    for url, title in urls.items():
        assert ctl.json('add', '-X', 'POST', url)['title'] == title, (url, ctl.json('list')[0]['title'])


def test_a_header_twice_is_refused(ctl, server):
    ctl('add', '-H', 'X-A: 1', '-H', 'x-a: 2', server.url + '/one', code=2)
    says(ctl.err, 'x-a', 'twice')
    ctl('tag', 'set', 'usage', '--url', server.url, '-H', 'X-A: 1', '-H', 'X-A: 2', code=2)
    ctl('add', '--meta', 'a=1', '--meta', 'A=2', server.url + '/one')


def test_bad_json_is_told_by_line_and_column(ctl, server):
    for text, words in (('{bad', 'line 1, column 2: “b”'), ('{"a":\n 1,}', 'line 2, column 4: “}”'),
                        ('["ä" x]', 'line 1, column 6: “x”'), ('[1', 'line 1, column 3: it ends too early'),
                        ('// a', 'line 1, column 1: “/”')):
        ctl('add', '--json', text, server.url + '/one', code=2)
        says(ctl.err, '--json: ', words)
    assert ctl.json('list') == []


main('first-steps', globals(), CTL)
