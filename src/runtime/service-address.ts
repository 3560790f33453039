/**
 * A service address: an address that belongs to what a node serves and not to the machine that carries it, so
 * that another node can take it over. Whoever serves it raises it from inside its container, with these.
 *
 * What makes a take-over quick is the gratuitous ARP request (an announcement, RFC 5227, sections 2.3 and 3):
 * every neighbour that has an entry for the address, with the old node's MAC, overwrites it, though it asked for nothing.
 * Linux does so whatever its `arp_accept` says (that setting is about making new entries) and even while the old
 * entry is so fresh that an ordinary reply would be ignored (`locktime`). A neighbour that misses the announcement
 * keeps sending to the dead MAC until its entry ages, which takes up to about a minute: so announce again, by
 * raising again, when neighbours may have been out of reach.
 */

/** Runs a program to its end; rejects only when it cannot be started. */
export type RunProgram = (
  argv: readonly [string, ...string[]],
) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;

/** Why an address could not be raised, dropped or announced, in one sentence. */
export class ServiceAddressError extends Error {
  override readonly name = 'ServiceAddressError';
}

export interface RaisedAddress {
  /**
   * Resolves when the neighbours have been told: with null, or with why they could not be. The address is
   * served either way. arping sends at once but ends a second later, which nobody should wait for.
   */
  readonly announced: Promise<ServiceAddressError | null>;
}

/** Of all addresses in a lab, see runtime.ts. */
const PREFIX_BITS = 16;

/**
 * Has this machine answer to `address` and tells the neighbours. Raising what is raised announces it again.
 * Resolves when connections to it are accepted here.
 * @param networkInterface `eth0` in a container
 * @throws ServiceAddressError when the address cannot be added
 */
export async function raiseServiceAddress(
  address: string,
  networkInterface: string,
  run: RunProgram,
): Promise<RaisedAddress> {
  // `replace` is an `add` that is content with what is there.
  const argv = ['ip', 'address', 'replace', `${address}/${PREFIX_BITS}`, 'dev', networkInterface] as const;
  const complaint = await complaintOf(argv, run);
  if (complaint !== null)
    throw new ServiceAddressError(
      `the service address ${address} cannot be raised on ${networkInterface}: ${complaint}`,
    );
  return { announced: announce(address, networkInterface, run) };
}

/**
 * From the return on this machine does not answer to `address`. Dropping what is not raised does nothing.
 * @throws ServiceAddressError when the address is still there
 */
export async function dropServiceAddress(
  address: string,
  networkInterface: string,
  run: RunProgram,
): Promise<void> {
  const complaint = await complaintOf(
    ['ip', 'address', 'delete', `${address}/${PREFIX_BITS}`, 'dev', networkInterface],
    run,
  );
  // The kernel's words, and the error number's where the kernel gives none.
  if (complaint === null || /address not found|cannot assign requested address/i.test(complaint)) return;
  throw new ServiceAddressError(
    `the service address ${address} cannot be dropped from ${networkInterface}: ${complaint}`,
  );
}

/**
 * One announcement only: a second one, a second later, might come after the address has been dropped here and
 * raised elsewhere, and would take it back. arping checks that the address is its own, then sends at once.
 */
async function announce(
  address: string,
  networkInterface: string,
  run: RunProgram,
): Promise<ServiceAddressError | null> {
  const complaint = await complaintOf(
    ['arping', '-q', '-U', '-c', '1', '-I', networkInterface, address],
    run,
  );
  return complaint === null
    ? null
    : new ServiceAddressError(`the neighbours could not be told of ${address}: ${complaint}`);
}

/** What a program complained of; null when it did what it was told. */
async function complaintOf(argv: readonly [string, ...string[]], run: RunProgram): Promise<string | null> {
  try {
    const { code, stderr } = await run(argv);
    return code === 0 ? null : stderr.trim().split('\n')[0] || `${argv[0]} ended with status ${code}`;
  } catch (error) {
    return (error as Error).message;
  }
}
