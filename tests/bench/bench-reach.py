#!/usr/bin/python3
"""bench-reach [ROUNDS] - from "the network is there" to the first byte, behind a real NetworkManager; 50 rounds.

Each round takes the internet away (cable out, sign-in page, no internet), queues a request, gives it back and reads how
long after libnm's "full" its first byte left. The reference is a curl that posts the same at that moment: start of the
process included, knowledge of the network not.
"""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lab'))
import fplab
fplab.in_lab('--net', '--bus')
import benchlib
import outage

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 50
CLOSED = ('offline', 'portal', 'limited')


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


place = outage.Place()
place.start_agent()
ours, theirs = [], []
for n in range(ROUNDS):
    told = len(place.agent.read())
    fplab.world(CLOSED[n % len(CLOSED)])
    place.agent.wait_line(f'link {CLOSED[n % len(CLOSED)]}', after=told)
    item = place.request()
    told = len(place.agent.read())
    fplab.world('full')
    match, _ = place.agent.wait_line(rf'sent {item["id"]} .*first byte (\d+) ms', after=told)
    ours.append(int(match[1]))
    theirs.append(1000 * benchlib.timed(['curl', '--silent', '--fail', '--output', '/dev/null', '--json', '{"a": 1}',
                                         place.receiver.url + '/inbox/test']))
place.kill()
print(f'network: {os.environ["FP_LAB_NET"]}')
for name, share in (('median', 0.5), ('p99', 0.99), ('longest', 1)):
    a, b = percentile(ours, share), percentile(theirs, share)
    benchlib.report(f'full to first byte, {name} of {ROUNDS}', a, b, 'ms', b / max(a, 1))
