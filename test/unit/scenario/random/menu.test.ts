/** The fault menu says of each entry what it does, whatever is drawn for it. */
import t from 'tap';
import { FAULTS } from '../../../../src/faults/registry.ts';
import { ABILITIES, type Ability } from '../../../../src/runtime/abilities.ts';
import { FAULT_MENU, faultsOffered, menuFor } from '../../../../src/scenario/random/fault-menu.ts';
import { RECOVERIES } from '../../../../src/scenario/random/menu/recoveries.ts';
import type { ChaosShape } from '../../../../src/scenario/random/shape.ts';
import { drawn, faultsOf, SCENE_SHAPE } from './fixtures/drawn.ts';

const ALL = [...FAULT_MENU, ...RECOVERIES];
const SHAPE: ChaosShape = { ...SCENE_SHAPE, faults: ALL.map(({ name }) => name) };

t.test('an entry needs what its faults need, and nothing else', async (t) => {
  for (const choice of ALL) {
    const needed = drawn(choice).flatMap(({ steps }) =>
      faultsOf(steps).flatMap(({ fault }) => FAULTS.get(fault)!.needs),
    );
    t.same([...new Set(needed)].toSorted(), choice.needs.toSorted(), choice.name);
  }
});

t.test('a runtime is offered all that it can do, and nothing else', async (t) => {
  const without = (...abilities: Ability[]) =>
    faultsOffered({ runtime: 'r', missing: abilities.map((ability) => ({ ability, remedy: 'x' })) });
  const names = FAULT_MENU.map(({ name }) => name);
  t.same(without(), names);
  for (const ability of Object.keys(ABILITIES) as Ability[]) {
    const rest = FAULT_MENU.filter(({ needs }) => !needs.includes(ability)).map(({ name }) => name);
    t.same(without(ability), rest, ability);
  }
  const least = without(...(Object.keys(ABILITIES) as Ability[]));
  t.same(
    least,
    FAULT_MENU.filter(({ needs }) => needs.length === 0).map(({ name }) => name),
  );
});

t.test('who says that it ends lives of nodes does so, whatever is drawn', async (t) => {
  for (const choice of ALL.filter(({ endsLife }) => endsLife))
    for (const { steps } of drawn(choice))
      t.ok(
        faultsOf(steps).some(
          ({ fault, targets, parameters }) =>
            FAULTS.get(fault)!.endsLife && targets[0]!.startsWith('n') && !('maybe' in parameters),
        ),
        choice.name,
      );
});

t.test('what is aimed at heirs, or at members of an etcd, is offered where there are such', async (t) => {
  const offered = (shape: Partial<ChaosShape>) => menuFor({ ...SHAPE, ...shape }).map(({ name }) => name);
  const left = (shape: Partial<ChaosShape>) => {
    const those = offered(shape);
    return RECOVERIES.map(({ name }) => name).filter((name) => !those.includes(name));
  };
  t.same(left({}), []);
  t.same(left({ failoverMs: null }), ['heir-lost', 'owner-returns']);
  t.same(left({ store: 'sqlite' }), ['cut-off', 'late-word', 'unheard-answer', 'late-write']);
  t.same(left({ nodes: 2 }), ['heir-lost', 'late-word', 'unheard-answer']);
  t.same(left({ nodes: 1 }), [
    'heir-lost',
    'owner-returns',
    'taker-lost',
    'unseen-move',
    'cut-off',
    'late-word',
    'unheard-answer',
  ]);
});
