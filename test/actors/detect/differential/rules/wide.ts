/** Rules about packets, flows and addresses: several keywords of headers, alone and with what rules remember. */
import type { Message } from '../dialogues/message.ts';
import { contents, piece, wordsOf } from './contents.ts';
import type { Making } from './making.ts';
import { memoryOptions } from './memory.ts';
import { packetOption } from './packets.ts';
import { way } from './way.ts';

export function wideRule(making: Making): string {
  const { dice, dialogue } = making;
  const message = dice.pick(dialogue.messages);
  const action = dice.weighted([
    [30, 'alert'],
    [1, 'drop'],
    [1, 'pass'],
    [1, 'reject'],
    [0.5, 'rejectboth'],
  ] as const);
  const options = [
    ...(dice.chance(0.3) ? [flow(making, message)] : []),
    ...dice.weighted<() => string[]>([
      [3, () => []],
      [3, () => [packetOption(making, message.bytes)]],
      [2, () => [packetOption(making, message.bytes), packetOption(making, message.bytes)]],
      [2, () => contents(making, message.bytes, 3)],
      [2, () => bytesRelative(making, message.bytes)],
      [2, () => expression(making, message.bytes)],
      [1, () => oddOption(making)],
    ])(),
    ...(dice.chance(0.5) ? memory(making) : []),
  ];
  return `${action} ${header(making)} ${way(making, message)} (${options.join(' ')}`;
}

function header({ dice, dialogue: { transport }, client }: Making): string {
  const family = client.includes(':') ? '6' : '4';
  const plain = ['ip', `ipv${family}`, 'ip', 'pkthdr'];
  switch (transport) {
    case 'tcp':
      return dice.pick(['tcp', 'tcp', 'tcp', 'tcp-pkt', 'tcp-stream', ...plain]);
    case 'udp':
      return dice.pick(['udp', 'udp', 'udp', ...plain]);
    case 'icmp':
      return dice.pick(['icmp', 'icmp', `icmpv${family}`, ...plain]);
    default:
      return dice.pick(['ip', 'tcp', 'udp', 'icmp', 'sctp', `icmpv${family}`, 'tcp-pkt', ...plain]);
  }
}

function flow({ dice }: Making, { direction }: Message): string {
  const towards = (direction === 0) === dice.chance(0.9) ? 'to_server' : 'to_client';
  return `flow:${dice.weighted([
    [4, towards],
    [3, `established,${towards}`],
    [2, 'established'],
    [2, 'stateless'],
    [2, 'not_established'],
    [1, `not_established,${towards}`],
    [1, 'no_frag'],
    [1, 'only_frag'],
    [0.5, 'only_stream'],
    [1, 'no_stream'],
  ])};`;
}

/** One rule's bit is asked for by another of the case; limits of all kinds. */
function memory(making: Making): string[] {
  const { dice, name } = making;
  const counted = `count ${dice.int(1, 4)}, seconds ${dice.pick([1, 2, 60])}`;
  return dice.weighted<() => string[]>([
    [2, () => memoryOptions(making)],
    [
      3,
      () => [
        `threshold:type ${dice.pick(['limit', 'threshold', 'both'])}, track ${dice.pick(['by_src', 'by_dst', 'by_rule', 'by_both'])}, ${counted};`,
      ],
    ],
    [1, () => [`detection_filter:track ${dice.pick(['by_src', 'by_dst'])}, ${counted};`]],
    [
      2,
      () => [
        `xbits:${dice.pick(['set', 'set', 'isset', 'isnotset', 'unset', 'toggle'])},${name},track ${dice.pick(['ip_pair', 'ip_pair', 'ip_src', 'ip_dst'])}${dice.pick(['', ',expire 1', ',expire 60'])};`,
      ],
    ],
    [
      1,
      () => [
        `hostbits:${dice.pick(['set', 'isset', 'isnotset', 'unset', 'toggle'])},${name}h${dice.pick(['', ',src', ',dst'])};`,
      ],
    ],
    [
      2,
      () => [
        `flowint:${name}n,${dice.pick(['+,1', '=,1', '>,1', '<,3', '==,2', '!=,1', '>=,2', 'isset', 'notset', '-,1'])};`,
      ],
    ],
    [1, () => [`flowint:${name}m,=,${name}n;`]],
    [1, () => [`flowint:${name}m,+,${name}n;`, `flowint:${name}m,${dice.pick(['>', '<=', '=='])},${name}n;`]],
    [2, () => [`flowbits:${dice.pick(['set', 'isset', 'isnotset', 'unset', 'toggle'])},${name};`]],
    [1, () => [`flowbits:isset,${name};`, `flowbits:set,${name}other;`]],
    [1, () => [`flowbits:isnotset,${name}other;`, `flowbits:set,${name};`, 'flowbits:noalert;']],
    [0.5, () => ['bypass;']],
    [0.5, () => ['noalert;']],
    [0.5, () => [`tag:${dice.pick(['session', 'host,5,packets,src', 'session,2,seconds'])};`]],
  ])();
}

