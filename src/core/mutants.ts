/**
 * Deliberately broken variants of our own server and coordinator (docs/mutants.md). Each proves that
 * some checker catches what it is for. They reach the code as an argument, and only the option `--mutant` of
 * `gracelab run`, `chaos`, `simulate` and `model`, and tests, can switch one on.
 */
export const MUTANTS = {
  D1: 'retiring a member lifts the grace that another still needs',
  D2: 'the claims of a dead member can be neither abandoned nor retired while grace runs',
  D3: 'a member may be retired while it serves, and its late acknowledgement brings it back',
  D4: 'an acknowledgement does not name the view it is for',
  D5: 'the claims of a node that left as planned are never abandoned',
  D6: 'records outlive the lift and are honoured in a later grace',
  D7: 'a record that cannot be stored is logged, and the client is confirmed all the same',
  D8: 'neither the ledger nor the record store tests who writes',
  D9: 'the client record is written when the client id is confirmed, not at RECLAIM_COMPLETE',
  D10: 'a reclaim is granted after its client’s own RECLAIM_COMPLETE',
  D11: 'a reclaim is granted before the barrier',
  D12: 'a survivor grants without testing beacons and hears of a death late',
  D13: 'grace goes on for as long as one client reclaims',
  D14: 'grace ends in memory before the lift is durable',
  D15: 'unlocking the middle of a range lets go of what is right of it as well',
  D16: 'the beacon is an open-file-description lock, which the kernel releases last',
  D17: 'who opens by filehandle need not have sent RECLAIM_COMPLETE',
  D18: 'nothing remembers that the chance of an abandoned node’s clients is over',
  D19: 'a missing beacon is taken for death on a filesystem where it proves nothing',
  M1: 'what was acknowledged in the last grace counts in a new one',
  M2: 'what an heir has finished stays closed when the heir is lost in the same grace',
  M3: 'whoever returns takes its claims back from its heir',
  M5: 'a member may be retired once an heir has finished its claims, while grace runs',
  M6: 'the word of a death names the node and not the life',
  M8: 'an address moves as planned before everybody has stopped granting',
  M9: 'a planned move opens nobody’s claims before the taker has the address',
  M10: 'the giver of an address keeps what its clients hold',
  M11: 'what the giver of an address has recorded about its clients in the new epoch stays',
  M12: 'what a node shows of its clients’ opens and delegations no other one sees',
  M13: 'grace does not wait for the claims of those who are down',
  M14: 'a process does not look whether the node that it claims to be lives',
  M15: 'the record of a client whose locks are taken from it stays good',
  M16: 'what a client holds goes with its connection',
  M17: 'the giver of a filesystem lets go before it hands over',
  M18: 'whoever comes before the taker of a filesystem knows of it is refused',
  M19: 'a filesystem moves in a grace that runs already',
  M20: 'what the giver of a filesystem has taken back of its records stays away when nothing comes of the move',
  M21: 'the taker of an address says that it holds what its clients held, and takes none of their locks',
  M22: 'what the giver of an address has written down for an earlier move is taken for that of this one',
  M23: 'the gate gives local programs new locks in grace',
  M24: 'a node in grace in one of its lock domains refuses new state in all of them',
} as const;

export type MutantId = keyof typeof MUTANTS;

/** Those that a running node can have. The others break what only the model looks at on its own. */
export const NODE_MUTANTS = [
  'D7',
  'D9',
  'D10',
  'D11',
  'D12',
  'D13',
  'D14',
  'D15',
  'D16',
  'D17',
  'D18',
  'M8',
  'M12',
  'M13',
  'M14',
  'M15',
  'M16',
  'M21',
  'M23',
  'M24',
] as const satisfies readonly MutantId[];

/** The mutants that are switched on; the empty set is the real product. */
export type Mutants = ReadonlySet<MutantId>;
export const NO_MUTANTS: Mutants = new Set();
