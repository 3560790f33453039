/**
 * Everything that can happen next in a modelled cluster. What nodes decide is decided by the product's
 * own functions (`transition`, `nextCommand`, through {@link LedgerShapes}); what is modelled here is what
 * surrounds them: processes, the filesystem's locks and beacons, clients, the store's records, faults.
 */
import { asIncarnation, type NodeId } from '../core/ids.ts';
import { type Facts, mayRelease } from '../core/next-command.ts';
import type { ModelBounds } from './bounds.ts';
import type { LedgerShapes } from './ledger-shapes.ts';
import {
  COMPLETED,
  COMPLETED_IN_GRACE,
  CRASHES,
  DROPS,
  EXPIRIES,
  FORFEIT,
  GONE,
  HELD,
  LATE,
  type Layout,
  LIT,
  LOSSES,
  MEMBERSHIPS,
  NONE,
  OFF,
  ON,
  STOPS,
  UNCOMPLETED,
  UNKNOWNS,
  WANTS,
} from './world.ts';

/** What a step ends in: nothing special, or one broken invariant in words. */
export type Emit = (label: () => string, next: Uint8Array, violation: string | null, fault: boolean) => void;

export class Steps {
  readonly #bounds: ModelBounds;
  readonly #shapes: LedgerShapes;
  readonly #at: Layout;

  constructor(bounds: ModelBounds, shapes: LedgerShapes, layout: Layout) {
    this.#bounds = bounds;
    this.#shapes = shapes;
    this.#at = layout;
  }

  /** Calls `emit` for every step that is possible in `w`; the emitted state belongs to the callee. */
  each(w: Uint8Array, emit: Emit): void {
    this.#kernel(w, emit);
    for (let n = 0; n < this.#bounds.nodes; n++) {
      const phase = this.#at.phase(w, n);
      if (phase === OFF) this.#off(w, n, emit);
      else if (phase === LIT) this.#boot(w, n, emit);
      else if (phase === ON) this.#node(w, n, emit);
      this.#operator(w, n, emit);
    }
    for (let c = 0; c < this.#bounds.clients; c++) this.#client(w, c, emit);
  }

  // ---- the filesystem ----

  #kernel(w: Uint8Array, emit: Emit): void {
    const at = this.#at;
    const holder = at.lockNode(w);
    if (holder >= 0) {
      const life = at.lockIncarnation(w);
      const over = at.phase(w, holder) !== ON || at.incarnation(w, holder) !== life;
      // The beacon goes before the locks (DESIGN 3), unless it is the wrong kind of beacon.
      const beaconOut = at.beacon(w, holder) !== life;
      if (beaconOut || (over && this.#has('D16'))) {
        const next = w.slice();
        at.freeLock(next);
        emit(() => `the filesystem drops the lock of ${this.#life(holder, life)}`, next, null, false);
      }
    }
    for (let n = 0; n < this.#bounds.nodes; n++) {
      if ((at.phase(w, n) === OFF || at.phase(w, n) === GONE) && at.beacon(w, n) !== 0) {
        const next = w.slice();
        at.setBeacon(next, n, 0);
        emit(() => `the beacon of ${this.#name(n)} goes out`, next, null, false);
      }
    }
  }

  // ---- nodes ----

  #off(w: Uint8Array, n: number, emit: Emit): void {
    this.#light(w, n, emit);
    if (!this.#mayFault(w, LOSSES)) return;
    const next = w.slice();
    this.#at.setPhase(next, n, GONE);
    this.#at.spend(next, LOSSES);
    emit(() => `${this.#name(n)} is lost for good`, next, null, true);
  }

  #light(w: Uint8Array, n: number, emit: Emit): void {
    const at = this.#at;
    const shape = this.#shapes.get(at.ledger(w));
    if (shape.states[n] === 'absent' || at.beacon(w, n) !== 0) return;
    const next = w.slice();
    const incarnation = shape.incarnations[n]! + 1;
    at.setPhase(next, n, LIT);
    at.setIncarnation(next, n, incarnation);
    at.setBeacon(next, n, incarnation);
    emit(() => `${this.#name(n)} lights the beacon of incarnation ${incarnation}`, next, null, false);
  }