function asn1(dice: Making['dice']): string[] {
  const asked = dice.pick(['oversize_length 4', 'oversize_length 30, double_overflow', 'bitstring_overflow']);
  return dice.pick([
    [`asn1:${asked};`],
    [`asn1:${asked}, absolute_offset ${dice.int(0, 8)};`],
    [`content:"|30|";`, `asn1:${asked} relative_offset ${dice.int(-2, 3)};`],
  ]);
}

function oddOption({ dice, client, server }: Making): string[] {
  return dice.pick<() => string[]>([
    () => [`l3_proto:${dice.pick(['ipv4', 'ipv6', 'ip4'])};`],
    () => [
      `ip_proto:${dice.pick(['1', '2', '47', '50', '51', '58', '89', '132', '!17', '>100', '<20', 'udp', 'igmp'])};`,
    ],
    () => [
      `${dice.pick(['ipv4', 'tcpv4', 'udpv4', 'icmpv4', 'tcpv6', 'udpv6', 'icmpv6'])}-csum:${dice.pick(['valid', 'invalid'])};`,
    ],
    () => asn1(dice),
    () => [
      `decode-event:${dice.pick(['udp.len_invalid', 'udp.pkt_too_small', 'tcp.hlen_too_small', 'tcp.pkt_too_small', 'tcp.opt_invalid_len', 'icmpv4.unknown_type', 'icmpv4.unknown_code', 'icmpv6.unknown_type', 'icmpv4.pkt_too_small', 'ipv4.hlen_too_small', 'ipv6.unknown_next_header', 'ipv6.zero_len_padn', 'ipv4.opt_pad_required'])};`,
    ],
    () => [
      `${dice.pick(['ip.src', 'ip.dst'])};`,
      `content:"|${client.includes(':') ? '20 01' : (dice.pick([client, server]).split('.')[0] ?? '') === '10' ? '0a' : '00'}|"; startswith;`,
    ],
    () => [`flow.age:${dice.pick(['>0', '<1', '<2', '0'])};`],
    () => ['app-layer-protocol:failed;'],
    () => [
      `stream-event:${dice.pick(['pkt_bad_window_update', 'closewait_fin_out_of_window', '4whs_syn', 'rst_but_no_session', 'fin_but_no_session', 'est_synack_resend', 'suspected_rst_inject', 'pkt_broken_ack'])};`,
    ],
    () => [`icmpv6.mtu:${dice.pick(['>0', '0', '<1500'])};`],
  ])();
}

