#!/usr/bin/python3
"""story - tells an outage line by line; each line is printed after the programs have shown it, not before.

Runs in "lab --net --bus"; the argument is the folder that keeps what the receiver stored.
"""
import os, shutil, sys, time
import fplab, outage
from fplab import Failed, until, world

FOLDER = os.path.abspath(sys.argv[1])
step = 0


def say(text):
    global step
    step += 1
    print(f'{step:2}. {text}', flush=True)


def expect(condition, what):
    if not condition:
        raise Failed(what)


def tell():
    who = os.environ['FP_LAB_NET']
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.makedirs(FOLDER)
    place = outage.Place(os.path.join(FOLDER, 'received'))
    store, agent = place.store, place.start_agent()
    forms = store.json('forms', 'list')
    real = who == 'NetworkManager'
    how = 'a real NetworkManager in a network namespace decides when it can be reached.' if real else \
        'a stand-in for NetworkManager decides when it can be reached (namespaces are refused here).'
    say(f'Receiver on {place.receiver.url} offers {len(forms)} forms; {how}')

    draft = store.json('fill', outage.FORM, *outage.as_options(outage.BEGUN), '--draft')
    uid = draft['draft']
    say(f'Draft saved: water point {outage.BEGUN["code"]}, three answers.')

    agent.kill()
    place.start_agent()
    answers = store.json('drafts', 'show', uid)['answers']
    expect(set(outage.BEGUN.values()) <= set(answers.values()), 'the draft has not come back')
    say(f'Agent killed (SIGKILL, process {agent.pid}) and started again; the draft is back with its answers.')

    agent = place.agent
    told = len(agent.read())
    world('offline')
    agent.wait_line('link offline', after=told)
    status = until(lambda: (lambda s: s if s['connectivity'] == 'offline' else None)(store.status()), 'offline')
    say(f'{"The cable is out" if real else "Told to be offline"}; libnm says: {status["connectivity"]}.')

    item = submit(place, uid)
    status = until(lambda: (lambda s: s if s['waiting'] == 1 else None)(store.status()), '1 waiting')
    expect(place.item(item['id'])['attempts'] == 0, 'a try was used up without a network')
    say(f'Submitted: {status["title"]} ({status["detail"] or status["state"]}); no try is made or used up.')

    told = len(agent.read())
    world('full')
    agent.wait_line('link full', after=told)
    say(f'{"The cable is back" if real else "Told to be back"}; libnm says: full.')

    match, _ = agent.wait_line(rf'sent {item["id"]} .*first byte (\d+) ms after full', after=told)
    sent = place.wait_sent(item['id'])
    say(f'Sent: the first byte left {match[1]} ms after full.')
    receipt = sent['receipt']
    when = time.strftime('%H:%M:%S', time.localtime(receipt['time'] / 1000))
    arrival = [e for e in place.receiver.events('stored') if e['instance_id'] == sent['instance_id']]
    expect(len(arrival) == 1, f'{len(arrival)} arrivals of one submission')
    path = os.path.join(arrival[0]['folder'], 'submission.xml')
    expect(os.path.getsize(path) > 0, 'nothing is stored')
    say(f'Receipt: {receipt["status"]} at {when}; stored once, as {path}')
    place.end()


def submit(place, uid):
    rest = {k: v for k, v in outage.ANSWERS.items() if k not in outage.BEGUN}
    return place.store.json('fill', uid, *outage.as_options(rest), '--submit')


try:
    tell()
except Failed as e:
    print(f'story: {e}', file=sys.stderr)
    sys.exit(1)
