/** Times and addresses as EVE writes them. */

/** Records of one second come together: its text is made once. */
let lastSecond = Number.NaN;
let lastText = '';

/** Microseconds, in UTC whatever the machine's zone is. */
export function timestamp(timeUs: number): string {
  const seconds = Math.floor(timeUs / 1_000_000);
  if (seconds !== lastSecond) {
    lastText = new Date(seconds * 1000).toISOString().slice(0, 19);
    lastSecond = seconds;
  }
  const micros = String(Math.floor(timeUs - seconds * 1_000_000)).padStart(6, '0');
  return `${lastText}.${micros}+0000`;
}

/** IPv6 in full, without shortening. */
export function address(version: number, a: number, b: number, c: number, d: number): string {
  if (version === 4) return `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
  return [a, b, c, d]
    .flatMap((word) => [word >>> 16, word & 0xffff])
    .map((half) => half.toString(16).padStart(4, '0'))
    .join(':');
}

const PROTOCOLS: Readonly<Record<number, string>> = {
  0: 'HOPOPT',
  1: 'ICMP',
  2: 'IGMP',
  4: 'IP-ENCAP',
  6: 'TCP',
  17: 'UDP',
  41: 'IPv6',
  47: 'GRE',
  50: 'ESP',
  51: 'AH',
  58: 'IPv6-ICMP',
  103: 'PIM',
  112: 'VRRP',
  132: 'SCTP',
};

export const protocolName = (protocol: number): string => PROTOCOLS[protocol] ?? String(protocol).padStart(3, '0');

/** Rules are read byte by byte; their texts are UTF-8. */
export const decoded = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');