/** Numbers in the payload, one counted from the other. */
function bytesRelative(making: Making, bytes: Uint8Array): string[] {
  const { dice } = making;
  const { text, at, length } = piece(making, bytes);
  const after = bytes[at + length] ?? 0;
  const first = [`content:"${text}";`];
  const order = dice.pick(['', '', ',little', ',big']);
  return dice.weighted<() => string[]>([
    [
      2,
      () => [
        ...first,
        `byte_test:1,${dice.pick(['=', '!=', '<', '>', '&', '!&', '<=', '>='])},${dice.pick([after, after + 1, 65])},0,relative${order};`,
      ],
    ],
    [
      2,
      () => [
        ...first,
        `byte_jump:1,${dice.int(0, 2)},relative${dice.pick(['', ',multiplier 2', ',align', ',post_offset 1', ',post_offset -2', ',from_end', ',from_beginning'])};`,
        `isdataat:${dice.pick(['', '!'])}${dice.int(0, 9)},relative;`,
      ],
    ],
    [
      2,
      () => [
        ...first,
        `byte_extract:${dice.int(1, 2)},0,v,relative${order};`,
        `byte_test:1,${dice.pick(['=', '<', '>', '!='])},v,${dice.int(-2, 2)},relative;`,
      ],
    ],
    [1, () => [...first, `byte_extract:1,0,v,relative;`, `isdataat:v,relative;`]],
    [
      1,
      () => [
        ...first,
        `byte_math:bytes ${dice.int(1, 2)}, offset 0, oper ${dice.pick(['+', '-', '*', '/', '<<', '>>'])}, rvalue ${dice.int(0, 9)}, result r, relative${dice.pick(['', ', endian little', ', string dec', ', string hex'])};`,
        `content:"${piece(making, bytes).text}"; ${dice.pick(['offset', 'depth', 'distance', 'within'])}:r;`,
      ],
    ],
    [
      1,
      () => [
        ...first,
        `byte_test:${dice.int(1, 5)},${dice.pick(['=', '>', '<'])},${dice.int(0, 99)},0,relative,string,${dice.pick(['dec', 'hex', 'oct'])};`,
      ],
    ],
    [
      1,
      () => [
        ...first,
        `byte_test:2,=,${dice.int(0, 255)},0,relative,bitmask 0x${dice.pick(['ff00', '00ff', '0ff0', 'f'])};`,
      ],
    ],
    [
      1,
      () => [
        ...first,
        `byte_jump:${dice.int(1, 3)},0,relative,string,${dice.pick(['dec', 'hex'])};`,
        `content:"${piece(making, bytes).text}"; distance:0;`,
      ],
    ],
    [
      1,
      () => [
        `isdataat:${dice.pick(['', '!'])}${bytes.length};`,
        ...first,
        `isdataat:${dice.pick(['', '!'])}${Math.max(0, bytes.length - at - length)},relative;`,
      ],
    ],
    [
      1,
      () => [
        `base64_decode:${dice.pick(['bytes 8', 'offset 2', 'bytes 8, offset 1'])}${dice.pick(['', ', relative'])};`,
        'base64_data;',
        `content:"${dice.pick(wordsOf(bytes)).slice(0, 2)}";`,
      ],
    ],
  ])();
}

/** Expressions that count from what was found before, and each other. */
function expression(making: Making, bytes: Uint8Array): string[] {
  const { dice } = making;
  const word = dice.pick(wordsOf(bytes)) ?? 'zzz';
  const { text } = piece(making, bytes);
  const flags = dice.pick(['', 'i', 's', 'm', 'x', 'A', 'E', 'G', 'im', 'is', 'smi']);
  const body = dice.pick([
    word,
    `.{2}${word.slice(1, 3)}`,
    `${word.slice(0, 1)}.*?${word.slice(-1)}`,
    `^.{0,9}${word}`,
    `\\w+[^\\w]`,
    `(?i)${word.toUpperCase()}`,
    `${word.slice(0, 2)}(?!${word.slice(2, 3)})`,
    `[\\x00-\\x1f]`,
    `${word}\\r?\\n`,
  ]);
  const not = dice.chance(0.12) ? '!' : '';
  return dice.weighted<() => string[]>([
    [2, () => [`pcre:${not}"/${body}/${flags}";`]],
    [3, () => [`content:"${text}";`, `pcre:${not}"/${body}/R${flags}";`]],
    [1, () => [`pcre:"/${word.slice(0, 2)}/";`, `pcre:${not}"/${body}/R${flags}";`]],
    [
      1,
      () => [
        `pcre:"/${body}/${flags}";`,
        `content:"${text}"; ${dice.pick(['distance:0', 'within:20', 'distance:-2'])};`,
      ],
    ],
    [1, () => [`content:"${text}"; nocase;`, `pcre:"/${body}/R${flags}";`, `isdataat:1,relative;`]],
  ])();
}
