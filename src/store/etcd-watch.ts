/**
 * Hears of changes of the ledger. A watch of etcd can fall silent without ending (its member is stopped, a firewall
 * forgot the connection), so now and then the ledger's revision is asked for as well: what the watch should have told
 * by then and did not is told here, and the watch is begun anew at the next member.
 */
import type { Clock } from '../core/clock.ts';
import type { KeyValue } from './etcd-answers.ts';
import type { EtcdGateway } from './etcd-gateway.ts';
import type { LineStream } from './etcd-http.ts';

export interface EtcdWatchOptions {
  readonly gateway: EtcdGateway;
  readonly key: string;
  readonly clock: Clock;
  /** How often the revision is asked for. */
  readonly pulseMs: number;
  /** How long to wait before a watch that ended is begun anew. */
  readonly reconnectMs: number;
  /** `to`: what the key became, where the stream said it. */
  readonly changed: (to?: ChangedTo) => void;
}

export type ChangedTo = Pick<KeyValue, 'mod_revision' | 'value'>;

export class EtcdWatch {
  readonly #options: EtcdWatchOptions;
  /** Every change up to this revision has been told; null: from now on. */
  #heard: number | null = null;
  /** What the last pulse found that the stream had not told. */
  #missed = 0;
  #stream: LineStream | null = null;
  #turn = 0;
  #stopped = false;
  #cancelPulse: () => void = () => {};
  #cancelReconnect: () => void = () => {};

  constructor(options: EtcdWatchOptions) {
    this.#options = options;
    this.#connect();
    this.#schedulePulse();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelPulse();
    this.#cancelReconnect();
    this.#stream?.close();
  }

  #connect(): void {
    const { gateway, key } = this.#options;
    const from = this.#heard === null ? null : this.#heard + 1;
    const heard = (revision: number, to?: ChangedTo) => {
      this.#heard = Math.max(this.#heard ?? 0, revision);
      this.#tell(to);
    };
    // Also when it begins: what happened since the stream before may be forgotten by etcd already (compaction), which
    // then ends the watch after saying which revision there is now.
    this.#stream = gateway.watch(key, from, this.#turn, {
      began: (revision) => heard(revision),
      changed: (to) => heard(to.mod_revision, to),
      ended: () => this.#reconnect(),
    });
  }

  #reconnect(): void {
    if (this.#stopped) return;
    this.#stream?.close();
    this.#stream = null;
    this.#missed = 0;
    this.#turn += 1;
    this.#cancelReconnect();
    this.#cancelReconnect = this.#options.clock.after(this.#options.reconnectMs, () => this.#connect());
  }

  #schedulePulse(): void {
    this.#cancelPulse = this.#options.clock.after(this.#options.pulseMs, () => void this.#pulse());
  }

  async #pulse(): Promise<void> {
    const { gateway, key } = this.#options;
    try {
      const { kvs } = await gateway.range({ from: key }, { keysOnly: true });
      this.#compare(kvs[0]?.mod_revision ?? 0);
    } catch {
      // Whoever is told will ask, and learn that the store does not answer.
      this.#tell();
      if (this.#stream !== null) this.#reconnect();
    }
    if (!this.#stopped) this.#schedulePulse();
  }

  #compare(revision: number): void {
    if (this.#stopped || this.#stream === null || revision <= (this.#heard ?? 0)) return;
    // The stream may be about to tell; when it has not by the next pulse, it will not.
    const silent = this.#missed > (this.#heard ?? 0);
    this.#missed = revision;
    this.#tell();
    if (silent) this.#reconnect();
  }

  #tell(to?: ChangedTo): void {
    if (!this.#stopped) this.#options.changed(to);
  }
}
