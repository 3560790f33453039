/**
 * How many transactions changed a store, whoever made them: the store's own word, to hold against what its users say. Only
 * differences mean something.
 */
import { readFileSync } from 'node:fs';
import type { Clock } from '../core/clock.ts';
import { EtcdGateway } from './etcd-gateway.ts';
import { EtcdKeys } from './etcd-keys.ts';
import type { StoreSpec } from './open.ts';
import { StoreUnavailableError } from './store.ts';

const REQUEST_MS = 2500;
/** `iChange` of the WAL-index header, "incremented with each transaction" (https://sqlite.org/walformat.html, section 2.1). */
const CHANGE_COUNTER_AT = 8;

/**
 * For SQLite it must not be called by a process that has the database open itself: its closing of the file would take
 * SQLite's own locks along.
 * @throws StoreUnavailableError when it cannot be told
 */
export async function transactionCount(spec: StoreSpec, clock: Clock): Promise<number> {
  return spec.kind === 'sqlite' ? changeCounter(`${spec.path}-shm`) : await revision(spec, clock);
}

/** The two copies of the header differ while a transaction is being written into it. */
function changeCounter(walIndex: string): number {
  const HEADER_BYTES = 48;
  const ATTEMPTS = 10;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const bytes = readWalIndex(walIndex);
    if (bytes.length < 2 * HEADER_BYTES) continue;
    const [first, second] = [bytes.subarray(0, HEADER_BYTES), bytes.subarray(HEADER_BYTES, 2 * HEADER_BYTES)];
    // In the byte order of the machine, as nobody but its own processes reads it.
    if (first.equals(second)) return new Uint32Array(Uint8Array.from(first).buffer)[CHANGE_COUNTER_AT / 4]!;
  }
  throw new StoreUnavailableError(`${walIndex} changes all the time`);
}

function readWalIndex(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new StoreUnavailableError(`the number of transactions cannot be read: ${(error as Error).message}`);
  }
}

/** etcd raises it by one for every transaction that changed something, in any key. */
async function revision(
  { endpoints, prefix }: StoreSpec & { readonly kind: 'etcd' },
  clock: Clock,
): Promise<number> {
  const gateway = new EtcdGateway({ endpoints, clock, requestMs: REQUEST_MS });
  try {
    const { header } = await gateway.range({ from: new EtcdKeys(prefix).ledger }, { keysOnly: true });
    return header.revision;
  } finally {
    gateway.close();
  }
}
