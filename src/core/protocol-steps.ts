/**
 * Named steps of the protocol: moments between two effects that the order of things rests on, announced so that a node can be made to
 * die exactly there. The code says when it is at one (server/named-steps.ts); nothing else depends on them.
 */
export const PROTOCOL_STEPS = {
  'between-beacon-and-boot-swap':
    'the beacon of the next life is lit, and the ledger does not know that life yet',
  'between-boot-swap-and-serving': 'the ledger knows the new life, which serves nobody yet',
  'before-death-report': 'a missing beacon was found, and the ledger has not been told',
  'after-death-report': 'the ledger knows of the death, and this node has done nothing about it yet',
  'before-acknowledgement': 'its clients are recorded in the new epoch, and the view is not acknowledged',
  'after-acknowledgement': 'the view is acknowledged, and the barrier may be missing others still',
  'amid-reclaim': 'a lock was reclaimed, neither answered nor completed',
  'before-completion': 'a client has said that it reclaims no more, and that is not recorded',
  'between-completion-and-reply': "a client's completion is durable, and it has not been told",
  'before-finish': 'all of its clients are through, and the ledger does not know',
  'before-lift': 'the same of the last node: what it is about to swap in ends grace',
  'between-lift-and-memory': 'grace is over in the ledger, and not in the memory of the node that ended it',
  'before-old-records-go': 'grace is over, and the records of the old epoch are still there',
  'before-inherit': "a dead node's clients are about to be taken over",
  'after-inherit': "a dead node's clients are this one's, and nobody answers at their address yet",
  'before-record': 'a client is about to be recorded',
  'between-record-and-grant': 'a client is recorded, and has been given nothing yet',
  'between-lock-and-beacon-test':
    "the lock is taken in the filesystem, and nobody has looked at the others' beacons",
  'between-beacon-test-and-grant': 'every beacon was lit, and the lock is not given yet',
  'between-grant-and-reply': 'the lock is given, and the client has not been told',
  'between-record-removal-and-release': "an ended client's record is gone, and its locks are still held",
  'between-release-and-regrant': "an ended client's locks are free, and nobody else has them yet",
  'between-barrier-and-release': 'a planned stop is past the barrier, and still holds its locks',
  'between-release-and-departure': 'a planned stop has let its locks go, and is not out of the cluster yet',
} as const;

export type ProtocolStep = keyof typeof PROTOCOL_STEPS;
export const PROTOCOL_STEP_NAMES = Object.keys(PROTOCOL_STEPS) as readonly ProtocolStep[];