  #boot(w: Uint8Array, n: number, emit: Emit): void {
    const at = this.#at;
    const incarnation = at.incarnation(w, n);
    const command = { type: 'boot' as const, node: this.#id(n), incarnation: asIncarnation(incarnation) };
    const booted = this.#shapes.apply(at.ledger(w), command);
    const next = w.slice();
    if (booted < 0) {
      at.clearNode(next, n);
      at.setBeacon(next, n, 0);
      emit(() => `${this.#name(n)} lost the swap of its boot`, next, null, false);
      return;
    }
    at.setPhase(next, n, ON);
    this.#write(next, n, booted);
    at.setRecordedIn(next, n, this.#shapes.get(booted).epoch);
    emit(() => `${this.#name(n)} boots as incarnation ${incarnation}`, next, null, false);
  }

  #node(w: Uint8Array, n: number, emit: Emit): void {
    const at = this.#at;
    // A grant is made within one turn of the node's event loop: it does nothing else meanwhile.
    if (at.pending(w, n) >= 0) {
      this.#confirm(w, n, emit);
    } else {
      this.#learn(w, n, emit);
      this.#notice(w, n, emit);
      this.#records(w, n, emit);
      this.#letGo(w, n, emit);
      this.#command(w, n, false, emit);
      this.#command(w, n, true, emit);
    }
    this.#faults(w, n, emit);
  }

