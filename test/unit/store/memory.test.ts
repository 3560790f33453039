import t from 'tap';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { MemoryDomain } from '../../../src/store/memory.ts';
import { StoreUnavailableError } from '../../../src/store/store.ts';
import { storeContract } from './contract.ts';

let domain = new MemoryDomain();
const clock = {
  nowMs: () => 0,
  after: (_ms: number, run: () => void) => {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
};
storeContract(t, (fresh) => {
  if (fresh) domain = new MemoryDomain();
  return domain.open(clock);
});

t.test('I7: a handle that is cut off answers nothing', async (t) => {
  const store = new MemoryDomain().open(new VirtualClock());
  store.available = false;
  await t.rejects(store.read(), StoreUnavailableError);
});
