/**
 * Finds out which state the server has taken away, and lets go of it (RFC 8881 sections 8.5, 18.38,
 * 18.48). Started by an answer that doubts a stateid, or by SEQUENCE flags that say that some state was
 * revoked without saying which.
 */
import { freeStateid } from '../nfs4/operations/free-stateid.ts';
import { testStateid } from '../nfs4/operations/test-stateid.ts';
import * as st from '../nfs4/status.ts';
import type { Stateid } from '../nfs4/types.ts';
import { type Op, op } from './compound.ts';
import type { FileState } from './file-state.ts';
import { loseLocks } from './lock-loss.ts';
import type { Observer } from './observer.ts';
import type { Session } from './session.ts';
import { NEVER_MS } from './waiting.ts';

interface Tested {
  readonly file: FileState;
  readonly kind: 'open' | 'lock' | 'delegation';
  readonly stateid: Stateid;
}

/** Stateids in one TEST_STATEID. */
const AT_ONCE = 64;

export async function reviewState(
  session: Session,
  files: Iterable<FileState>,
  observer: Observer,
): Promise<void> {
  const all = [...files].flatMap(stateidsOf);
  for (let start = 0; start < all.length; start += AT_ONCE) {
    const tested = all.slice(start, start + AT_ONCE);
    const asked = op(testStateid, { stateids: tested.map(({ stateid }) => stateid) });
    const outcome = await session.execute(unrecorded([asked]));
    if (outcome.kind !== 'reply') return;
    const result = outcome.reply.of(asked);
    // A server that cannot say so leaves the doubt, and a doubtful lock must not be believed in (I5).
    const codes = result?.status === st.NFS4_OK ? result.statusCodes : [];
    const gone = tested.flatMap((entry, index) => {
      const status = codes[index] ?? st.NFS4ERR_BAD_STATEID;
      return isAlive(status) || !isCurrent(entry) ? [] : [{ ...entry, status }];
    });
    const lost = gone.flatMap(({ stateid, ...entry }) => [stateid, ...newLockUnder(entry, tested)]);
    for (const entry of gone) letGo(entry, st.statusName(entry.status), observer);
    // One by one, since FREE_STATEID of what is gone altogether fails and would end a COMPOUND.
    for (const stateid of lost) await session.execute(unrecorded([op(freeStateid, { stateid })]));
  }
}

function stateidsOf(file: FileState): Tested[] {
  const tested: Tested[] = [];
  if (file.openStateid !== null) tested.push({ file, kind: 'open', stateid: file.openStateid });
  if (file.lockStateid !== null) tested.push({ file, kind: 'lock', stateid: file.lockStateid });
  if (file.delegation !== null) tested.push({ file, kind: 'delegation', stateid: file.delegation.stateid });
  return tested;
}

/** OLD_STATEID: the state is there, and a request that was under way meanwhile has changed it. */
const isAlive = (status: st.Status): boolean => status === st.NFS4_OK || status === st.NFS4ERR_OLD_STATEID;

/** Closed, lost or opened anew while the question was under way? Then the answer means nothing. */
function isCurrent({ file, kind, stateid }: Tested): boolean {
  const now = { open: file.openStateid, lock: file.lockStateid, delegation: file.delegation?.stateid }[kind];
  return now?.other.equals(stateid.other) === true;
}

/**
 * The stateid of a lock whose grant was still on its way when the question was asked. It goes with its open, unknown to this client from
 * then on, and a server waits until all that it took is freed.
 */
function newLockUnder({ file, kind }: Pick<Tested, 'file' | 'kind'>, tested: readonly Tested[]): Stateid[] {
  const { lockStateid } = file;
  if (kind !== 'open' || lockStateid === null) return [];
  return tested.some(({ stateid }) => stateid.other.equals(lockStateid.other)) ? [] : [lockStateid];
}

/** Locks hang on their lock stateid, and that on the open. */
function letGo({ file, kind }: Tested, status: string, observer: Observer): void {
  if (kind === 'delegation') {
    file.loseDelegation();
    return;
  }
  if (kind === 'open') file.forgetOpen();
  else file.lockStateid = null;
  loseLocks(file, status, observer);
}

function unrecorded(ops: readonly Op[]) {
  return { request: () => ops, cacheReply: true, deadlineMs: NEVER_MS };
}
