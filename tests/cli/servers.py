#!/usr/bin/python3
"""servers - plain endpoints and servers on the command line: added, changed, tested.

  servers.py FIELDPOSTCTL     prints TAP
"""
import base64, os, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clitest import World, main, says

CTL = sys.argv[1]
FORM_LIST = b'<xforms xmlns="http://openrosa.org/xforms/xformsList"></xforms>'


def test_plain_server_sends_by_its_rules(ctl, server):
    secret = ctl.path('secret', 'pa55word\n')
    added = ctl.json('server', 'add', server.url + '/hook', '--plain', '--user', 'anna', '--secret-file', secret,
                     '--lost', 'ask')
    assert (added['protocol'], added['success'], added['lost'], added['user']) == ('plain', '2xx', 'ask', 'anna')
    ctl('add', '--json', '{}', server.url + '/hook/one')
    ctl('add', '--json', '{}', server.url + '/elsewhere')
    ctl('sync', '--wait')
    by_path = {g[1]: g[2] for g in server.got}
    assert by_path['/hook/one']['Authorization'] == 'Basic ' + base64.b64encode(b'anna:pa55word').decode()
    assert 'Authorization' not in by_path['/elsewhere']
    for name in os.listdir(ctl.data):
        path = os.path.join(ctl.data, name)
        if os.path.isfile(path) and name != 'secrets.json':
            with open(path, 'rb') as f:
                assert b'pa55word' not in f.read(), name


def test_an_address_has_one_rule(ctl, server):
    ctl('server', 'add', server.url + '/hook', '--plain', '--title', 'Hook', '--lost', 'ask')
    for again in ('/hook', '/hook/', '/hook?x=1'):
        ctl('server', 'add', server.url + again, '--plain', '--user', 'anna', input='pa55word\n', code=1)
        says(ctl.err, 'server 1 (Hook) has this address already')
    assert [s['lost'] for s in ctl.json('server', 'list')] == ['ask']
    assert not os.path.exists(os.path.join(ctl.data, 'secrets.json'))
    ctl('server', 'add', server.url + '/hook/deeper', '--plain')
    ctl('server', 'remove', '1')
    ctl('server', 'add', server.url + '/hook', '--plain')


def test_success_json_is_asked_for(ctl, server):
    ctl('server', 'add', server.url + '/hook', '--plain', '--success', 'json')
    ctl('add', '--json', '{}', server.url + '/hook')
    ctl('sync', '--wait', '--timeout', '2', code=3)
    server.answers['/hook'] = (200, 'application/json', b'{}')
    ctl('server', 'set', '1', '--success', '2xx')
    assert ctl.json('server', 'list')[0]['success'] == '2xx'
    ctl('retry', '--all')
    ctl('sync', '--wait')


def test_another_password_sends_what_was_held(ctl, server):
    ctl('server', 'add', server.url + '/hook', '--plain', '--user', 'anna', input='old\n')
    server.answers['/hook'] = (401, 'text/plain', b'no')
    ctl('add', '--json', '{}', server.url + '/hook')
    ctl('sync', '--wait', '--timeout', '5', code=3)
    assert [(i['state'], i['hold']) for i in ctl.json('list')] == [('held', 'account')]
    server.answers['/hook'] = (201, 'text/plain', b'ok')
    says(ctl('server', 'set', '1', '--secret-file', '-', input='new\n'), 'goes again')
    assert ctl.json('list')[0]['state'] == 'pending'
    ctl('sync', '--wait')
    assert server.got[-1][2]['Authorization'] == 'Basic ' + base64.b64encode(b'anna:new').decode()


def test_a_sample_is_posted_only_if_allowed(ctl, server):
    ctl('server', 'add', server.url + '/hook', '--plain')
    ctl('server', 'test', '1', code=2)
    assert server.got == []
    says(ctl('server', 'test', '1', '--yes'), '201', 'That is a yes')
    assert server.got[0][2]['X-Fieldpost-Test'] == '1' and b'fieldpost_test' in server.got[0][3]
    assert ctl.json('list', '--state', 'all') == []
    server.answers['/hook'] = (303, 'text/html', b'')
    says(ctl('server', 'test', '1', '--yes', code=1), '303', '--success redirect')
    server.answers['/hook'] = (200, 'application/json', b'{}')
    got = ctl.json('server', 'test', '1', '--yes')
    assert (got['status'], got['success'], got['yes'], got['secure']) == (200, 'json', True, False)
    server.answers['/hook'] = (401, 'text/plain', b'')
    says(ctl('server', 'test', '1', '--yes', code=1), 'user name or password')
    ctl('server', 'add', 'http://127.0.0.1:1/', '--plain')
    ctl('server', 'test', '2', '--yes', code=5)
    says(ctl.err, 'not reached')
    ctl('server', 'test', '9', '--yes', code=1)


def test_openrosa_is_asked_for_its_forms(ctl, server):
    server.answers['/formList'] = (200, 'text/xml', FORM_LIST)
    ctl('server', 'add', server.url)
    says(ctl('server', 'test', '1'), 'lists its forms')
    ctl('server', 'set', '1', '--success', 'json', code=2)
    says(ctl.err, 'OpenRosa')
    assert ctl.json('server', 'set', '1', '--title', 'Ours', '--reach', 'lan')['title'] == 'Ours'


def test_what_makes_no_sense_is_refused(ctl, server):
    for words in (['add', 'http://example.org/x', '--plain'], ['add', 'http://example.org/x'],
                  ['add', 'https://example.org/', '--success', 'json'], ['set', '1'], ['set', 'x', '--reach', 'lan'],
                  ['add', 'ftp://x', '--plain'], ['add', server.url, '--plain', '--success', 'moon'],
                  ['add', server.url, '--plain', '--lost', 'moon'], ['add', server.url, '--plain', '--reach', 'moon'],
                  ['add', server.url, '--plain', '--secret-file', '/nonexistent'], ['test']):
        ctl('server', *words, code=2)
    ctl('server', 'set', '7', '--title', 'x', code=1)
    ctl('server', 'add', server.url, '--plain', '--user', 'anna', '--secret-file', '/nonexistent/f', code=2)
    assert ctl.json('server', 'list') == []
    ctl('server', 'add', 'http://example.org/x', '--plain', '--cleartext')
    assert len(ctl.json('server', 'list')) == 1


main('servers', globals(), CTL)
