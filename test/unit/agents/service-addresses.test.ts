import t from 'tap';
import { ServiceAddresses } from '../../../src/cli/agents/node-agent/service-addresses.ts';
import { asNodeId } from '../../../src/core/ids.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function stage({ code = 0, after = (then: () => void) => then() } = {}) {
  const ran: string[] = [];
  const events: object[] = [];
  const failures: string[] = [];
  const addresses = new ServiceAddresses({
    addresses: { n1: '10.77.2.11', n2: '10.77.2.12' },
    networkInterface: 'eth0',
    run: async (argv) => {
      const [program, , verb = '', address] = argv;
      if (program === 'ip') ran.push(`${verb} ${address}`);
      return { code: program === 'ip' ? code : 0, stdout: '', stderr: 'RTNETLINK answers: no' };
    },
    after: (_ms, then) => {
      after(then);
      return () => {};
    },
    observe: (event) => void events.push(event),
    onFailure: (error) => void failures.push(error.message),
  });
  const carry = (...owners: string[]) => addresses.carry(owners.map(asNodeId));
  return { addresses, carry, ran, events, failures };
}

t.test('nothing leads to a node that does not serve yet', async (t) => {
  const { addresses, carry, ran, events } = stage();
  carry('n1');
  await settle();
  t.strictSame(ran, []);
  await addresses.serve();
  t.strictSame(ran, ['replace 10.77.2.11/16']);
  t.strictSame(events, [{ event: 'address-taken', peer: 'n1', detail: '10.77.2.11' }]);
});

t.test('C6: what is inherited is raised, and what another one carries is dropped', async (t) => {
  const { addresses, carry, ran, events } = stage();
  carry('n1');
  await addresses.serve();
  carry('n1', 'n2');
  carry('n2');
  carry('n2');
  await settle();
  await settle();
  t.strictSame(ran, ['replace 10.77.2.11/16', 'replace 10.77.2.12/16', 'delete 10.77.2.11/16']);
  t.match(events.slice(1), [
    { event: 'address-taken', peer: 'n2' },
    { event: 'address-dropped', peer: 'n1' },
  ]);
});

t.test('it is settled when what was asked for is raised and dropped', async (t) => {
  const { addresses, carry, ran } = stage();
  await addresses.settled();
  carry('n1');
  await addresses.serve();
  carry('n2');
  await addresses.settled();
  t.strictSame(ran, ['replace 10.77.2.11/16', 'replace 10.77.2.12/16', 'delete 10.77.2.11/16']);
});

t.test(
  'what comes back before it was dropped is announced again: the neighbours know where it was meanwhile',
  async (t) => {
    const lingering: (() => void)[] = [];
    const { addresses, carry, ran } = stage({ after: (then) => void lingering.push(then) });
    carry('n1');
    await addresses.serve();
    carry();
    await settle();
    carry('n1');
    for (const over of lingering) over();
    await settle();
    t.equal(lingering.length, 1);
    t.strictSame(ran, ['replace 10.77.2.11/16', 'replace 10.77.2.11/16'], 'and is dropped nowhere');
  },
);

t.test('a node whose own address an heir carries raises none', async (t) => {
  const { addresses, carry, ran } = stage();
  carry();
  await addresses.serve();
  t.strictSame(ran, []);
});

t.test('an address that cannot be raised is told, in one sentence', async (t) => {
  const { addresses, carry, failures } = stage({ code: 2 });
  carry('n1');
  await addresses.serve();
  t.equal(failures[0], 'the service address 10.77.2.11 cannot be raised on eth0: RTNETLINK answers: no');
});

t.test('an owner without an address has none to be moved', async (t) => {
  const { addresses, carry, ran } = stage();
  carry('n9');
  await addresses.serve();
  t.strictSame(ran, []);
});
