/** GETLK, SETLK and SETLKW, for fcntl(2) and flock(2), and the ways in which locks end without being asked. */
import type { LockMode, Span } from '../../core/byte-ranges.ts';
import { granted, refused, released, type Subject, spanForHistory } from '../../server/observation.ts';
import { F_RDLCK, F_UNLCK, F_WRLCK, FUSE_LK_FLOCK, OFFSET_MAX } from '../fuse/constants.ts';
import { lockBody } from '../fuse/replies.ts';
import type { Bodies, FuseLock, Header } from '../fuse/requests.ts';
import { done, type GateState } from '../gate-state.ts';
import type { LocalLockOutcome } from '../local-locks.ts';
import type { OpenFile } from '../open-files.ts';
import { error, OK, type Outcome, reply, WAIT } from '../outcome.ts';

/** What local programs are called in histories; who of them it was says the process id. */
const LOCAL = 'local';

const spanOf = ({ start, end }: FuseLock): Span => ({ start, end: end >= OFFSET_MAX ? null : end + 1n });

const modeOf = (type: number): LockMode | null =>
  type === F_RDLCK ? 'read' : type === F_WRLCK ? 'write' : null;

/** Both kinds of owner are numbers of the kernel's, and may be alike. */
const recordOwner = (owner: bigint): string => `record ${owner.toString(16)}`;
const flockOwner = (owner: bigint): string => `flock ${owner.toString(16)}`;
const ownerOf = ({ owner, flags }: Bodies['setlk']): string =>
  (flags & FUSE_LK_FLOCK) !== 0 ? flockOwner(owner) : recordOwner(owner);

const isSpan = ({ start, end }: FuseLock): boolean => start <= end && start <= OFFSET_MAX;

function subjectOf(state: GateState, { inode }: OpenFile, pid: number, span: Span, mode?: LockMode): Subject {
  const domain = state.domainOf(inode.node);
  return {
    op: 'lock',
    client: LOCAL,
    owner: `pid ${pid}`,
    file: inode.path,
    ...(domain !== null && state.labelOf(domain)),
    ...(mode && { mode }),
    span: spanForHistory(span),
  };
}

/** @param waits SETLKW: the request stays until it is granted, or interrupted */
export function setlk(
  state: GateState,
  header: Header,
  body: Bodies['setlk'],
  waits: boolean,
  again: boolean,
): Outcome {
  const file = state.opens.find(body.fh);
  if (file === undefined) return error('EBADF');
  if (!isSpan(body.lock)) return error('EINVAL');
  const span = spanOf(body.lock);
  if (body.lock.type === F_UNLCK) return unlock(state, header, body, file, span);
  const mode = modeOf(body.lock.type);
  if (mode === null) return error('EINVAL');
  const owner = ownerOf(body);
  const taken = state.locks.take(file.inode.node, owner, span, mode);
  const subject = subjectOf(state, file, header.pid, span, mode);
  if (taken.outcome === 'granted') {
    file.owners.add(owner);
    state.pids.set(owner, body.lock.pid);
    state.observe(granted(subject, false));
    return OK;
  }
  if (!again) state.observe(refused(subject, false, wordFor(taken)));
  if (taken.outcome === 'error') return error(taken.errno);
  return waits ? WAIT : error('EAGAIN');
}

/** As a client would have been told. */
const wordFor = (taken: LocalLockOutcome): string =>
  taken.outcome === 'grace' ? 'GRACE' : taken.outcome === 'error' ? taken.errno : 'DENIED';

function unlock(
  state: GateState,
  header: Header,
  body: Bodies['setlk'],
  file: OpenFile,
  span: Span,
): Outcome {
  const { node } = file.inode;
  const owner = ownerOf(body);
  return done(state.locks.release(node, owner, span), () => {
    if (!state.locks.holds(node, owner)) forgetOwner(state, file, owner);
    state.observe(released(subjectOf(state, file, header.pid, span)));
    return OK;
  });
}

/** What stands in the way, as fcntl(2) says it; whose it is, is known of programs of this node only. */
export function getlk(state: GateState, _: Header, body: Bodies['getlk']): Outcome {
  const file = state.opens.find(body.fh);
  if (file === undefined) return error('EBADF');
  const mode = modeOf(body.lock.type);
  if (mode === null || !isSpan(body.lock)) return error('EINVAL');
  return done(state.locks.test(file.inode.node, ownerOf(body), spanOf(body.lock), mode), (holder) => {
    if (holder === null) return reply(lockBody({ start: 0n, end: 0n, type: F_UNLCK, pid: 0 }));
    const { start, end } = holder.span;
    const pid = holder.ownerKey === undefined ? 0 : (state.pids.get(holder.ownerKey) ?? 0);
    const type = holder.mode === 'read' ? F_RDLCK : F_WRLCK;
    return reply(lockBody({ start, end: end === null ? OFFSET_MAX : end - 1n, type, pid }));
  });
}

/** Each close(2) of a descriptor: all record locks of the process on the file are gone with it (POSIX). */
export function flush(state: GateState, { pid }: Header, { fh, owner }: Bodies['flush']): Outcome {
  const file = state.opens.find(fh);
  if (file === undefined) return error('EBADF');
  drop(state, file, recordOwner(owner), pid);
  return OK;
}

/**
 * The last descriptor of a description is gone, and with it its flock and its open-file-description locks. The kernel says nothing of the latter, so both are known alike:
 * whoever locked through this description, and through none that is still open, was one of those.
 */
export function release(state: GateState, { pid }: Header, body: Bodies['release']): Outcome {
  const file = state.opens.find(body.fh);
  if (file === undefined) return error('EBADF');
  for (const owner of [...file.owners]) if (!isElsewhere(state, file, owner)) drop(state, file, owner, pid);
  state.opens.close(file);
  return OK;
}

const isElsewhere = ({ opens }: GateState, file: OpenFile, owner: string): boolean =>
  [...opens.all].some(
    (other) => other !== file && other.inode.node.key === file.inode.node.key && other.owners.has(owner),
  );

function drop(state: GateState, file: OpenFile, owner: string, pid: number): void {
  const { node } = file.inode;
  if (state.locks.drop(node, owner))
    state.observe(released(subjectOf(state, file, pid, { start: 0n, end: null })));
  forgetOwner(state, file, owner);
}

function forgetOwner({ opens, pids }: GateState, { inode }: OpenFile, owner: string): void {
  for (const other of opens.all) if (other.inode.node.key === inode.node.key) other.owners.delete(owner);
  pids.delete(owner);
}
