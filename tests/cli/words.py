#!/usr/bin/python3
"""words - what fieldpostctl says tells a person what is the case, and what to do.

  words.py FIELDPOSTCTL     prints TAP
"""
import json, os, re, sqlite3, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clitest import main, says

CTL = sys.argv[1]
NOWHERE = 'http://127.0.0.1:1/x'


def test_what_a_person_cancels_was_a_try_where_the_server_had_it(ctl, server):
    ctl('add', '--json', '1', server.url + '/hang')
    sync = subprocess.Popen([CTL, 'sync', '--wait'], env=ctl.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not server.got:
            assert sync.poll() is None
            time.sleep(0.01)
        ctl('cancel', '1')
        while ctl.json('show', '1')['state'] == 'sending':
            time.sleep(0.01)
    finally:
        sync.kill()
        sync.wait()
    item = ctl.json('show', '1')
    assert (item['state'], item['hold'], item['attempts']) == ('held', 'user', 1), item


def test_status_names_what_is_held(ctl, server):
    ctl('add', NOWHERE)
    ctl('sync', '--wait', '--timeout', '1', code=3)
    says(ctl('status'), 'cannot be reached')
    ctl('hold', '1')
    status = ctl('status')
    says(status, '1 waiting to be sent — 1 is held back')
    assert 'reached' not in status and 'Nothing sends' not in status, status
    assert ctl.json('status')['held'] == 1


def test_sync_says_what_stops_it(ctl, server):
    ctl('add', server.url + '/a')
    ctl('hold', '1')
    for words in (['sync'], ['sync', '--wait']):
        out = ctl(*words, code=3)
        assert out.count('is held') == 1 and 'waiting' not in out, out
        says(out, 'release')
        assert ctl.err == '', ctl.err
    assert ctl.json('sync', '--wait', code=3)['waiting'] == 1
    ctl('release', '1')
    ctl('pause')
    for words in (['sync'], ['sync', '--wait']):
        out = ctl(*words, code=3)
        says(out, 'Work Offline is on: nothing is sent')
        assert 'The agent sends' not in out, out
    ctl('resume')
    says(ctl('sync', '--wait'), '1 sent')


def test_nothing_is_silent(ctl, server):
    says(ctl('settings', 'set', 'retention-days', '9'), 'retention-days is now 9')
    assert ctl.json('settings', 'set', 'retention-days', '8')['value'] == 8
    says(ctl('settings', 'reset', 'retention-days'), 'retention-days is now 7')
    says(ctl('periodic', 'run', 'clean-up'), '“clean-up”')
    assert ctl.json('periodic', 'run', 'clean-up')['name'] == 'clean-up'
    ctl.env['XDG_CONFIG_HOME'] = ctl.path('config')
    ctl('periodic', 'register', 'daily-sync')
    says(ctl('periodic', 'unregister', 'daily-sync'), '“daily-sync”')
    ctl('periodic', 'register', 'daily-sync')
    assert ctl.json('periodic', 'unregister', 'daily-sync') == {'name': 'daily-sync'}


def test_failed_items_say_whether_they_are_tried_again(ctl, server):
    for status in (404, 400, 405):
        ctl('add', server.url + '/status/%d' % status)
    ctl('sync', '--wait', code=3)
    lines = {line.split()[0]: line for line in ctl('list').splitlines()}
    assert all(line.split()[1] == 'failed' for line in lines.values()), lines
    assert re.search(r'; tried again (\w+ )?[0-9:]+$', lines['1']), lines
    says(lines['2'], 'not tried again by itself: “edit” or “retry”')
    says(lines['3'], 'does not take such requests', '; tried again')
    for number, status in enumerate((404, 400, 405), 1):
        assert re.search('^answer +HTTP %d$' % status, ctl('show', '%d' % number), re.M)
    ctl('add', server.url + '/a')
    ctl('sync', code=0)
    assert re.search('^receipt +HTTP 201$', ctl('show', '4'), re.M)


def test_tries_count_only_servers_that_were_met(ctl, server):
    ctl('add', NOWHERE)
    ctl('sync', '--wait', '--timeout', '1', code=3)
    says(ctl('show', '1'), '0 (the server was not reached)')


def test_a_lost_answer_is_said_when_it_is_discarded(ctl, server):
    ctl('add', server.url + '/lost')
    ctl('add', NOWHERE)
    ctl('sync', '--wait', '--timeout', '1', code=3)
    says(ctl('show', '1'), 'may have arrived already')
    assert 'arrived' not in ctl('show', '2')
    says(ctl('discard', '1', '2'), 'Discarded 2 items.', 'The server may have 1 of them all the same.')
    ctl('undo', '1', '2')
    says(ctl('discard', '1'), 'The server may have it all the same.')
    assert 'same' not in ctl('discard', '2')


def test_what_is_done_already_is_said(ctl, server):
    ctl('add', NOWHERE)
    ctl('hold', '1')
    ctl('hold', '1', code=1)
    says(ctl.err, 'item 1 is held already')
    ctl('discard', '1')
    ctl('discard', '1', code=1)
    says(ctl.err, 'item 1 is discarded already')


def test_an_event_of_no_tag_says_how_to_set_one(ctl, server):
    ctl('event', 'nosuch', '1', code=1)
    says(ctl.err, 'fieldpostctl tag set nosuch --url')
    ctl('tag', 'set', 'nosuch', '--url', server.url + '/e')
    ctl('event', 'nosuch', '1')


def test_an_event_says_where_it_waits(ctl, server):
    ctl('tag', 'set', 'clicks', '--url', server.url + '/e')
    says(ctl('event', 'clicks', '1'), '“clicks”', '1 event waits', 'fieldpostctl tag list')
    says(ctl('event', 'clicks', '2'), '2 events wait')
    assert ctl.json('event', 'clicks', '3')['events'] == 3


def test_numbers_of_items_do_not_look_like_items(ctl, server):
    for _ in range(3):
        ctl('add', server.url + '/a')
    for command, words in (('hold', '1 item is held back.'), ('release', 'Released 1 item.'),
                           ('retry', '1 item will be tried again.'), ('discard', 'Discarded 1 item.'),
                           ('undo', 'Restored 1 item.')):
        assert ctl(command, '3') == words + '\n'
    assert ctl('discard', '2', '3') == 'Discarded 2 items.\n'


def test_what_is_changed_is_told_as_json_too(ctl, server):
    ctl('tag', 'set', 'clicks', '--url', server.url + '/e')
    ctl('server', 'add', server.url, '--plain')
    ctl('forms', 'new', '--title', 'Trees', 'text:Name')
    draft = ctl.json('fill', 'trees', '--set', 'name=Oak', '--draft')['draft']
    for words, answer in ((['pause'], {'paused': True}), (['resume'], {'paused': False}),
                          (['drafts', 'discard', draft], {'drafts': 1}), (['drafts', 'undo', draft], {'drafts': 1}),
                          (['sync', 'register', 'mine'], {'tag': 'mine'}),
                          (['sync', 'unregister', 'mine'], {'tag': 'mine'}), (['tag', 'remove', 'clicks'], {'tag': 'clicks'}),
                          (['forms', 'update'], {'forms': 0}), (['forms', 'remove', 'trees'], {'form_id': 'trees'}),
                          (['server', 'remove', '1'], {'id': 1})):
        assert ctl.json(*words) == answer, words
    ctl('tag', 'set', 'clicks', '--url', server.url + '/e')
    says(ctl('tag', 'remove', 'clicks'), '“clicks” is forgotten')
    ctl('sync', 'register', 'mine')
    says(ctl('sync', 'unregister', 'mine'), '“mine” is told no more')
    ctl('server', 'add', server.url, '--plain')
    says(ctl('server', 'remove', '2'), 'Removed server 2')


def test_a_job_of_another_program_is_told_not_done(ctl, server):
    ctl.env['XDG_CONFIG_HOME'] = ctl.path('config')
    ctl('periodic', 'register', 'mine', '--interval', '7200')
    assert ctl("periodic", "run", "mine") == "The program of “mine” is told to run it as soon as there is a network.\n"


def test_plain_servers_are_not_asked_for_forms(ctl, server):
    ctl('server', 'add', server.url + '/hook', '--plain')
    assert ctl('forms', 'update') == '0 new or changed forms.\n'
    assert server.got == [] and ctl.err == ''


def test_who_takes_no_arguments_says_so(ctl, server):
    for words in ('list', 'status', 'pause', 'resume', 'cleanup', 'wipe --dry-run', 'doctor', 'forms list', 'forms update',
                  'drafts list', 'server list', 'tag list', 'periodic list', 'settings list'):
        ctl(*words.split(), 'x', code=2)
        says(ctl.err, words.replace(' --dry-run', '') + ': what is “x”?')
    ctl('server', 'set', '1', '--nosuch', code=2)
    says(ctl.err, 'server set: Unknown option --nosuch')


def test_a_default_has_the_type_of_the_value(ctl, server):
    for setting in ctl.json('settings', 'list'):
        assert type(setting['default']) is type(setting['value']), setting
        assert setting['default'] == setting['value'], setting


def test_a_list_of_nothing_is_not_asked_for(ctl, server):
    ctl('add', server.url + '/a')
    for limit in ('0', '-1'):
        ctl('list', '--limit', limit, code=2)
        says(ctl.err, 'is no number of items')
    assert len(ctl.json('list', '--limit', '1')) == 1


def test_an_unknown_question_says_where_the_known_are(ctl, server):
    ctl('forms', 'new', '--title', 'Trees', 'text:Name')
    ctl('fill', 'trees', '--set', 'Nane=Oak', code=2)
    says(ctl.err, 'no question “Nane”', 'forms show')


def test_half_a_uid_names_one_item_or_both(ctl, server):
    ctl('add', server.url + '/a')
    ctl('add', server.url + '/b')
    uids = ['abcdef01-0000-4000-8000-000000000001', 'abcdef01-0000-4000-8000-000000000002']
    with sqlite3.connect(os.path.join(ctl.data, 'fieldpost.db')) as db:
        for number, uid in enumerate(uids, 1):
            db.execute('UPDATE item SET uid = ? WHERE id = ?', (uid, number))
    for command in ('show', 'hold', 'retry', 'discard', 'export', 'edit'):
        ctl(command, 'ABCDEF01', code=1)
        says(ctl.err, 'abcdef01', 'item 1 (%s)' % uids[0], 'item 2 (%s)' % uids[1])
    assert ctl.json('show', uids[1][:-1] + '2')['id'] == 2
    assert {item['state'] for item in ctl.json('list')} == {'pending'}


def test_an_edit_keeps_the_method_that_was_chosen(ctl, server):
    ctl('add', server.url + '/a')
    ctl('add', '-X', 'PUT', server.url + '/b')
    for number, method in (('1', 'POST'), ('2', 'PUT')):
        assert ctl.json('edit', number, '--json', '{}')['method'] == method


def test_what_was_queued_can_be_looked_at(ctl, server):
    ctl('add', '-H', 'Authorization: Bearer geheim', '--json', '{"name": "Ei\\u00efn",\n "esc": "a"}\n', NOWHERE)
    shown = ctl('show', '1')
    says(shown, 'part 1       the body (', '\n               {"name": "Ei\\u00efn",\n                "esc": "a"}\n')
    assert 'geheim' not in shown, shown
    assert ctl('show', '1', '--part', '1') == '{"name": "Ei\\u00efn",\n "esc": "a"}\n'
    big, odd = os.urandom(300000), b'\xff\x00\x1b[31m'
    ctl('add', '--form', 'note=a\x1b[31m red', '--form', 'long=' + 'x' * 2049, '--file', 'photo=' + ctl.path('p.jpg', big),
        '--file', 'odd=' + ctl.path('odd.txt', odd), NOWHERE)
    shown = ctl('show', '2')
    says(shown, 'part 1       note (', '               a [31m red\n', 'part 2       long (', 'part 3       photo: p.jpg (')
    assert 'xxx' not in shown and '\x1b' not in shown, shown
    for number, content in ((1, b'a\x1b[31m red'), (2, b'x' * 2049), (3, big), (4, odd)):
        run = subprocess.run([CTL, 'show', '2', '--part', '%d' % number], env=ctl.env, capture_output=True)
        assert (run.returncode, run.stdout, run.stderr) == (0, content, b''), (number, run.returncode, run.stderr)


def test_a_part_that_is_not_there_is_an_error(ctl, server):
    ctl('add', NOWHERE, '--data-file', ctl.path('big', os.urandom(300000)))
    assert ctl('show', '1', '--part', '2', code=1) == ''
    says(ctl.err, 'item 1, part 2: there is none')
    for word in ('0', '-1', 'x', '99999999999'):
        ctl('show', '1', '--part=' + word, code=2)
        says(ctl.err, '--part: “%s” is no number of a part' % word)
    ctl('show', '1', '--part', '1', '--json', code=2)
    blob = os.path.join(ctl.data, 'blobs', ctl.json('show', '1')['parts'][0]['sha256'])
    os.chmod(blob, 0o600)
    os.truncate(blob, 299999)
    assert ctl.run('show', '1', '--part', '1', errors='replace').returncode == 4
    os.remove(blob)
    assert ctl('show', '1', '--part', '1', code=None) == ''
    says(ctl.err, 'item 1, part 1: ')


def test_a_setting_says_what_it_takes(ctl, server):
    says(ctl('settings', 'list'), 'limit = what is not large, never = nothing, always = all')
    ctl('settings', 'set', 'metered-limit', '1MB', code=2)
    says(ctl.err, 'settings set: metered-limit: “1MB” is no whole number from 0 to', '(Bytes above which')


def test_an_event_that_is_refused_names_its_command(ctl, server):
    ctl('event', 'weather', '1', code=1)
    says(ctl.err, 'fieldpostctl: event: ')
    assert 'weather: ' not in ctl.err and '“weather”' in ctl.err, ctl.err


def doctor(ctl):
    return {f['check']: f for f in json.loads(ctl.run('doctor', '--json').stdout)}


def test_doctor_names_what_does_not_go(ctl, server):
    ctl('add', server.url + '/status/400')
    ctl('tag', 'set', 'clicks', '--url', server.url + '/e')
    found = doctor(ctl)
    assert [found[check]['level'] for check in ('failed', 'held', 'events')] == ['ok'] * 3, found
    ctl('sync', '--wait', code=3)
    ctl('add', server.url + '/a')
    ctl('hold', '2')
    ctl('event', 'clicks', '1')
    found = doctor(ctl)
    assert [found[check]['level'] for check in ('failed', 'held', 'events')] == ['warn'] * 3, found
    says(found['failed']['text'], '1 could not be sent')
    says(found['held']['text'], '1 is held back')
    says(found['events']['text'], '1 of the tag “clicks”')


main('words', globals(), CTL)
