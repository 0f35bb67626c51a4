/** Keywords about the headers of packets, and sticky buffers of them. */
import type { Making } from './making.ts';

/** `bytes`: the payload of one message. */
export function packetOption({ dice, dialogue, client, server }: Making, { length }: Uint8Array): string {
  const { transport } = dialogue;
  const isSix = client.includes(':');
  const common = [
    () =>
      `dsize:${dice.pick([String(length), `>${Math.max(0, length - 3)}`, `<${length + 3}`, `${Math.max(0, length - 3)}<>${length + 5}`, `!${length}`])};`,
    () => `ttl:${dice.pick(['64', '>60', '<64', '!64', '60-70', '>=64'])};`,
    () => `fragbits:${dice.pick(['!D', 'M', '!M', '+D', '*MD'])};`,
    () => `fragoffset:${dice.pick(['0', '>0', '!0', '<5'])};`,
    () => `ip_proto:${dice.pick(['6', '17', '!17', '1', '!6'])};`,
    () => 'sameip;',
    () => `id:${dice.pick(['0', '7'])};`,
    () => `tos:${dice.pick(['0', '!0', '8'])};`,
    () => `ip.src; content:"|${hexOf(dice.pick([client, server]))}|";`,
    () => `${isSix ? 'ipv6' : 'ipv4'}.hdr; content:"|${isSix ? '60' : '45'}|"; startswith;`,
    () => 'ipopts:any;',
  ];
  const ofTcp = [
    () => `flags:${dice.pick(['S', 'A', 'PA', 'S+', 'A+', 'F+', '!S', 'SA', 'PA,12', '*SF', '0', 'A+,SF'])};`,
    () => `window:${dice.pick(['65535', '!65535'])};`,
    () => 'ack:0;',
    () => 'seq:0;',
    () => `tcp.hdr; content:"|${dice.pick(['50 18', '50 10', 'ff ff'])}|";`,
    () => `tcp.mss:${dice.pick(['>500', '1460', '<536'])};`,
    () =>
      `stream_size:${dice.pick(['client', 'server', 'both', 'either'])},${dice.pick(['>', '<', '>=', '!='])},${dice.int(0, 100)};`,
  ];
  const ofUdp = [() => `udp.hdr; content:"|${(8 + length).toString(16).padStart(4, '0')}|";`];
  const ofIcmp = [
    () => `itype:${dice.pick(['8', '0', '>5', '128', '<9', '0<>9'])};`,
    () => `icode:${dice.pick(['0', '1', '<3'])};`,
    () => `icmp_seq:${dice.int(0, 1)};`,
    () => `icmp_id:${dice.int(0, 3)};`,
    () => `${isSix ? 'icmpv6' : 'icmpv4'}.hdr; content:"|${isSix ? '80' : '08'}|"; startswith;`,
  ];
  const ofAll = [...ofTcp, ...ofUdp, ...ofIcmp];
  const own =
    transport === 'tcp' ? ofTcp : transport === 'udp' ? ofUdp : transport === 'odd' ? ofAll : [...ofIcmp, ...ofIcmp];
  const ofFlow = [
    () => `flow.age:${dice.pick(['<1', '>0', '0', '<10'])};`,
    () => `${dice.pick(['tcpv4', 'udpv4', 'icmpv4', 'ipv4'])}-csum:${dice.pick(['valid', 'invalid'])};`,
  ];
  return dice.pick(dice.chance(0.04) ? ofFlow : [...common, ...own, ...own])();
}

function hexOf(address: string): string {
  if (!address.includes(':'))
    return address
      .split('.')
      .map((part) => Number(part).toString(16).padStart(2, '0'))
      .join(' ');
  return '20 01 0d b8';
}
