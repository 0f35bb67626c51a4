/** A datagram as it was before it was cut: the first fragment's headers, with what says that it was one mended. */
import type { Head } from './held-fragment.ts';

const IPV6_BYTES = 40;
export const FRAGMENT_HEADER_BYTES = 8;

export function wholeDatagram(head: Head, ipVersion: number, body: Uint8Array): Uint8Array {
  const given = head.bytes;
  // IPv6's fragment header is the last before the body.
  const header = ipVersion === 4 ? given : given.subarray(0, given.length - FRAGMENT_HEADER_BYTES);
  const whole = new Uint8Array(header.length + body.length);
  whole.set(header);
  whole.set(body, header.length);
  const view = new DataView(whole.buffer);
  if (ipVersion === 4) {
    view.setUint16(2, whole.length);
    view.setUint16(6, 0);
    view.setUint16(10, 0);
    view.setUint16(10, headerChecksum(view, header.length));
  } else {
    view.setUint16(4, whole.length - IPV6_BYTES);
    whole[head.nextHeaderAt] = head.protocol;
  }
  return whole;
}

function headerChecksum(view: DataView, length: number): number {
  let total = 0;
  for (let at = 0; at < length; at += 2) total += view.getUint16(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return 0xffff - total;
}