  #learn(w: Uint8Array, n: number, emit: Emit): void {
    const at = this.#at;
    if (!at.stale(w, n)) {
      if (!at.alarmed(w, n) || this.#shapes.get(at.known(w, n)).recoveryEpoch !== 0) return;
      if (this.#missing(w, n).length > 0) return;
      const next = w.slice();
      at.setAlarmed(next, n, false);
      emit(() => `${this.#name(n)} finds every beacon lit and grants again`, next, null, false);
      return;
    }
    const next = w.slice();
    at.setKnown(next, n, at.ledger(w));
    at.setStale(next, n, false);
    this.#obey(next, n);
    emit(() => `${this.#name(n)} learns the ledger`, next, null, false);
  }

  /** A life that is over for the cluster ends its process, and so does a suspect once it has said that it stopped. */
  #obey(next: Uint8Array, n: number): void {
    const at = this.#at;
    const known = at.known(next, n);
    const place = this.#shapes.standing(known, n, at.incarnation(next, n));
    const shape = this.#shapes.get(known);
    if (place === 'fenced' && !this.#has('D8')) this.#die(next, n);
    else if (place === 'suspect' && this.#acknowledged(known, n)) this.#die(next, n);
    else if (shape.recoveryEpoch === 0 && this.#missing(next, n).length === 0) at.setAlarmed(next, n, false);
  }

  #notice(w: Uint8Array, n: number, emit: Emit): void {
    const at = this.#at;
    if (at.alarmed(w, n) || this.#missing(w, n).length === 0) return;
    const next = w.slice();
    at.setAlarmed(next, n, true);
    emit(() => `${this.#name(n)} finds a beacon missing`, next, null, false);
  }

  /** A planned stop, past the barrier: every lock goes, and nothing is served any more. */
  #letGo(w: Uint8Array, n: number, emit: Emit): void {
    const at = this.#at;
    const self = { node: this.#id(n), incarnation: asIncarnation(at.incarnation(w, n)) };
    if (at.released(w, n) || !mayRelease(this.#shapes.get(at.known(w, n)).ledger, self)) return;
    const next = w.slice();
    this.#loseClients(next, n);
    if (at.lockNode(w) === n && at.lockIncarnation(w) === at.incarnation(w, n)) at.freeLock(next);
    at.setReleased(next, n, true);
    emit(() => `${this.#name(n)} lets its locks go`, next, null, false);
  }

  /** All clients into the epoch that the known ledger names. */
  #records(w: Uint8Array, n: number, emit: Emit): void {
    const at = this.#at;
    const { epoch, recoveryEpoch } = this.#shapes.get(at.known(w, n));
    if (recoveryEpoch === 0 || at.recordedIn(w, n) === epoch) return;
    const next = w.slice();
    at.setRecordedIn(next, n, epoch);
    if (this.#mayWrite(w, n)) {
      for (const c of this.#clientsOf(n))
        if (at.completion(w, c) !== UNCOMPLETED) at.setRecordedBy(next, epoch, c, at.incarnation(w, n));
    }
    emit(() => `${this.#name(n)} writes its clients’ records in epoch ${epoch}`, next, null, false);
  }

  /** Does what the product's policy says, with the deadline passed or not: no safety may depend on a clock (I9). */
  #command(w: Uint8Array, n: number, due: boolean, emit: Emit): void {
    const at = this.#at;
    const known = at.known(w, n);
    const facts = this.#facts(w, n, due);
    const command = this.#shapes.command(known, n, at.incarnation(w, n), facts);
    if (command === null) return;
    // With the deadline passed it is another step only if it is another command.
    if (
      due &&
      sameCommand(command, this.#shapes.command(known, n, at.incarnation(w, n), this.#facts(w, n, false)))
    )
      return;
    // A swap against an old revision is lost: nothing happens. Mutants D3 and D4 try the same command again on what they find.
    const gone = this.#shapes.get(at.ledger(w)).states[n] === 'absent';
    const retried = command.type === 'acknowledge' && (this.#has('D4') || (this.#has('D3') && gone));
    if (at.stale(w, n) && !retried) return;
    const after = this.#shapes.apply(at.ledger(w), command);
    if (after < 0) return;
    const label = () => `${this.#name(n)} swaps in: ${describe(command)}${due ? ' (deadline)' : ''}`;
    const next = w.slice();
    this.#write(next, n, after);
    const back = at.retired(w, n) && this.#shapes.get(after).states[n] !== 'absent';
    const violation = back
      ? `membership: ${this.#name(n)} was retired, and is back without having been admitted`
      : null;
    if (command.type === 'finish') this.#finished(next, n);
    if (command.type === 'depart') this.#die(next, n);
    else this.#obey(next, n);
    emit(label, next, violation, false);
    this.#lostAnswer(w, n, after, command.type, label, emit);
    this.#earlyLift(w, n, after, emit);
  }

  /** The store did it, and the answer never came. */
  #lostAnswer(w: Uint8Array, n: number, after: number, type: string, label: () => string, emit: Emit): void {
    if (!this.#mayFault(w, UNKNOWNS)) return;
    const at = this.#at;
    const next = w.slice();
    const known = at.known(w, n);
    this.#write(next, n, after);
    if (type === 'finish') this.#finished(next, n);
    at.setKnown(next, n, known);
    at.setStale(next, n, true);
    at.spend(next, UNKNOWNS);
    emit(() => `${label()}, and is not told`, next, null, true);
  }

  /** Mutant D14: believed before it is durable. */
  #earlyLift(w: Uint8Array, n: number, after: number, emit: Emit): void {
    const at = this.#at;
    const lifts =
      this.#shapes.get(at.ledger(w)).recoveryEpoch !== 0 && this.#shapes.get(after).recoveryEpoch === 0;
    if (!lifts || !this.#has('D14')) return;
    const next = w.slice();
    at.setKnown(next, n, after);
    at.setStale(next, n, true);
    at.setAlarmed(next, n, false);
    emit(() => `${this.#name(n)} ends grace in its memory`, next, null, false);
  }

  #facts(w: Uint8Array, n: number, due: boolean): Facts {
    const at = this.#at;
    const shape = this.#shapes.get(at.known(w, n));
    const finished = new Set<NodeId>();
    if (shape.servesOwn[n] && (due || this.#outstanding(w, n) === 0)) finished.add(this.#id(n));
    const heard = this.#has('D12') && !at.alarmed(w, n);
    return {
      missing: heard ? [] : this.#missing(w, n),
      drainedAndRecorded: this.#enforcing(w, n) && at.recordedIn(w, n) === shape.epoch,
      finished,
      abandonDue: due && shape.barrier,
      stopWanted: at.stopWanted(w, n),
      released: at.released(w, n),
    };
  }

  #outstanding(w: Uint8Array, n: number): number {
    return this.#clientsOf(n).filter(
      (c) => this.#at.completion(w, c) === UNCOMPLETED && this.#hasRecord(w, c, n),
    ).length;
  }

  #missing(w: Uint8Array, n: number): Facts['missing'] {
    const at = this.#at;
    const shape = this.#shapes.get(at.known(w, n));
    const missing: { peer: NodeId; peerIncarnation: ReturnType<typeof asIncarnation> }[] = [];
    for (let peer = 0; peer < this.#bounds.nodes; peer++) {
      if (peer === n || shape.states[peer] !== 'up') continue;
      if (at.beacon(w, peer) !== shape.incarnations[peer]) {
        missing.push({ peer: this.#id(peer), peerIncarnation: asIncarnation(shape.incarnations[peer]!) });
      }
    }
    return missing;
  }

  // ---- grants ----

  #take(w: Uint8Array, n: number, c: number, emit: Emit): void {
    const at = this.#at;
    if (this.#enforcing(w, n) || at.lockNode(w) >= 0 || this.#grantedHere(w, n)) return;
    const next = w.slice();
    at.setLock(next, n, at.incarnation(w, n), c);
    at.setPending(next, n, c);
    emit(() => `${this.#name(n)} takes the lock in the filesystem for ${clientName(c)}`, next, null, false);
  }

  #confirm(w: Uint8Array, n: number, emit: Emit): void {
    const at = this.#at;
    const c = at.pending(w, n);
    const next = w.slice();
    at.setPending(next, n, -1);
    if (this.#missing(w, n).length === 0 || this.#has('D12')) {
      at.setBelief(next, c, HELD);
      emit(
        () => `${this.#name(n)} grants the lock to ${clientName(c)}`,
        next,
        this.#grantViolation(w, n, c),
        false,
      );
    } else {
      if (at.lockNode(w) === n && at.lockIncarnation(w) === at.incarnation(w, n)) at.freeLock(next);
      at.setAlarmed(next, n, true);
      emit(() => `${this.#name(n)} finds a beacon missing and gives the lock back`, next, null, false);
    }
  }

  /** I1, I2, I3 and I6 at the moment of a new grant. */
  #grantViolation(w: Uint8Array, n: number, c: number): string | null {
    const at = this.#at;
    for (let other = 0; other < this.#bounds.clients; other++) {
      if (other === c) continue;
      if (at.belief(w, other) === HELD)
        return `I1: ${clientName(c)} is granted what ${clientName(other)} holds`;
      if (at.belief(w, other) === WANTS) {
        return `I2: ${clientName(c)} is granted what ${clientName(other)} had no chance to reclaim`;
      }
    }
    for (let peer = 0; peer < this.#bounds.nodes; peer++) {
      if (peer !== n && this.#mayReclaimAt(w, peer)) {
        return `I3: ${this.#name(n)} grants new state while ${this.#name(peer)} may still grant a reclaim`;
      }
    }
    const { epoch, recoveryEpoch, recordedBy } = this.#shapes.get(at.ledger(w));
    const writer = at.recordedBy(w, recoveryEpoch || epoch, c);
    if (writer === 0 || writer !== recordedBy[n])
      return `I6: ${clientName(c)} gets new state without a durable record`;
    return null;
  }

  #mayReclaimAt(w: Uint8Array, n: number): boolean {
    const at = this.#at;
    if (at.phase(w, n) !== ON) return false;
    const shape = this.#shapes.get(at.known(w, n));
    return (
      shape.recoveryEpoch !== 0 &&
      shape.servesOwn[n]! &&
      shape.barrier &&
      this.#shapes.standing(at.known(w, n), n, at.incarnation(w, n)) === 'current' &&
      this.#outstanding(w, n) > 0
    );
  }

  #enforcing(w: Uint8Array, n: number): boolean {
    const at = this.#at;
    const known = at.known(w, n);
    if (at.alarmed(w, n) || this.#shapes.get(known).recoveryEpoch !== 0) return true;
    return !this.#has('D8') && this.#shapes.standing(known, n, at.incarnation(w, n)) !== 'current';
  }

  /** The node's own table of locks, which it asks before the filesystem. */
  #grantedHere(w: Uint8Array, n: number): boolean {
    return this.#clientsOf(n).some((c) => this.#at.belief(w, c) === HELD);
  }

  // ---- clients ----

  #client(w: Uint8Array, c: number, emit: Emit): void {
    const at = this.#at;
    const home = this.#homeOf(c);
    if (at.phase(w, home) !== ON || at.released(w, home) || at.pending(w, home) >= 0) return;
    const belief = at.belief(w, c);
    if (belief === HELD) this.#unlock(w, c, home, emit);
    if (at.completion(w, c) !== UNCOMPLETED) {
      if (belief === NONE) this.#take(w, home, c, emit);
      this.#expire(w, c, home, emit);
      return;
    }
    if (this.#has('D9')) this.#recordAtConfirmation(w, c, home, emit);
    if (belief === WANTS || belief === LATE || belief === FORFEIT) this.#reclaim(w, c, home, emit);
    else this.#complete(w, c, home, emit);
  }

  #unlock(w: Uint8Array, c: number, home: number, emit: Emit): void {
    const at = this.#at;
    const next = w.slice();
    at.setBelief(next, c, NONE);
    if (at.lockNode(w) === home && at.lockIncarnation(w) === at.incarnation(w, home)) at.freeLock(next);
    emit(() => `${clientName(c)} unlocks`, next, null, false);
  }

  #complete(w: Uint8Array, c: number, home: number, emit: Emit): void {
    const at = this.#at;
    if (!this.#mayWrite(w, home)) return;
    const next = w.slice();
    at.setRecordedBy(next, this.#shapes.get(at.known(w, home)).epoch, c, at.incarnation(w, home));
    const inGrace = this.#shapes.get(at.ledger(w)).recoveryEpoch !== 0;
    at.setCompletion(next, c, inGrace ? COMPLETED_IN_GRACE : COMPLETED);
    emit(() => `${clientName(c)} completes its reclaim at ${this.#name(home)}`, next, null, false);
  }

  #recordAtConfirmation(w: Uint8Array, c: number, home: number, emit: Emit): void {
    const at = this.#at;
    const { epoch } = this.#shapes.get(at.known(w, home));
    if (at.recordedBy(w, epoch, c) !== 0 || !this.#mayWrite(w, home)) return;
    const next = w.slice();
    at.setRecordedBy(next, epoch, c, at.incarnation(w, home));
    emit(
      () => `${clientName(c)} confirms its client id at ${this.#name(home)}, which records it`,
      next,
      null,
      false,
    );
  }

  #reclaim(w: Uint8Array, c: number, home: number, emit: Emit): void {
    const at = this.#at;
    const known = at.known(w, home);
    const shape = this.#shapes.get(known);
    const open = shape.recoveryEpoch !== 0 && shape.servesOwn[home]!;
    if (open && !shape.barrier && !this.#has('D11')) return;
    if (open && this.#shapes.standing(known, home, at.incarnation(w, home)) !== 'current') return;
    const authorised = open && this.#hasRecord(w, c, home);
    // The kernel may still be letting go of a dead life's locks: the server says DELAY to that.
    if (authorised && this.#heldByTheDead(w)) return;
    const next = w.slice();
    if (!authorised || at.lockNode(w) >= 0) {
      at.setBelief(next, c, NONE);
      const early = at.belief(w, c) === WANTS && this.#chanceIsDue(w, c, home);
      const violation = early
        ? `I2: ${clientName(c)} is refused the lock that it held when its node died`
        : null;
      emit(() => `${clientName(c)} is told that its lock is lost`, next, violation, false);
      return;
    }
    at.setLock(next, home, at.incarnation(w, home), c);
    at.setBelief(next, c, HELD);
    emit(() => `${clientName(c)} reclaims at ${this.#name(home)}`, next, this.#reclaimViolation(w, c), false);
  }

  #heldByTheDead(w: Uint8Array): boolean {
    const at = this.#at;
    const holder = at.lockNode(w);
    return holder >= 0 && (at.phase(w, holder) !== ON || at.incarnation(w, holder) !== at.lockIncarnation(w));
  }

  #reclaimViolation(w: Uint8Array, c: number): string | null {
    const at = this.#at;
    if (at.belief(w, c) === FORFEIT) return `I4: ${clientName(c)} reclaims after its chance had passed`;
    for (let peer = 0; peer < this.#bounds.nodes; peer++) {
      // That a node has booted since the barrier does not matter: it grants nothing before the lift.
      if (at.phase(w, peer) === ON && !this.#enforcing(w, peer)) {
        return `I3: ${clientName(c)} reclaims while ${this.#name(peer)} may still grant new state`;
      }
    }
    for (let other = 0; other < this.#bounds.clients; other++) {
      if (other !== c && at.belief(w, other) === HELD)
        return `I1: ${clientName(c)} reclaims what ${clientName(other)} holds`;
    }
    return null;
  }

  /** The node's claims are open in the ledger as it is: nobody has ended this client's chance yet. */
  #chanceIsDue(w: Uint8Array, c: number, home: number): boolean {
    const shape = this.#shapes.get(this.#at.ledger(w));
    return shape.recoveryEpoch !== 0 && shape.servesOwn[home]! && this.#at.completion(w, c) === UNCOMPLETED;
  }

  /** As the node knows it: a record in the recovery epoch, by the life that counts there. */
  #hasRecord(w: Uint8Array, c: number, n: number): boolean {
    const at = this.#at;
    const { recoveryEpoch, recordedBy } = this.#shapes.get(at.known(w, n));
    const writer = at.recordedBy(w, recoveryEpoch, c);
    if (writer !== 0 && writer === recordedBy[n]) return true;
    if (!this.#has('D6')) return false;
    for (let epoch = 0; epoch < recoveryEpoch; epoch++) if (at.recordedBy(w, epoch, c) !== 0) return true;
    return false;
  }

  #expire(w: Uint8Array, c: number, home: number, emit: Emit): void {
    if (!this.#mayFault(w, EXPIRIES) || !this.#mayWrite(w, home)) return;
    const at = this.#at;
    const next = w.slice();
    const { epoch, recoveryEpoch } = this.#shapes.get(at.known(w, home));
    at.setRecordedBy(next, epoch, c, 0);
    if (recoveryEpoch !== 0) at.setRecordedBy(next, recoveryEpoch, c, 0);
    at.setCompletion(next, c, UNCOMPLETED);
    if (at.belief(w, c) === HELD && at.lockNode(w) === home) at.freeLock(next);
    at.setBelief(next, c, NONE);
    at.spend(next, EXPIRIES);
    emit(() => `the lease of ${clientName(c)} expires`, next, null, true);
  }

  // ---- faults and operators ----

  #faults(w: Uint8Array, n: number, emit: Emit): void {
    const at = this.#at;
    if (this.#mayFault(w, CRASHES)) {
      const next = w.slice();
      this.#die(next, n);
      at.spend(next, CRASHES);
      emit(() => `${this.#name(n)} crashes`, next, null, true);
    }
    if (this.#mayFault(w, LOSSES)) {
      const next = w.slice();
      this.#die(next, n);
      at.setPhase(next, n, GONE);
      at.spend(next, LOSSES);
      emit(() => `${this.#name(n)} is lost for good`, next, null, true);
    }
    if (this.#mayFault(w, DROPS) && at.beacon(w, n) === at.incarnation(w, n)) {
      const next = w.slice();
      at.setBeacon(next, n, 0);
      at.spend(next, DROPS);
      emit(() => `the filesystem drops the beacon of ${this.#name(n)}, which lives`, next, null, true);
    }
    if (this.#mayFault(w, STOPS) && !at.stopWanted(w, n)) {
      const next = w.slice();
      at.setStopWanted(next, n, true);
      at.spend(next, STOPS);
      emit(() => `${this.#name(n)} is asked to stop`, next, null, true);
    }
  }

  /** The fencer ends suspects; a person admits and retires. */
  #operator(w: Uint8Array, n: number, emit: Emit): void {
    const at = this.#at;
    const ledger = at.ledger(w);
    const shape = this.#shapes.get(ledger);
    const state = shape.states[n]!;
    if (state === 'suspect') {
      const next = w.slice();
      if (at.phase(w, n) === ON && at.incarnation(w, n) === shape.incarnations[n]) this.#die(next, n);
      const word = {
        type: 'confirm-death' as const,
        node: this.#id(n),
        incarnation: asIncarnation(shape.incarnations[n]!),
      };
      this.#write(next, -1, this.#shapes.apply(ledger, word));
      emit(() => `the fencer makes sure that ${this.#name(n)} is gone`, next, null, false);
    }
    if (!this.#mayFault(w, MEMBERSHIPS)) return;
    for (const type of ['admit', 'retire'] as const) {
      const after = this.#shapes.apply(ledger, { type, node: this.#id(n) });
      if (after < 0) continue;
      const next = w.slice();
      this.#write(next, -1, after);
      at.setRetired(next, n, type === 'retire');
      at.spend(next, MEMBERSHIPS);
      emit(() => `an operator ${type}s ${this.#name(n)}`, next, null, true);
    }
  }

  // ---- effects ----

  /** A swap that happened: everybody but its author is behind now. `author` -1: nobody on these nodes. */
  #write(next: Uint8Array, author: number, after: number): void {
    const at = this.#at;
    const before = this.#shapes.get(at.ledger(next));
    const shape = this.#shapes.get(after);
    at.setLedger(next, after);
    for (let n = 0; n < this.#bounds.nodes; n++) {
      if (at.phase(next, n) !== ON) continue;
      at.setStale(next, n, n !== author);
      if (n === author) at.setKnown(next, n, after);
    }
    if (before.recoveryEpoch !== 0 && shape.recoveryEpoch === 0) this.#lifted(next);
    // Records of epochs that no rule looks at any more are deleted; that they linger makes no difference.
    if (!this.#has('D6')) at.forgetEpochsBefore(next, shape.recoveryEpoch || shape.epoch);
  }

  /** Whoever has not reclaimed by now has had its chance; who completed meanwhile is recorded for the next grace. */
  #lifted(next: Uint8Array): void {
    for (let c = 0; c < this.#bounds.clients; c++) {
      const belief = this.#at.belief(next, c);
      if (belief === WANTS || belief === LATE) this.#at.setBelief(next, c, FORFEIT);
      if (this.#at.completion(next, c) === COMPLETED_IN_GRACE) this.#at.setCompletion(next, c, COMPLETED);
    }
  }

  #loseClients(next: Uint8Array, n: number): void {
    const at = this.#at;
    for (const c of this.#clientsOf(n)) {
      if (at.belief(next, c) === HELD)
        at.setBelief(next, c, this.#isOwedAChance(next, n, c) ? WANTS : FORFEIT);
      at.setCompletion(next, c, UNCOMPLETED);
    }
  }

  #finished(next: Uint8Array, n: number): void {
    for (const c of this.#clientsOf(n))
      if (this.#at.belief(next, c) === WANTS) this.#at.setBelief(next, c, LATE);
  }

  /** The process ends: its beacon goes out at once and its lock some time later; its clients want their locks back. */
  #die(next: Uint8Array, n: number): void {
    const at = this.#at;
    this.#loseClients(next, n);
    at.clearNode(next, n);
    if (!this.#has('D16')) at.setBeacon(next, n, 0);
  }

  /**
   * Whoever had completed before this grace, in a life that the cluster still counted with, is owed a chance to
   * reclaim, and so is whoever still had one when its node died. A client that reclaimed, and let the deadline pass
   * without completing, is not (row 19).
   */
  #isOwedAChance(w: Uint8Array, n: number, c: number): boolean {
    const at = this.#at;
    const { epoch, recoveryEpoch, recordedBy } = this.#shapes.get(at.ledger(w));
    if (at.completion(w, c) === COMPLETED && recordedBy[n] === at.incarnation(w, n)) return true;
    const writer = at.recordedBy(w, recoveryEpoch || epoch, c);
    return writer !== 0 && writer === recordedBy[n];
  }

  // ---- small things ----

  /** The store's fence: the writer's incarnation must be the current one in the ledger as it is (D8). */
  #mayWrite(w: Uint8Array, n: number): boolean {
    return (
      this.#has('D8') || this.#shapes.standing(this.#at.ledger(w), n, this.#at.incarnation(w, n)) !== 'fenced'
    );
  }

