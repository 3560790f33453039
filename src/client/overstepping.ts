/** When a client oversteps (overstep.ts): at once, in a session that stands, or in its next recovery. */
import type { Clock } from '../core/clock.ts';
import { type Status, statusName } from '../nfs4/status.ts';
import type { FileContext, Result } from './file-context.ts';
import type { FileState } from './file-state.ts';
import type { Observer } from './observer.ts';
import { Overstep } from './overstep.ts';
import { type RecordedRequest, recordedAttempt } from './recorded-attempt.ts';
import type { Session } from './session.ts';
import type { Timing } from './timing.ts';
import { type DeadlineMs, NEVER_MS } from './waiting.ts';

/** How it does so in a recovery, which is by the book apart from that. */
export interface Overstepping {
  /** Which owner's open it is about; null: any that the client has. One that holds no lock is best: what is honestly believed in stays out of it. */
  readonly oversteps: string | null;
  /** It goes on reclaiming for as long as it is let. */
  readonly lingers: boolean;
}

/** What comes between the steps of a recovery. */
export interface OversteppedRecovery {
  beforeReclaims(): Promise<void>;
  beforeCompletion(): Promise<void>;
  afterCompletion(): Promise<void>;
}

interface RecoveringClient {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly timing: () => Timing;
  readonly files: () => Iterable<FileState>;
  /** Nobody has asked for a recovery by the book meanwhile. */
  readonly isWanted: () => boolean;
}

/** Null: the client has nothing open by that owner that it could be about. */
export function oversteppedRecovery(
  { oversteps, lingers }: Overstepping,
  session: Session,
  { clock, observer, timing, files, isWanted }: RecoveringClient,
): OversteppedRecovery | null {
  const opened = [...files()].filter(
    ({ owner, handle }) => handle !== null && (oversteps === null || owner === oversteps),
  );
  const file = opened.find(({ locks }) => locks.held.length === 0) ?? opened[0];
  if (file === undefined) return null;
  const send = async (request: RecordedRequest): Promise<Status | null> => {
    const outcome = await session.execute(recordedAttempt(observer, request));
    return outcome.kind === 'reply' ? outcome.reply.status : null;
  };
  const clientId = () => session.clientId;
  const overstep = new Overstep({ clock, clientId, send, deadlineMs: NEVER_MS }, file);
  return {
    async beforeReclaims() {
      await overstep.askForNew();
    },
    async beforeCompletion() {
      if (lingers) await overstep.linger(timing().leaseMs, isWanted);
      await overstep.askForNew();
    },
    async afterCompletion() {
      await overstep.reclaim();
    },
  };
}

/** In a turn of the file. @returns what the last reclaim came to */
export async function overstepNow(context: FileContext, deadlineMs: DeadlineMs): Promise<Result> {
  const { clock, file, requester } = context;
  let attempts = 0;
  const send = async (request: RecordedRequest): Promise<Status | null> => {
    const answer = await requester.send(request);
    if (answer.kind !== 'reply') return null;
    attempts += 1;
    return answer.reply.status;
  };
  const overstep = new Overstep({ clock, clientId: () => requester.clientId, send, deadlineMs }, file);
  const status = await overstep.reclaim();
  return { status: status === null ? 'TIMEOUT' : statusName(status), attempts };
}
