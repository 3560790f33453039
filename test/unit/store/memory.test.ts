import t from 'tap';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { MemoryDomain, type MemoryStore } from '../../../src/store/memory.ts';
import { storeContract } from './contract.ts';
import { scope } from './fixtures/domain.ts';

let domain = new MemoryDomain();
let handles: MemoryStore[] = [];
const clock = {
  nowMs: () => 0,
  after: (_ms: number, run: () => void) => {
    const timer = setImmediate(run);
    return () => clearImmediate(timer);
  },
};

const setAvailable = (available: boolean) => {
  for (const handle of handles) handle.available = available;
};

storeContract(t, {
  open: async (fresh) => {
    if (fresh) {
      domain = new MemoryDomain();
      handles = [];
    }
    const handle = domain.open(clock);
    handles.push(handle);
    return handle;
  },
  troubles: {
    slow: { cannot: 'memory waits for nobody' },
    unreachable: {
      reads: 'stop',
      begin: async () => {
        setAvailable(false);
        return async () => setAvailable(true);
      },
    },
    full: { cannot: 'it is as large as the process' },
    readOnly: { cannot: 'there is nobody to take the right to write away' },
    corruptLedger: {
      reads: 'stop',
      begin: async () => {
        domain.ledger = { text: 'garbage', revision: 7 };
        return async () => {};
      },
    },
    corruptRecords: {
      cannot: `it keeps the records of (${scope.epoch}, ${scope.node}) as they were given, not as text`,
    },
    answerLost: {
      reads: 'go on',
      begin: async () => {
        handles.at(-1)!.losesNextAnswer = true;
        return async () => {};
      },
    },
  },
});

t.test('a watcher that was cut off is told when it is back, for it may have missed something', async (t) => {
  const virtual = new VirtualClock();
  const store = new MemoryDomain().open(virtual);
  let calls = 0;
  store.watch(() => {
    calls += 1;
  });
  store.available = false;
  await virtual.advance(10);
  t.equal(calls, 0);
  store.available = true;
  await virtual.advance(10);
  t.equal(calls, 1);
});
