/**
 * Everything that can happen next in a modelled cluster. What nodes decide is decided by the product's
 * own functions (`transition`, `nextCommand`, through {@link LedgerShapes}); what is modelled, in the files
 * named *-steps.ts, is what surrounds them: processes, the filesystem's locks and beacons, clients, the
 * store's records, faults.
 */
import { boot, light } from './boot-steps.ts';
import type { ModelBounds } from './bounds.ts';
import { clientSteps } from './client-steps.ts';
import { Cluster } from './cluster.ts';
import { commandSteps } from './command-steps.ts';
import { faultSteps, loseWhileOff } from './fault-steps.ts';
import { fencerSteps } from './fencer-steps.ts';
import { confirm } from './grant-steps.ts';
import { kernelSteps } from './kernel-steps.ts';
import type { LedgerShapes } from './ledger-shapes.ts';
import { nodeSteps } from './node-steps.ts';
import { operatorSteps } from './operator-steps.ts';
import type { Emit } from './step.ts';
import { type Layout, LIT, OFF, ON } from './world.ts';

export class Steps {
  readonly #cluster: Cluster;

  constructor(bounds: ModelBounds, shapes: LedgerShapes, layout: Layout) {
    this.#cluster = new Cluster(bounds, shapes, layout);
  }

  /** Calls `emit` for every step that is possible in `w`; the emitted state belongs to the callee. */
  each(w: Uint8Array, emit: Emit): void {
    const cluster = this.#cluster;
    kernelSteps(cluster, w, emit);
    for (let n = 0; n < cluster.bounds.nodes; n++) {
      const phase = cluster.at.phase(w, n);
      if (phase === OFF) {
        light(cluster, w, n, emit);
        loseWhileOff(cluster, w, n, emit);
      } else if (phase === LIT) boot(cluster, w, n, emit);
      else if (phase === ON) running(cluster, w, n, emit);
      fencerSteps(cluster, w, n, emit);
      operatorSteps(cluster, w, n, emit);
    }
    for (let c = 0; c < cluster.bounds.clients; c++) clientSteps(cluster, w, c, emit);
  }
}

function running(cluster: Cluster, w: Uint8Array, n: number, emit: Emit): void {
  faultSteps(cluster, w, n, emit);
  if (cluster.at.hung(w, n)) return;
  // A grant is made within one turn of the node's event loop: it does nothing else meanwhile.
  if (cluster.at.pending(w, n) >= 0) {
    confirm(cluster, w, n, emit);
  } else {
    nodeSteps(cluster, w, n, emit);
    if (!cluster.mustRecord(w, n)) commandSteps(cluster, w, n, emit);
  }
}
