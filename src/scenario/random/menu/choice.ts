/** What an entry of the fault menu is. */
import type { Ability } from '../../../runtime/abilities.ts';
import type { WrittenStep } from '../../format/write-steps.ts';
import type { Draw } from '../draw.ts';
import type { ChaosShape } from '../shape.ts';

/** Steps that break something and mend it, and about how long they take. */
export interface Breakage {
  readonly steps: readonly WrittenStep[];
  readonly lastsMs: number;
}

/** What a breakage is drawn for. */
export interface Scene {
  readonly shape: ChaosShape;
  readonly nodes: readonly string[];
  readonly clients: readonly string[];
  /** Whose address it mounts. */
  readonly nodeOf: (client: string) => string;
  readonly draw: Draw;
}

/**
 * Whom it hits: `nodes` are taken down or stopped, one or several of them, and no other fault of the same moment touches those;
 * `network` comes between them and others while other faults go on; `ledger` is hit as a whole, or members of its etcd; `clients`
 * are hit themselves.
 */
export type Hits = 'nodes' | 'network' | 'ledger' | 'clients';

export interface FaultChoice {
  readonly name: string;
  readonly hits: Hits;
  /** How often it is chosen, compared with the others. */
  readonly weight: number;
  /** Does it end lives of nodes, for certain? A schedule begins with one of those, where it may. */
  readonly endsLife: boolean;
  /** What the runtime must be able to do for it. */
  readonly needs: readonly Ability[];
  /** It asks for the consent of the whole cluster, so nothing that keeps others from answering may go on beside it. */
  readonly needsCalm?: true;
  /** Nothing else goes on beside it, and it is not repeated at once. */
  readonly alone?: true;
  /** Not on every cluster. */
  readonly possible?: (shape: ChaosShape) => boolean;
  breakage(targets: readonly string[], scene: Scene): Breakage;
}

/** From the beginning of a boot until the node serves, on a machine that has other things to do. */
export const BOOT_MS = 1200;

/** Most outages are as short as a boot, some are longer than a lease and a grace. */
const SHORT_MS = 400;
const LONG_MS = 3000;
const LONG_SHARE = 0.25;

/** How long something is down. */
export const downMs = (draw: Draw): number =>
  draw.chance(LONG_SHARE) ? draw.between(SHORT_MS, LONG_MS) : draw.between(0, SHORT_MS);
export const shortMs = (draw: Draw): number => draw.between(0, SHORT_MS);

export const withEtcd = ({ store }: ChaosShape): boolean => store === 'etcd';

/** `power-cut n1 n3 for 250ms`. */
export const phrase = (fault: string, targets: readonly string[], ms: number): string =>
  `${fault} ${targets.join(' ')} for ${ms}ms`;
