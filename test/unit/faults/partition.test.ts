import t from 'tap';
import { Cuts } from '../../../src/faults/cuts.ts';
import type { BreakableNode } from '../../../src/faults/fault.ts';
import { partition } from '../../../src/faults/partition.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { surroundingsWith } from './fixtures/surroundings.ts';

function stage() {
  const log: string[] = [];
  const cuts = new Cuts(async (a, b, { direction }) => {
    log.push(`cut ${a} from ${b} ${direction}`);
    return { heal: async () => void log.push(`heal ${a} from ${b}`) };
  });
  const clock = new VirtualClock();
  return { log, ...surroundingsWith({ cuts, clock }), clock };
}
const node = (name: string) => ({ name }) as BreakableNode;

t.test('frames are dropped for as long as it lasts', async (t) => {
  const { log, ...surroundings } = stage();
  const parameters = partition.parameters.parse({ from: ['e1', 'e2'], downMs: 100 });
  const done = partition.inject([node('n1'), node('n2')], parameters, surroundings);
  await surroundings.clock.advance(99);
  t.strictSame(log, ['cut n1,n2 from e1,e2 both']);
  t.match(surroundings.cuts.all, [{ targets: ['n1', 'n2'], from: ['e1', 'e2'], direction: 'both' }]);
  await surroundings.clock.advance(1);
  await done;
  t.strictSame(log.slice(1), ['heal n1,n2 from e1,e2']);
  t.strictSame(surroundings.cuts.all, []);
});

t.test('several may be in force; mending one target heals what cuts that one off', async (t) => {
  const { log, ...surroundings } = stage();
  const lasting = { stayDown: true, direction: 'one-way' };
  for (const [who, from] of [
    ['n1', 'e1'],
    ['n1', 'n2'],
    ['n2', 'e1'],
  ] as const)
    await partition.inject(
      [node(who)],
      partition.parameters.parse({ ...lasting, from: [from] }),
      surroundings,
    );
  t.equal(log[0], 'cut n1 from e1 one-way');
  await partition.mend([node('n1')], surroundings);
  t.strictSame(log.slice(3), ['heal n1 from e1', 'heal n1 from n2']);
  t.match(surroundings.cuts.all, [{ targets: ['n2'] }]);
});

t.test('a partition that was healed early is not healed again at its end', async (t) => {
  const { log, ...surroundings } = stage();
  const parameters = partition.parameters.parse({ from: ['n2'], downMs: 100 });
  const done = partition.inject([node('n1')], parameters, surroundings);
  await surroundings.clock.advance(10);
  await surroundings.cuts.healAllOf(['n1']);
  await surroundings.clock.advance(90);
  await done;
  t.strictSame(log, ['cut n1 from n2 both', 'heal n1 from n2']);
});

t.test('from whom, and for how long, must be said', async (t) => {
  t.notOk(partition.parameters.safeParse({ downMs: 5 }).success);
  t.match(partition.parameters.safeParse({ from: ['n2'] }), {
    error: { issues: [{ message: 'a partition has either a length or no end of its own' }] },
  });
});
