import pc from 'picocolors';
import t from 'tap';
import { changesBetween } from '../../../../src/cli/ledger/changes.ts';
import { ledgerSentences, ledgerText } from '../../../../src/cli/ledger/ledger-table.ts';
import { clientName, duration, list } from '../../../../src/cli/ledger/phrases.ts';
import { asEpoch, asIncarnation } from '../../../../src/core/ids.ts';
import { createLedger } from '../../../../src/core/ledger.ts';
import {
  admitted,
  barrier,
  boot,
  dies,
  inherit,
  N1,
  N2,
  N3,
  quiet,
  recordOf,
  sightOf,
} from './fixtures/ledgers.ts';

const PLAIN = pc.createColors(false);

t.test('quiet: no grace, and nobody is waited for', async (t) => {
  t.strictSame(ledgerText(sightOf(quiet()), 'play', PLAIN).split('\n'), [
    'play (sqlite)',
    '  No grace (view 5). Clients are recorded in epoch 2.',
    '  A missing beacon proves that a node is dead.',
    '',
    '  node  life  state  beacon  acknowledged  claims  heir  served by  leaving',
    '  n1    1     up     lit     -             closed  -     n1         -',
    '  n2    1     up     lit     -             closed  -     n2         -',
    '  n3    1     up     lit     -             closed  -     n3         -',
    '',
    '  No client is recorded.',
  ]);
});

t.test('in grace: before the barrier who is awaited, past it whose clients may reclaim', async (t) => {
  const before = dies(quiet(), N1, N2);
  t.ok(
    ledgerSentences(sightOf(before)).includes('Before the barrier: n2 and n3 have not acknowledged view 6.'),
  );
  t.match(ledgerText(sightOf(before), null, PLAIN), /\n {2}n2 +1 +up +lit +no +closed/);
  const past = barrier(before);
  t.ok(ledgerSentences(sightOf(past)).includes('Past the barrier: clients of n1 may reclaim until it ends.'));
  t.match(ledgerText(sightOf(past), null, PLAIN), /\n {2}n2 +1 +up +lit +yes +closed/);
});

t.test('heirs, addresses, suspects and members that never booted', async (t) => {
  const taken = inherit(barrier(dies(quiet(), N1, N2)), N2, N1);
  t.ok(ledgerSentences(sightOf(taken)).includes('n2 has taken the clients of n1 over.'));
  t.ok(ledgerSentences(sightOf(taken)).includes('The clients of n1 are served by n2.'));
  t.match(ledgerText(sightOf(taken), null, PLAIN), /\n {2}n1 +1 +down +out +- +open +n2 +n2 +-/);
  const suspect = dies(quiet(false), N1, N2);
  t.ok(ledgerSentences(sightOf(suspect)).includes('n1 is suspected dead; nobody has made sure of it.'));
  t.match(
    ledgerText(sightOf(createLedger([N1], { beaconProvesDeath: true })), null, PLAIN),
    /n1 +never booted +down +- /,
  );
  t.match(ledgerText(sightOf(createLedger([], { beaconProvesDeath: true })), null, PLAIN), /no members/);
});

t.test('recorded clients by node and epoch, with those marked that may not reclaim', async (t) => {
  const ledger = barrier(dies(quiet(), N1, N2));
  const clients = [
    recordOf('alice'),
    recordOf('bob', { revoked: true }),
    recordOf('carol', { reclaimIncomplete: true }),
    recordOf('dave', { incarnation: asIncarnation(7) }),
  ];
  const records = [
    { epoch: asEpoch(2), node: N1, clients, unreadable: null },
    { epoch: asEpoch(3), node: N2, clients: [], unreadable: 'it is not JSON' },
  ];
  const text = ledgerText(sightOf(ledger, { records }), null, PLAIN);
  t.match(
    text,
    /epoch 2 \(may reclaim now\):\n +n1 +alice, bob \(revoked: its lease ran out\), carol \(revoked: its reclaim was not complete\), dave \(does not count: written by life 7\)\n/,
  );
  t.match(text, /epoch 3 \(recorded anew in this grace\):\n +n2 +cannot be read: it is not JSON$/);
});

t.test('what has changed between two ledgers', async (t) => {
  const before = dies(quiet(), N1, N2);
  t.strictSame(changesBetween(before, before), []);
  t.match(changesBetween(before, barrier(before)), [
    'n2 has acknowledged view 6.',
    'n3 has acknowledged view 6.',
  ]);
  t.match(changesBetween(before, boot(before, N1)), [
    'n1 has begun life 2.',
    'n1 is up, not down.',
    /n1 has acknowledged view 7/,
    'The view is 7, not 6.',
  ]);
  t.match(changesBetween(quiet(), before), [
    'Grace has begun.',
    'n1 is down, not up.',
    'Clients of n1 may reclaim.',
    /view/,
  ]);
  t.match(changesBetween(before, quiet())[0], 'Grace has ended.');
  t.match(changesBetween(quiet(), admitted(quiet(), 'n4')), ['n4 is a member now.', /view/]);
  t.match(changesBetween(admitted(quiet(), 'n4'), quiet()), ['n4 is no member any more.', /view/]);
  const past = barrier(before);
  t.match(changesBetween(past, inherit(past, N3, N1)), [
    'n3 has taken the clients of n1 over.',
    'The clients of n1 are served by n3.',
  ]);
});

t.test('a client is called by its owner id, unless that would do something to a terminal', async (t) => {
  const hex = (text: string) => Buffer.from(text).toString('hex');
  t.equal(clientName(hex('alice')), 'alice');
  t.equal(clientName(hex('Zoë@host')), 'Zoë@host');
  t.equal(clientName('ff00'), '0xff00');
  t.equal(clientName(hex('\u001b[2J')), '0x1b5b324a');
  t.equal(clientName(hex('x'.repeat(1024))).length, 65);
});

t.test('lists and lengths of time read like speech', async (t) => {
  t.equal(list(['a']), 'a');
  t.equal(list(['a', 'b', 'c']), 'a, b and c');
  t.equal(
    list(Array.from({ length: 14 }, (_, n) => `c${n}`)),
    `${Array.from({ length: 12 }, (_, n) => `c${n}`).join(', ')} and 2 more`,
  );
  t.strictSame([0, 0.2, 999, 1000, 119_000, 120_000, 130_000, 7_200_000, 7_260_000].map(duration), [
    '0 s',
    '1 ms',
    '999 ms',
    '1 s',
    '119 s',
    '2 min',
    '2 min 10 s',
    '2 h',
    '2 h 1 min',
  ]);
});
