/**
 * Where a domain's keys are in etcd, all below one prefix:
 *
 *     PREFIX/ledger                                    the ledger
 *     PREFIX/writers/NODE                              raised by every write of that node's records
 *     PREFIX/records/EPOCH/NODE/OWNER-ID/PRINCIPAL     one client record
 *
 * An epoch has as many digits as the largest one, so that epochs are in order and everything between two of them is one range.
 */
import type { RecordScope } from '../core/client-record.ts';
import type { Epoch, NodeId } from '../core/ids.ts';
import type { ClientIdentity } from '../core/record-transitions.ts';
import type { KeyRange } from './etcd-gateway.ts';

const EPOCH_DIGITS = String(Number.MAX_SAFE_INTEGER).length;

export class EtcdKeys {
  readonly ledger: string;
  readonly #prefix: string;

  /** @throws Error, in one sentence, when there is no name in the prefix */
  constructor(prefix: string) {
    const bare = prefix.replace(/\/+$/, '');
    if (bare === '')
      throw new Error(`"${prefix}" is no prefix for keys in etcd: name the domain, as in /gracelab/home`);
    this.#prefix = bare;
    this.ledger = `${bare}/ledger`;
  }

  writer(node: NodeId): string {
    return `${this.#prefix}/writers/${node}`;
  }

  record(scope: RecordScope, { ownerId, principal }: ClientIdentity): string {
    return `${this.#scope(scope)}/${ownerId}/${encodeURIComponent(principal)}`;
  }

  recordsOf(scope: RecordScope): KeyRange {
    return below(this.#scope(scope));
  }

  /** Whose record a key of {@link recordsOf} is; null: it is none. */
  clientOf(scope: RecordScope, key: string): ClientIdentity | null {
    const [ownerId = '', principal, ...more] = key.slice(this.#scope(scope).length + 1).split('/');
    if (principal === undefined || more.length > 0) return null;
    try {
      return { ownerId, principal: decodeURIComponent(principal) };
    } catch {
      return null;
    }
  }

  /** All records but those of these epochs. */
  recordsOutside(epochs: readonly Epoch[]): KeyRange[] {
    const all = below(`${this.#prefix}/records`);
    const kept = [...epochs].sort((a, b) => a - b).map((epoch) => below(this.#epoch(epoch)));
    const bounds = [all.from, ...kept.flatMap((range) => [range.from, range.to]), all.to];
    const ranges: KeyRange[] = [];
    for (let at = 0; at < bounds.length; at += 2) ranges.push({ from: bounds[at]!, to: bounds[at + 1]! });
    return ranges;
  }

  #scope({ epoch, node }: RecordScope): string {
    return `${this.#epoch(epoch)}/${node}`;
  }

  #epoch(epoch: Epoch): string {
    return `${this.#prefix}/records/${String(epoch).padStart(EPOCH_DIGITS, '0')}`;
  }
}

/** Everything that has `path` and a slash before it: up to the character after the slash. */
const below = (path: string): Required<KeyRange> => ({ from: `${path}/`, to: `${path}0` });
