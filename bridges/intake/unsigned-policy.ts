/**
 * From where unsigned frames of legacy devices are accepted: nowhere, unless addresses are named (`--unsigned-from`).
 * An address decides nothing else: the device still presents its own credential.
 */
import { BlockList, isIP } from 'node:net';
import { MsecError } from '../../engine/index.ts';

export type UnsignedPolicy = (remoteAddress: string | undefined) => boolean;

/** `cidrs`: IPv4 or IPv6 networks (`10.0.0.0/8`, `fd00::/8`) or single addresses. CONFIG_INVALID. */
export function unsignedFrom(cidrs: readonly string[]): UnsignedPolicy {
  if (cidrs.length === 0) return () => false;
  const allowed = new BlockList();
  for (const cidr of cidrs) addNetwork(allowed, cidr);
  return (remoteAddress) => {
    if (remoteAddress === undefined) return false;
    const address = plainAddress(remoteAddress);
    const family = isIP(address);
    return family !== 0 && allowed.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
}

function addNetwork(allowed: BlockList, cidr: string): void {
  const [address = '', prefixText, ...rest] = cidr.split('/');
  const family = isIP(address);
  const bits = family === 6 ? 128 : 32;
  const isPrefix = prefixText === undefined || (/^\d{1,3}$/.test(prefixText) && Number(prefixText) <= bits);
  if (family === 0 || !isPrefix || rest.length > 0) {
    throw new MsecError('CONFIG_INVALID', `unsigned-from: "${cidr}" is not an address or network like 10.0.0.0/8`, {
      field: 'unsigned-from',
    });
  }
  allowed.addSubnet(address, prefixText === undefined ? bits : Number(prefixText), family === 6 ? 'ipv6' : 'ipv4');
}

/** A socket that listens on :: gives IPv4 peers as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}
