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
  /** The path of a file that the client has opened before; null: any. */
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
}

/** Null: that file is not known, or not yet. */
export function oversteppedRecovery(
  { oversteps, lingers }: Overstepping,
  session: Session,
  { clock, observer, timing, files }: RecoveringClient,
): OversteppedRecovery | null {
  const known = [...files()].find(
    ({ path, handle }) => handle !== null && (oversteps === null || path === oversteps),
  );
  if (known === undefined) return null;
  const send = async (request: RecordedRequest): Promise<Status | null> => {
    const outcome = await session.execute(recordedAttempt(observer, request));
    return outcome.kind === 'reply' ? outcome.reply.status : null;
  };
  const clientId = () => session.clientId;
  const overstep = new Overstep({ clock, clientId, send, deadlineMs: NEVER_MS }, known);
  return {
    async beforeReclaims() {
      await overstep.askForNew();
    },
    async beforeCompletion() {
      if (lingers) await overstep.linger(timing().leaseMs);
      await overstep.askForNew();
    },
    async afterCompletion() {
      await overstep.reclaim();
      await overstep.close();
    },
  };
}

/** Beside whatever else the client does. @returns what the last reclaim came to */
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
  await overstep.open();
  const status = await overstep.reclaim();
  await overstep.close();
  return { status: status === null ? 'TIMEOUT' : statusName(status), attempts };
}
