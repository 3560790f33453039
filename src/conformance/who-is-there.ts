/** What a server says of itself before anything is asked of it. */
import { op } from '../client/compound-probe.ts';
import { SP4_NONE } from '../nfs4/constants.ts';
import { exchangeId } from '../nfs4/operations/exchange-id.ts';
import { putRootFh } from '../nfs4/operations/put-root-fh.ts';
import { NFS4_OK } from '../nfs4/status.ts';
import { Connection } from './connection.ts';
import type { MinorVersion } from './outcome.ts';
import { ROOT, type ServerUnderTest } from './server-under-test.ts';

/** Those of the versions that it speaks. @throws Error one sentence, when nobody is there */
export async function spokenOf(
  server: ServerUnderTest,
  versions: readonly MinorVersion[],
): Promise<MinorVersion[]> {
  const spoken: MinorVersion[] = [];
  for (const version of versions) {
    const connection = new Connection(server, ROOT, version);
    const { status } = await connection.alone((send) => send(op(putRootFh, {})));
    connection.cut();
    if (status !== 'MINOR_VERS_MISMATCH') spoken.push(version);
  }
  return spoken;
}

/** nii_name of its EXCHANGE_ID; empty when it says nothing. */
export async function implementationOf(server: ServerUnderTest): Promise<string> {
  const connection = new Connection(server, ROOT, 1);
  const request = op(exchangeId, {
    clientOwner: {
      verifier: Buffer.alloc(8),
      ownerId: Buffer.from('gracelab conformance asks who is there'),
    },
    flags: 0,
    stateProtect: { how: SP4_NONE },
    clientImplId: null,
  });
  try {
    const { results } = await connection.alone((send) => send(request));
    const [result] = results;
    return result?.status === NFS4_OK ? (result.serverImplId?.name ?? '') : '';
  } catch {
    return '';
  } finally {
    connection.cut();
  }
}
