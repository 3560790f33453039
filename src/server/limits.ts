/** A limit on everything that a peer can make us keep, or wait for. Whole numbers, 1 or more. */
export interface Limits {
  // ---- connections (listener.ts) ----

  /** TCP connections at a time. For one more, one goes that shows no client and says nothing; else the new one is closed at once. */
  readonly connections: number;
  /** Of one address; further ones are closed at once. */
  readonly connectionsPerAddress: number;
  /** Version 4.0: connections of ours to clients, so that they can be called; whoever comes later has no delegations. */
  readonly callbackConnections: number;
  /** Milliseconds for which a connection may be silent that has not shown a client that is known here. */
  readonly strangerMs: number;
  /** The same for one that has: as long as knfsd waits, and never less than two leases. */
  readonly idleMs: number;
  /** Milliseconds that a message may take to arrive, and a peer to read something of what waits for it. */
  readonly stalledMs: number;

  // ---- messages ----

  /** Bytes of one RPC message, both ways; a longer record closes its connection. */
  readonly messageBytes: number;
  /** Bytes of replies that wait for a slow reader before we stop reading from it. */
  readonly unsentBytes: number;
  /** The same of all connections together, with what has arrived of messages that are not complete. */
  readonly bufferedBytes: number;
  /** Calls of one connection that are being worked on before we stop reading from it. */
  readonly callsInFlight: number;
  /** Calls of one connection that are worked on before the others have their turn. */
  readonly callsPerTurn: number;
  /** Bytes of one READ or WRITE. */
  readonly ioBytes: number;
  readonly operationsPerCompound: number;

  // ---- clients and sessions ----

  /** Client ids, confirmed or not. */
  readonly clients: number;
  /** Client ids that nobody has confirmed: for one more, the oldest is forgotten. */
  readonly unconfirmedClients: number;
  /** Leases for which a silent client without state is remembered. */
  readonly silentLeases: number;
  readonly sessionsPerClient: number;
  readonly slotsPerSession: number;
  /** Bytes of one reply that a slot keeps. */
  readonly cachedReplyBytes: number;
  /** Bytes that all slots of all sessions may keep. A session gets fewer slots when little is left. */
  readonly replyCacheBytes: number;

  // ---- state ----

  /** Opens, lock states and delegations of all clients, the revoked ones too. */
  readonly stateids: number;
  readonly opensPerClient: number;
  /** Pairs of a lock-owner and a file. */
  readonly locksPerClient: number;
  /** Byte ranges held, over all owners and files. */
  readonly rangesPerClient: number;
  /** Version 4.0: open-owners that are remembered, with anything open or without. */
  readonly ownersPerClient: number;
}

export const DEFAULT_LIMITS: Limits = {
  connections: 2048,
  connectionsPerAddress: 1024,
  callbackConnections: 512,
  strangerMs: 60_000,
  idleMs: 360_000,
  stalledMs: 120_000,
  messageBytes: (1 << 20) + 8192,
  unsentBytes: 4 << 20,
  bufferedBytes: 256 << 20,
  callsInFlight: 256,
  callsPerTurn: 64,
  ioBytes: 1 << 20,
  operationsPerCompound: 64,
  clients: 10_000,
  unconfirmedClients: 1_000,
  silentLeases: 20,
  sessionsPerClient: 16,
  slotsPerSession: 64,
  cachedReplyBytes: 8192,
  replyCacheBytes: 512 << 20,
  stateids: 1_000_000,
  opensPerClient: 100_000,
  locksPerClient: 100_000,
  rangesPerClient: 100_000,
  ownersPerClient: 10_000,
};

export const LIMIT_NAMES = Object.keys(DEFAULT_LIMITS) as readonly (keyof Limits)[];

/** @throws RangeError for what is no limit */
export function settleLimits(given: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const name of LIMIT_NAMES) {
    const value = limits[name];
    if (!(Number.isSafeInteger(value) && value > 0)) throw new RangeError(`${name}: ${value} is no limit`);
  }
  return limits;
}
