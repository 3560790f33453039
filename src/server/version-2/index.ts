import { type AnyServedOperation, served } from '../served-operation.ts';
import { serveAccess } from './access.ts';
import { serveAllocate, serveDeallocate } from './allocation.ts';
import { serveClone } from './clone.ts';
import { serveCopy } from './copy.ts';
import { serveCreate, serveOpen, serveSetAttr } from './creation.ts';
import { serveSeek } from './seek.ts';
import { serveGetXattr, serveListXattrs, serveRemoveXattr, serveSetXattr } from './xattrs.ts';

/**
 * What NFSv4.2 has besides 4.1, or otherwise: RFC 7862, and RFC 8276 for extended attributes. Not served (NOTSUPP): copies between servers and such as
 * go on after the answer (COPY_NOTIFY, OFFLOAD_CANCEL, OFFLOAD_STATUS), IO_ADVISE, LAYOUTERROR, LAYOUTSTATS, READ_PLUS, WRITE_SAME.
 */
export const MINOR_VERSION_2: readonly AnyServedOperation[] = [
  served(serveAccess),
  served(serveAllocate),
  served(serveClone),
  served(serveCopy),
  served(serveCreate),
  served(serveDeallocate),
  served(serveGetXattr),
  served(serveListXattrs),
  served(serveOpen),
  served(serveRemoveXattr),
  served(serveSeek),
  served(serveSetAttr),
  served(serveSetXattr),
];
