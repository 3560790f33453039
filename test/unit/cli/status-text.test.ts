import pc from 'picocolors';
import t from 'tap';
import type { LabNodeStatus, LabStatus, NodeStatus } from '../../../src/cli/living/control.ts';
import { statusText } from '../../../src/cli/living/status-text.ts';
import { asNodeId } from '../../../src/core/ids.ts';
import { createLedger } from '../../../src/core/ledger.ts';

const NODE: LabNodeStatus = {
  name: 'n1',
  address: '10.77.0.11',
  serviceAddress: '10.77.2.11',
  running: true,
  paused: false,
  serving: true,
  spare: false,
  waitingFor: null,
  node: null,
};
const LAB: LabStatus = {
  name: 'lab',
  upSince: '2026-01-02T03:04:05.000Z',
  leaseMs: 1000,
  graceMs: 1000,
  store: 'etcd',
  nodes: [],
  stores: [],
  cuts: [],
  clients: [],
  trouble: null,
};
const LEDGER = createLedger([asNodeId('n1'), asNodeId('n2')], { beaconProvesDeath: true });
/** What a node says that serves, with nothing to tell. */
const SAID: NodeStatus = {
  incarnation: 2,
  standing: 'current',
  ledger: LEDGER,
  enforcing: false,
  storeAnswers: true,
  store: { answers: true },
  waitingSinceMs: null,
  unacknowledged: [],
  outstanding: {},
  expected: [],
  deadlineInMs: null,
  latestEndInMs: null,
  heirs: {},
  carriedAddresses: ['n1'],
  fencing: [],
  revoked: [],
  unreadableRecords: null,
  clients: [],
};
const text = (status: Partial<LabStatus>): string[] =>
  statusText({ ...LAB, ...status }, pc.createColors(false)).split('\n');

t.test('C9: a node that has lost its ledger says since when, and what follows', async (t) => {
  const store = { answers: false, sinceMs: 12_345, problem: 'etcd does not answer' } as const;
  const lines = text({
    nodes: [{ ...NODE, node: { ...SAID, storeAnswers: false, store, enforcing: true } }],
  });
  t.match(lines[1], /^ {2}n1 {2}10\.77\.2\.11 +no ledger {2}incarnation 2/);
  t.equal(
    lines[2],
    'n1 has not reached its ledger for 12 s (etcd does not answer): what its clients hold stays theirs, and it grants nothing new.',
  );
});

t.test('what clients hold, delegations where there are any', async (t) => {
  const client = {
    name: 'alice',
    confirmed: true,
    reclaimComplete: true,
    leaseLeftMs: 500,
    opens: 2,
    locks: 3,
    delegations: 0,
  };
  const held = (delegations: number) =>
    text({ nodes: [{ ...NODE, node: { ...SAID, clients: [client, { ...client, delegations }] } }] })[1];
  t.match(held(0), /2 clients, 6 locks$/);
  t.match(held(1), /2 clients, 6 locks, 1 delegation$/);
});

t.test('a boot that waits says for what; a spare is none of the dead', async (t) => {
  const waiting = { ...NODE, serving: false, waitingFor: 'the ledger does not answer' };
  const spare = { ...NODE, name: 'n2', running: false, serving: false, spare: true };
  const lines = text({ nodes: [waiting, spare, { ...spare, name: 'n3', spare: false }] });
  t.match(lines[1], /booting: the ledger does not answer$/);
  t.match(lines[2], /spare$/);
  t.match(lines[3], /down$/);
});

t.test('C6: whose address leads where, who is suspected, and who is being fenced', async (t) => {
  const peer = { ...NODE, name: 'n2', serviceAddress: '10.77.2.12' };
  const ledger = {
    ...LEDGER,
    members: { ...LEDGER.members, n2: { ...LEDGER.members[asNodeId('n2')]!, state: 'suspect' as const } },
  };
  const fencing = { node: 'n2', incarnation: 4, underWayMs: 10, heldUpMs: 1500, failure: null };
  const node = { ...SAID, ledger, carriedAddresses: ['n1', 'n2'], fencing: [fencing] };
  const said = text({ nodes: [{ ...NODE, node }, peer] }).slice(3);
  t.strictSame(said, [
    'n2 is suspected dead, and nobody has made sure of it yet.',
    'The address of n2 (10.77.2.12) leads to n1.',
    'n1 makes sure that incarnation 4 of n2 is over, which has held grace up for 1.5 s.',
  ]);
  const work = { ...SAID, carriedAddresses: ['n1'] };
  const home = { ...SAID, carriedAddresses: ['n1', 'n2'] };
  const several = { ...work, domains: { work, home } };
  t.match(text({ nodes: [{ ...NODE, node: several }, peer] }).at(-1), 'n1 serves home in place of n2.');
  const failed = { ...node, fencing: [{ ...fencing, failure: 'nobody answers' }] };
  t.match(
    text({ nodes: [{ ...NODE, node: failed }] }).at(-1),
    'n1 could not make sure that incarnation 4 of n2 is over: nobody answers.',
  );
});

t.test('members of the ledger, and who is cut off', async (t) => {
  const member = { name: 'e1', address: '10.77.3.11', running: true, paused: false };
  const cut = { targets: ['n1'], from: ['e1', 'e2'], direction: 'one-way' } as const;
  const lines = text({ nodes: [NODE], stores: [member, { ...member, running: false }], cuts: [cut] });
  t.match(lines, [
    /grace 1 s, ledger in etcd$/,
    /n1/,
    /e1 +10\.77\.3\.11 +up {2}member of the ledger$/,
    /down/,
    'n1 is cut off from e1 and e2 (one way); end it with `gracelab fault heal n1`.',
  ]);
});

t.test('C12: the views of each lock domain', async (t) => {
  const domains = { home: SAID, work: { ...SAID, incarnation: 7 } };
  const [, line] = text({ nodes: [{ ...NODE, node: { ...SAID, domains } }] });
  t.match(line, /serving {2}home: incarnation 2, .*; work: incarnation 7, .*; 0 clients, 0 locks$/);
});

t.test('a node that the lab has paused is called so, and not silent', async (t) => {
  const node = {
    name: 'n1',
    address: '10.0.0.1',
    serviceAddress: '10.0.2.1',
    running: true,
    paused: true,
    serving: true,
    spare: false,
    waitingFor: null,
    node: null,
  };
  const status = {
    name: 'lab',
    upSince: '2026-01-02T03:04:05.000Z',
    leaseMs: 1000,
    graceMs: 1000,
    nodes: [node, { ...node, name: 'n2', paused: false }],
    clients: [],
    store: 'sqlite' as const,
    stores: [],
    cuts: [],
    trouble: null,
  };
  const [, first, second] = statusText(status, pc.createColors(false)).split('\n');
  t.match(first, /n1 .* paused$/);
  t.match(second, /n2 .* silent$/);
});

t.test('what a fault keeps in force is shown, with what ends it', async (t) => {
  const disturbances = [{ fault: 'loss', targets: ['n1', 'n2'] }];
  t.match(
    text({ nodes: [NODE], disturbances }).join('\n'),
    /The fault loss is in force on n1 and n2; end it with `gracelab fault heal n1 n2`\./,
  );
});
