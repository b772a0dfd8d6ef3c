"""outage - a receiver with the sample forms, a store that knows it, and answers that fill the water-point survey."""
import os, tempfile
import fplab

FORM = 'water-point'
BEGUN = {'code': 'WP0417', 'district': 'gulu', 'village': 'paicho'}
ANSWERS = {**BEGUN, 'kind': 'borehole', 'users': 'households school', 'families': '42', 'working': 'yes',
           'seconds': '35', 'ph': '7.1'}


def as_options(answers):
    return [word for name, value in answers.items() for word in ('--set', f'{name}={value}')]


class Place:
    """Everything an outage needs, in a folder of the lab; the receiver's may be one that stays."""

    def __init__(self, received=None, *options):
        self.folder = tempfile.mkdtemp(dir=os.environ['FP_LAB'])
        self.receiver = fplab.Receiver(received or os.path.join(self.folder, 'received'), *options)
        self.store = fplab.Store(os.path.join(self.folder, 'store'))
        # On loopback, but said to be public: so the network decides when it may be reached.
        self.store.run('server', 'add', self.receiver.url, '--title', 'Demo receiver', '--reach', 'public')
        self.agent = None

    def start_agent(self, link='full', tray=False):
        self.agent = fplab.Agent(self.store.folder, *([] if tray else ['--no-tray']))
        self.agent.wait_line('sender lock')
        self.agent.wait_line(f'link {link}')
        return self.agent

    def submit(self, **changed):
        return self.store.json('fill', FORM, *as_options({**ANSWERS, **changed}), '--submit')

    def request(self, text='{"a": 1}', path='/inbox/test'):
        return self.store.json('add', '--json', text, '--reach', 'public', self.receiver.url + path)

    def item(self, number):
        answer = self.store.json('show', str(number))
        return answer[0] if isinstance(answer, list) else answer

    def wait_sent(self, number, seconds=60):
        return fplab.until(lambda: (lambda i: i if i['state'] == 'sent' else None)(self.item(number)),
                           f'item {number} sent', seconds, 0.05)

    def end(self):
        """Stops what runs; says what complained."""
        complaints = []
        for process in (self.agent, self.receiver):
            if process and process.child.poll() is None:
                process.stop()
            complaints += process.complaints() if process else []
        if complaints:
            raise fplab.Failed('on stderr: ' + ' | '.join(complaints))

    def kill(self):
        for process in (self.agent, self.receiver):
            if process:
                process.kill()
