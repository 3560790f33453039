import type { SecurityFlavor } from '../nfs4/security-flavors.ts';
import { AUTH_NONE, AUTH_SYS } from '../rpc/message.ts';

/** How one may authenticate here, best first. */
export const SECURITY_FLAVORS: readonly SecurityFlavor[] = [{ flavor: AUTH_SYS }, { flavor: AUTH_NONE }];
