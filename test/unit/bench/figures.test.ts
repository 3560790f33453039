/** What the figures of `gracelab bench grace` say about a history, and that what is not in it is never a number. */
import t from 'tap';
import { absences, type Figure, figure, spreadOf } from '../../../src/bench/figure.ts';
import { graceFigures } from '../../../src/bench/grace/figures.ts';
import type { ObservedGrace } from '../../../src/bench/grace/observed.ts';
import { graceText, shortfall } from '../../../src/bench/grace/table.ts';
import type { HistoryEvent, LedgerEvent } from '../../../src/history/events.ts';
import { counted, observedRun, Run } from './fixtures/run.ts';

const shown = (of: Figure) => ('value' in of ? of.value : of.absent);
const allShown = (part: object) =>
  Object.fromEntries(Object.entries(part).map(([name, of]) => [name, shown(of as Figure)]));
const without = (observed: ObservedGrace, is: (event: HistoryEvent) => boolean): ObservedGrace => ({
  ...observed,
  history: observed.history.filter((event) => !is(event)),
});

t.test('a whole run has all its figures, in milliseconds', async (t) => {
  const observed = observedRun();
  const figures = graceFigures(observed);
  t.same(allShown(figures.firstStart), { swaps: 7, lostSwaps: 2, readyMs: 31 });
  t.same(allShown(figures.normal), {
    swaps: 0,
    lostSwaps: 0,
    recordWrites: 0,
    records: 0,
    transactions: 0,
    requests: 1000,
  });
  t.same(allShown(figures.reboot), {
    swaps: 5,
    lostSwaps: 3,
    recordWrites: 3,
    records: 3,
    transactions: 8,
    goneMs: 30,
    detectionMs: 20,
    barrierMs: 6,
    backMs: 300,
    servingMs: 15,
    firstClientMs: 40,
    lastClientMs: 80,
    liftMs: 81,
    reclaimed: 2,
  });
  t.same(allShown(figures.loss), {
    swaps: 3,
    lostSwaps: 1,
    recordWrites: 1,
    records: 1,
    transactions: 4,
    goneMs: 25,
    detectionMs: 10,
    barrierMs: 8,
  });
  t.equal(shortfall({ plan: observed.plan, load: 0, failure: null, figures }), null);
});

t.test('the order of the swaps is the store’s, however late their writers told of them', async (t) => {
  const observed = observedRun();
  const figures = graceFigures({ ...observed, history: observed.history.toReversed() });
  t.equal(shown(figures.firstStart.readyMs), 31);
});

t.test('a node that boots before anybody has missed it was not detected', async (t) => {
  const observed = without(
    observedRun(),
    (event) => event.kind === 'node' && event.event === 'beacon-missing',
  );
  const { reboot, loss } = graceFigures(observed);
  for (const { detectionMs, barrierMs } of [reboot, loss]) {
    t.match(shown(detectionMs), /^no node found the beacon of n1 missing/);
    t.match(shown(barrierMs), /^no node found the beacon of n1 missing/);
  }
  t.equal(shown(reboot.liftMs), 81, 'the rest is there');
});

t.test('what else happens after the cut is not taken for its consequence', async (t) => {
  const observed = observedRun();
  const { at } = observed.reboot!;
  const before = observed.history.filter((event) => event.kind === 'ledger' && event.t < at).at(-1)!;
  const others: HistoryEvent[] = [
    { kind: 'node', t: at + 1e6, node: 'n2', incarnation: 1, event: 'beacon-missing', peer: 'n3' },
    // A swap that was under way: the victim is up in it, in its former life.
    { ...(before as LedgerEvent), t: at + 2e6, command: 'admit', revision: 8.5 },
  ];
  const { reboot } = graceFigures({ ...observed, history: [...observed.history, ...others] });
  t.equal(shown(reboot.detectionMs), 20);
  t.equal(shown(reboot.backMs), 300);
});

t.test('a survivor that never acknowledges leaves no barrier', async (t) => {
  const observed = without(
    observedRun(),
    (event) => event.kind === 'ledger' && event.command === 'acknowledge' && event.node === 'n3',
  );
  // The swaps after it show its acknowledgement all the same, so they go, too.
  const cut = observed.loss!.at;
  const { loss } = graceFigures(without(observed, ({ kind, t }) => kind === 'ledger' && t > cut + 15e6));
  t.equal(shown(loss.barrierMs), 'the survivors did not reach a barrier');
  t.equal(shown(loss.detectionMs), 10);
});

t.test('a lift that some of the clients did not wait for is no lift of theirs', async (t) => {
  const { reboot } = graceFigures({ ...observedRun(), holding: 1 });
  t.equal(shown(reboot.liftMs), 'at the lift 1 of 2 clients had their locks back');
  t.equal(shown(reboot.reclaimed), 1);
  t.equal(
    shown(graceFigures({ ...observedRun(), holding: null }).reboot.reclaimed),
    'nobody asked the clients',
  );
});

