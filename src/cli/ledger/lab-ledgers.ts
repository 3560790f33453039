/** The ledgers of a living lab, from the lab's own process: their files, or the network to their store, are in its sandbox and nowhere else. */
import type { Clock } from '../../core/clock.ts';
import type { Ledger } from '../../core/ledger.ts';
import { OPERATOR } from '../../history/events.ts';
import type { Cluster } from '../../scenario/cluster.ts';
import type { DomainShape } from '../../scenario/scenario.ts';
import { openDesk } from '../operator/desk.ts';
import { type AttemptOutcome, attemptRepair, UncertainRepairError } from './attempt.ts';
import type { AgreedRepair } from './desk.ts';
import { type Trouble, troubleOf } from './ledger-errors.ts';
import { type DomainDesk, lookAt } from './looking.ts';
import { commandFor } from './repair-plan.ts';
import type { LedgerSight } from './sight.ts';

/** What goes over the control socket: errors have their kinds there, too. */
export type Answered<T> =
  | { readonly answer: T }
  | { readonly trouble: Trouble }
  /** {@link UncertainRepairError} */
  | { readonly uncertain: string };

export interface DomainAnswer {
  readonly name: string;
  readonly look: Answered<LedgerSight>;
}

export interface LabLedgersOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** Nanoseconds since the origin of the lab's events. */
  readonly stamp: () => number;
  /** One line of the operator's own log. */
  readonly log: (line: string) => void;
}

export class LabLedgers {
  readonly #options: LabLedgersOptions;
  readonly #domains: readonly DomainShape[];

  constructor(options: LabLedgersOptions) {
    this.#options = options;
    const { cluster } = options;
    const all = cluster.nodes.flatMap(({ name }) => cluster.domainsOf(name).map(({ domain }) => domain));
    this.#domains = [...new Map(all.map((domain) => [domain.name, domain])).values()];
  }

  get domains(): readonly DomainShape[] {
    return this.#domains;
  }

  /** @param name null: all of them */
  async look(name: string | null): Promise<readonly DomainAnswer[]> {
    const domains = name === null ? this.#domains : [this.#domain(name)];
    return Promise.all(
      domains.map(async (domain) => ({ name: domain.name, look: await this.#at(domain, lookAt) })),
    );
  }

  /** Done, it is in the lab's history as by {@link OPERATOR}. */
  async attempt(name: string, agreed: AgreedRepair): Promise<Answered<AttemptOutcome>> {
    const domain = this.#domain(name);
    const sentAt = this.#options.stamp();
    const answered = await this.#at(domain, (desk) => attemptRepair(desk, agreed));
    if ('answer' in answered && answered.answer.outcome === 'done')
      this.#record(domain, agreed, answered.answer, sentAt);
    return answered;
  }

  #domain(name: string): DomainShape {
    const domain = this.#domains.find((each) => each.name === name);
    if (domain === undefined)
      throw new Error(
        `there is no lock domain "${name}" in this lab; there are ${this.#domains.map((each) => each.name).join(', ')}`,
      );
    return domain;
  }

  async #at<T>(domain: DomainShape, ask: (desk: DomainDesk) => Promise<T>): Promise<Answered<T>> {
    try {
      const desk = await this.#open(domain);
      try {
        return { answer: await ask(desk) };
      } finally {
        await desk.store[Symbol.asyncDispose]();
      }
    } catch (error) {
      if (error instanceof UncertainRepairError) return { uncertain: error.message };
      const trouble = troubleOf(error);
      if (trouble === null) throw error;
      return { trouble };
    }
  }

  async #open(domain: DomainShape): Promise<DomainDesk> {
    const { cluster, clock } = this.#options;
    const node = domain.nodes[0]!;
    const { at } = cluster.domainsOf(node).find((each) => each.domain.name === domain.name)!;
    const label = cluster.labelOf(domain).domain ?? null;
    const desk = await openDesk(at, { clock, fencer: cluster.fencerOf(label ?? '') });
    return { ...desk, domain: label, spec: at.store, fencerKind: 'lab' };
  }

  #record(
    domain: DomainShape,
    { repair, node }: AgreedRepair,
    { ledger, revision }: { readonly ledger: Ledger; readonly revision: number },
    sentAt: number,
  ): void {
    const { cluster, stamp, log } = this.#options;
    const label = cluster.labelOf(domain);
    log(`${repair} ${node}${label.domain === undefined ? '' : ` in ${label.domain}`}: view ${ledger.view}`);
    cluster.record({
      kind: 'ledger',
      t: stamp(),
      sentAt,
      node: OPERATOR,
      incarnation: 0,
      command: commandFor(ledger, repair, node).type,
      ledger,
      revision,
      ...label,
    });
  }
}
