/** The alarm that an etcd cluster raises when the space quota of a member is used up: from then on nothing is written (etcd's operations guide, "space quota"). */
import type { Clock } from '../core/clock.ts';

interface StatusAnswer {
  readonly header: { readonly member_id: string };
}

const NO_SPACE = 'NOSPACE';
const TRIES = 20;
/** A member that is paused takes the question, and never answers. */
const PATIENCE_MS = 3000;

async function ask<Answer>(endpoint: string, path: string, body: object, clock: Clock): Promise<Answer> {
  const over = new AbortController();
  const cancel = clock.after(PATIENCE_MS, () =>
    over.abort(new Error(`etcd at ${endpoint} did not answer to ${path} within ${PATIENCE_MS} ms`)),
  );
  try {
    const url = `${endpoint}/v3/maintenance/${path}`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body), signal: over.signal });
    if (!response.ok) throw new Error(`etcd at ${endpoint} answered ${response.status} to ${path}`);
    return (await response.json()) as Answer;
  } finally {
    cancel();
  }
}

/**
 * Raises it for the first member that answers, which stops the whole cluster from writing. @returns takes it back
 * @throws Error one sentence, when no member answers
 */
export async function raiseSpaceAlarm(
  endpoints: readonly string[],
  clock: Clock,
): Promise<() => Promise<void>> {
  for (const endpoint of endpoints) {
    const status = await ask<StatusAnswer>(endpoint, 'status', {}, clock).catch(() => null);
    if (status === null) continue;
    const alarm = { memberID: status.header.member_id, alarm: NO_SPACE };
    await ask(endpoint, 'alarm', { action: 'ACTIVATE', ...alarm }, clock);
    return () => disarm(endpoints, alarm, clock);
  }
  throw new Error('no member of the etcd cluster answers, so none can be full');
}

/** By whichever member answers: the one that it was raised through may be down by now. */
async function disarm(endpoints: readonly string[], alarm: object, clock: Clock): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const endpoint = endpoints[attempt % endpoints.length]!;
    try {
      await ask(endpoint, 'alarm', { action: 'DEACTIVATE', ...alarm }, clock);
      return;
    } catch (error) {
      if (attempt >= TRIES) throw error;
    }
  }
}