t.test('a grace without end has no lift', async (t) => {
  const { at } = observedRun().reboot!;
  const { reboot } = graceFigures(
    without(observedRun(), (event) => event.kind === 'ledger' && event.t > at + 320e6),
  );
  t.equal(shown(reboot.liftMs), 'there was no lift');
  t.equal(shown(reboot.backMs), 300);
});

t.test('a run that ended early has no figures but those that it came to', async (t) => {
  const run = new Run();
  run.firstStart();
  const observed: ObservedGrace = {
    ...observedRun(),
    history: run.history,
    failure: 'node n2 was not ready within 15000 ms',
    counts: {},
    traffic: null,
    reboot: null,
    loss: null,
    holding: null,
  };
  const figures = graceFigures(observed);
  t.equal(shown(figures.firstStart.readyMs), 31);
  const others = { ...figures, firstStart: { ...figures.firstStart, readyMs: figure(0) } };
  for (const [part, figuresOfPart] of Object.entries(others))
    for (const [name, of] of Object.entries(figuresOfPart as Record<string, Figure>))
      if (name !== 'readyMs') t.ok('absent' in of, `${part} ${name}`);
});

t.test('a history without anything has no figures', async (t) => {
  const nothing = { history: [], counts: {}, traffic: null, reboot: null, loss: null, holding: null };
  const figures = graceFigures({ ...observedRun(), ...nothing });
  const all = [figures.firstStart, figures.normal, figures.reboot, figures.loss].flatMap((part) =>
    Object.values(part),
  );
  t.same(
    all.filter((each) => 'value' in each),
    [],
  );
});

t.test('a swap whose answer was lost makes the number of swaps unknown', async (t) => {
  const observed = observedRun();
  const lifted = counted({ n2: { swapped: 40, unknown: 1 } });
  const { reboot } = graceFigures({ ...observed, counts: { ...observed.counts, lifted } });
  t.equal(shown(reboot.swaps), 'a swap had no answer');
});

t.test('requests that were refused are told, and are no normal operation', async (t) => {
  const requests = (traffic: Record<string, number>) =>
    shown(graceFigures({ ...observedRun(), traffic }).normal.requests);
  t.equal(requests({ OK: 9, GRACE: 3 }), 'not all requests were granted (3 of GRACE)');
  t.equal(requests({}), 'not all requests were granted (there were none)');
});

t.test('without clients nobody waits for one', async (t) => {
  const observed = { ...observedRun(), plan: { ...observedRun().plan, clients: 0 }, holding: 0 };
  const figures = graceFigures(without(observed, ({ kind }) => kind === 'client'));
  t.equal(shown(figures.reboot.lastClientMs), 'it has no clients');
  t.equal(
    shortfall({ plan: observed.plan, load: 0, failure: null, figures }),
    null,
    'and that is no shortfall',
  );
});

t.test('of several figures: least, median, most; and why some are missing, each reason once', async (t) => {
  const figures = [figure(5), { absent: 'late' }, figure(1), figure(3), { absent: 'late' }];
  t.same(spreadOf(figures), { least: 1, median: 3, most: 5, runs: 3 });
  t.equal(spreadOf([figure(1), figure(2)])?.median, 1.5);
  t.same(spreadOf([{ absent: 'late' }]), null);
  t.same(absences(figures), ['late']);
});

t.test('the table has a line for each combination, and says what did not happen', async (t) => {
  const observed = observedRun();
  const { plan } = observed;
  const whole = { plan, load: 0.5, failure: null, figures: graceFigures(observed) };
  const partial = { ...whole, figures: graceFigures({ ...observed, holding: 1 }) };
  const failure = 'node n2 was not ready within 15000 ms';
  const early = { history: [], counts: {}, traffic: null, reboot: null, loss: null, holding: null };
  const failed = {
    plan: { ...plan, nodes: 8 },
    load: 9,
    failure,
    figures: graceFigures({ ...observed, ...early, failure }),
  };
  t.matchOnly(graceText([whole]), /^sqlite +3 +2 +20 +6 +300 +81 +5 +3 +3 +10 +8 +3 +1 +0\.5$/m);
  t.match(
    graceText([whole]),
    /^Normal operation: 1,000 LOCK and LOCKU requests, 0 swaps of the ledger, 0 writes of/m,
  );
  t.notMatch(graceText([whole]), /did not happen/);
  const text = graceText([whole, partial, failed]);
  t.match(text, /^sqlite +3 +2 +20 \(20-20\) /m, 'one line for both runs of one plan');
  t.match(text, /^sqlite +8 +2 +- +- +- +- +- +-/m, 'a dash, not 0');
  t.match(text, /sqlite, 3 nodes, 2 clients: at the lift 1 of 2 clients had their locks back/);
  t.match(text, /sqlite, 8 nodes, 2 clients: node n2 was not ready within 15000 ms/);
  t.match(text, /2,000 \(and an unknown number in 1 of 3 runs\) LOCK and LOCKU requests/);
});
