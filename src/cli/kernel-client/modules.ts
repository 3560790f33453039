/** Of Linux's modules, what its NFS client is made of. */
export const NFS_MODULES: readonly string[] = [
  ...['net/sunrpc', 'net/dns_resolver', 'fs/fscache', 'fs/netfs', 'fs/lockd', 'fs/nfs', 'fs/nfs_common'],
];
