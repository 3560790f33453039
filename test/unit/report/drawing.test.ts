import t from 'tap';
import { judge } from '../../../src/check/judge.ts';
import { pairOperations } from '../../../src/check/operations.ts';
import { thinned } from '../../../src/report/drawing/requests.ts';
import { type Drawing, drawingOf } from '../../../src/report/drawing.ts';
import { decodeRun, KINDS, requestsWithin } from '../../../src/report/page/decode.js';
import { powerCut, recovered } from '../check/fixtures/reboot.ts';
import { Story, together } from '../check/fixtures/story.ts';

const drawn = (story: Story): Drawing =>
  drawingOf(story.history, judge(story.history, { scenario: 'reboot' }));
const named = (lanes: readonly { readonly name: string | null }[]) => lanes.map(({ name }) => name);

t.test('the drawing shows lanes, lives, grace, faults and store writes', async (t) => {
  const drawing = drawn(recovered().lock(1550, 'bob', {}, 'GRACE').end(3000));
  t.strictSame(
    [named(drawing.nodes), named(drawing.clients)],
    [
      ['n1', 'n2'],
      ['alice', 'bob'],
    ],
  );
  t.match(drawing.nodes[0]?.lives, [
    [1200, 1_000_000, 1],
    [1_500_200, 3_000_000, 2],
  ]);
  t.match(drawing.faults, [
    { from: 1_000_000, to: 1_501_000, fault: 'power-cut', targets: ['n1'], deadly: true, open: false },
  ]);
  t.match(drawing.domains, [{ name: null, graces: [{}, { from: 1_050_000, lift: 1_600_200 }] }]);
  t.equal(drawing.nodes[0]?.swaps.length, 4, 'two boots, two finishes');
  t.strictSame(
    drawing.clients[0]?.recovering.map(([from, to]) => [from, to]),
    [[1_510_000, 1_530_000]],
  );
});

t.test('requests and held ranges arrive at the page as they were', async (t) => {
  const { requests, holds } = decodeRun(drawn(recovered().lock(1550, 'bob', {}, 'GRACE').end(3000)));
  const of = (k: number) => requests.shapes[requests.shape[k]!];
  const kinds = Array.from(requests.kinds, (kind) => KINDS[kind as number]);
  t.strictSame(kinds, ['granted', 'reclaim', 'refused']);
  t.match(of(2), {
    client: 'bob',
    node: 'n2',
    op: 'lock',
    file: 'f',
    mode: 'write',
    start: 0,
    end: 100,
    status: 'GRACE',
  });
  t.strictSame([requests.asked[2], requests.answered[2]], [1_550_000, 1_551_000]);
  t.match(holds, [
    { client: 'alice', reclaimed: false, from: 101_000, until: 1_521_000, ending: 'reclaimed' },
    { client: 'alice', reclaimed: true, from: 1_521_000, until: 3_000_000, ending: 'run-end' },
  ]);
  t.ok(holds[0].proven < 1_000_000, 'certainly held until its node died at the latest');
  t.strictSame([...requestsWithin(requests, { client: 'bob', file: '' })], [2]);
  t.strictSame([...requestsWithin(requests, { client: '', file: 'g' })], []);
});

t.test('takeovers, fencing and store outages are in the lanes of their nodes', async (t) => {
  const story = Story.quiet(['n1', 'n2', 'n3'])
    .says(50, 'n3', 'store-unavailable')
    .says(80, 'n3', 'store-back')
    .fence(1000, 'n1', 'n2')
    .acknowledge(1060, 'n2')
    .acknowledge(1061, 'n3')
    .inherit(1100, 'n1', 'n2')
    .end(3000);
  const { nodes, texts } = drawn(story);
  const [n1, n2, n3] = nodes;
  t.match(n1?.fencing, [[1_000_000, 1_050_000]]);
  t.ok(n2!.takeovers.length > 0 && n2!.takeovers.every(([at]) => at >= 1_100_000));
  t.match(n2!.swaps.map(([, text]) => texts[text]).at(-1), /inherit by n2.*n2 serves the clients of n1/);
  t.match(n3?.outages, [[50_000, 80_000]]);
});

