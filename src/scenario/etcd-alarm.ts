/** The alarm that an etcd cluster raises when the space quota of a member is used up: from then on nothing is written (etcd's operations guide, "space quota"). */

interface StatusAnswer {
  readonly header: { readonly member_id: string };
}

const NO_SPACE = 'NOSPACE';
const TRIES = 20;

async function ask<Answer>(endpoint: string, path: string, body: object): Promise<Answer> {
  const response = await fetch(`${endpoint}/v3/maintenance/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`etcd at ${endpoint} answered ${response.status} to ${path}`);
  return (await response.json()) as Answer;
}

/**
 * Raises it for the first member that answers, which stops the whole cluster from writing. @returns takes it back
 * @throws Error one sentence, when no member answers
 */
export async function raiseSpaceAlarm(endpoints: readonly string[]): Promise<() => Promise<void>> {
  for (const endpoint of endpoints) {
    const status = await ask<StatusAnswer>(endpoint, 'status', {}).catch(() => null);
    if (status === null) continue;
    const alarm = { memberID: status.header.member_id, alarm: NO_SPACE };
    await ask(endpoint, 'alarm', { action: 'ACTIVATE', ...alarm });
    return () => disarm(endpoints, alarm);
  }
  throw new Error('no member of the etcd cluster answers, so none can be full');
}

/** By whichever member answers: the one that it was raised through may be down by now. */
async function disarm(endpoints: readonly string[], alarm: object): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const endpoint = endpoints[attempt % endpoints.length]!;
    try {
      await ask(endpoint, 'alarm', { action: 'DEACTIVATE', ...alarm });
      return;
    } catch (error) {
      if (attempt >= TRIES) throw error;
    }
  }
}