  #mayFault(w: Uint8Array, kind: number): boolean {
    const { crashes, drops, unknowns, stops, memberships, expiries, losses } = this.#bounds;
    return this.#at.spent(w, kind) < [crashes, drops, unknowns, stops, memberships, expiries, losses][kind]!;
  }

  #acknowledged(shape: number, n: number): boolean {
    const { ledger } = this.#shapes.get(shape);
    return ledger.members[this.#id(n)]!.acknowledgedView === ledger.view;
  }

  #clientsOf(n: number): number[] {
    return n < this.#bounds.clients ? [n] : [];
  }

  #homeOf(c: number): number {
    return c;
  }

  #has(mutant: Parameters<ModelBounds['mutants']['has']>[0]): boolean {
    return this.#bounds.mutants.has(mutant);
  }

  #id(n: number): NodeId {
    return this.#shapes.nodes[n]!;
  }

  #name(n: number): string {
    return this.#id(n);
  }

  #life(n: number, incarnation: number): string {
    return `${this.#name(n)}@${incarnation}`;
  }
}

export const clientName = (c: number): string => `c${c + 1}`;

const sameCommand = (a: object, b: object | null): boolean =>
  b !== null && JSON.stringify(a) === JSON.stringify(b);

function describe(command: { readonly type: string }): string {
  const {
    type,
    node: _node,
    incarnation: _incarnation,
    view: _view,
    peerIncarnation: _peer,
    ...rest
  } = command as Record<string, unknown>;
  return [type, ...Object.values(rest)].join(' ');
}