t.test('where an address has moved, a request is in the lane of the node that answered', async (t) => {
  const story = Story.quiet(['n1', 'n2', 'n3'])
    .says(20, 'n1', 'address-taken', { peer: 'n1' })
    .lock(50, 'alice', { node: 'n1', mode: 'read' })
    .lock(60, 'bob', { node: 'n1', mode: 'read' })
    .fault(1000, 'begin', 'power-cut', 'n1')
    .death(1050, 'n1', 'n2', 'n3')
    .inherit(1100, 'n1', 'n2')
    .finish(1200, 'n1', 'n2')
    .finish(1210, 'n2')
    .finish(1220, 'n3')
    .lock(1500, 'bob', { node: 'n1', file: 'g' })
    .end(3000);
  const drawing = drawn(story);
  const { requests } = decodeRun(drawing);
  t.strictSame(
    [0, 1, 2].map((k) => {
      const { client, node, server } = requests.shapes[requests.shape[k]!];
      return [client, node, server];
    }),
    [
      ['alice', 'n1', 'n1'],
      ['bob', 'n1', 'n1'],
      ['bob', 'n1', 'n2'],
    ],
  );
  t.strictSame(drawing.nodes[0]?.takeovers, [], 'its own address is none');
});

t.test('a node that is gone, by itself or by a fault, is in no grace any more', async (t) => {
  const story = Story.quiet()
    .says(1000, 'n1', 'enforcing', { view: 9 })
    .says(1001, 'n2', 'enforcing', { view: 9 })
    .says(1200, 'n1', 'exited')
    .fault(1300, 'begin', 'pause', 'n2')
    .fault(1400, 'begin', 'power-cut', 'n2')
    .end(3000);
  t.match(
    drawn(story).nodes.map(({ enforcing }) => enforcing.at(-1)),
    [
      [1_000_000, 1_200_000],
      [1_001_000, 1_400_000],
    ],
  );
});

t.test('of too many requests, refusals are left out first, and evenly', async (t) => {
  const story = Story.quiet().client(20, 'alice', 'n1').client(20, 'bob', 'n2').lock(100, 'alice');
  for (let k = 0; k < 10; k += 1) story.lock(200 + 10 * k, 'bob', {}, 'DENIED');
  const all = pairOperations(story.unlock(400, 'alice').history).all;
  const leftOut: string[] = [];
  const kept = thinned(all, leftOut, 7);
  t.strictSame(
    kept.map(({ outcome, invokedAt }) => [outcome, invokedAt / 1e6]),
    [
      ['ok', 100],
      ['fail', 210],
      ['fail', 230],
      ['fail', 250],
      ['fail', 270],
      ['fail', 290],
      ['ok', 400],
    ],
  );
  t.match(leftOut, [/^5 of 12 requests are not drawn/]);
  t.strictSame(thinned(all, leftOut, 12), all);
  t.equal(leftOut.length, 1, 'nothing more');
});

t.test('of several lock domains each has its own graces', async (t) => {
  const history = together({ home: recovered().end(3000), work: Story.quiet(['n2', 'n3']) });
  const { domains, nodes } = drawingOf(history, judge(history, { scenario: 'domains' }));
  t.strictSame(named(domains), ['home', 'work']);
  t.equal(domains[0]?.graces.length, 2);
  t.equal(domains[1]?.graces.length, 1, 'its first boot');
  t.strictSame(
    nodes[0]?.lives.map(([, , incarnation]) => incarnation),
    [1, 2],
  );
});

t.test('a proof says in which lane each piece of it is', async (t) => {
  const { checks } = drawn(powerCut().lock(1010, 'bob').death(1050, 'n1', 'n2'));
  const [proof] = checks.find(({ name }) => name === 'no-theft')!.proofs;
  t.strictSame(
    proof?.pins.map(({ at, lanes }) => [at, ...lanes]),
    [
      [100_000, 'alice'],
      [101_000, 'alice'],
      [1_000_000, 'n1'],
      [1_010_000, 'bob'],
      [1_011_000, 'bob'],
    ],
  );
});

t.test('a history that contradicts itself is drawn as far as it goes', async (t) => {
  const story = recovered().end(3000);
  const broken = story.history.filter((event) => !(event.kind === 'op' && event.phase === 'invoke'));
  const drawing = drawingOf(broken, judge(broken, { scenario: 'broken' }));
  t.strictSame([drawing.nodes.length, drawing.clients.length, drawing.requests.shape.length], [2, 2, 0]);
});
