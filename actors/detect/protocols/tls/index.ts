/** TLS and SSL as a protocol of the engine: what rules may ask of hellos and certificates. */
import type { ConditionValue } from '../../rules/rule.ts';
import { fieldsOf, numberOf, wordsOf } from '../condition-values.ts';
import { type Direction, opposite } from '../direction.ts';
import type { BufferRow, ConditionRow, PatternProbe, ProbeAnswer, Protocol } from '../protocol.ts';
import type { Certificate } from './certificate.ts';
import { isDraft, isVersion } from './hello.ts';
import { isTold, tlsFields } from './tls-eve.ts';
import { TlsParser } from './tls-parser.ts';
import {
  CERTIFICATE_READY,
  FINISHED,
  HANDSHAKE_DONE,
  SSL_2,
  type TlsSide,
  type TlsTransaction,
} from './tls-transaction.ts';

const BOTH: readonly Direction[] = [0, 1];
const TIME_BYTES = 4;
const NO_RANDOM = new Uint8Array(32);

const ascii = (text: string | undefined | null): Uint8Array | null =>
  text === undefined || text === null ? null : Buffer.from(text, 'latin1');

type Row = BufferRow<TlsTransaction>;

/** Of what the direction's own side said in hellos. */
const ofHello = (name: string, directions: readonly Direction[], read: (side: TlsSide) => Uint8Array | null): Row => ({
  name,
  directions,
  progress: 0,
  read: (tx, direction) => read(tx.side(direction)),
});

/** Suricata has it with the other side's, and zeros while there is none of its own. */
const ofRandom = (name: string, from: number, to: number): Row => ({
  name,
  directions: BOTH,
  progress: 0,
  read: (tx, direction) => {
    if (tx.side(opposite(direction)).random === null) return null;
    return (tx.side(direction).random ?? NO_RANDOM).subarray(from, to);
  },
});

const ofCertificate = (name: string, read: (certificate: Certificate) => string | null): Row => ({
  name: `tls.${name}`,
  directions: BOTH,
  progress: CERTIFICATE_READY,
  read: (tx, direction) => {
    const { certificate } = tx.side(direction);
    const text = certificate === null ? null : read(certificate);
    return text === null ? null : Buffer.from(text, 'utf8');
  },
});

const many = (
  name: string,
  directions: readonly Direction[],
  progress: number,
  list: (side: TlsSide) => readonly Uint8Array[],
): Row => ({
  name,
  directions,
  progress,
  isMany: true,
  read: (tx, direction, index) => list(tx.side(direction))[index] ?? null,
});

const BUFFERS: readonly Row[] = [
  ofHello('tls.sni', [0], ({ sni }) => sni),
  ofRandom('tls.random', 0, NO_RANDOM.length),
  ofRandom('tls.random_time', 0, TIME_BYTES),
  ofRandom('tls.random_bytes', TIME_BYTES, NO_RANDOM.length),
  ofHello('ja3.hash', [0], ({ ja3 }) => ascii(ja3?.hash)),
  ofHello('ja3.string', [0], ({ ja3 }) => ascii(ja3?.text)),
  ofHello('ja3s.hash', [1], ({ ja3 }) => ascii(ja3?.hash)),
  ofHello('ja3s.string', [1], ({ ja3 }) => ascii(ja3?.text)),
  ofHello('ja4.hash', [0], ({ ja4 }) => ascii(ja4?.hash)),
  ofCertificate('cert_subject', ({ subject }) => subject),
  ofCertificate('cert_issuer', ({ issuer }) => issuer),
  ofCertificate('cert_serial', ({ serial }) => serial),
  ofCertificate('cert_fingerprint', ({ fingerprint }) => fingerprint),
  many('tls.certs', BOTH, CERTIFICATE_READY, ({ chain }) => chain),
  many('tls.subjectaltname', [1], CERTIFICATE_READY, ({ certificate }) => certificate?.alternativeNames ?? []),
  many('tls.alpn', BOTH, 0, ({ alpn }) => alpn),
];

type Condition = ConditionRow<TlsTransaction>;
type Test = (tx: TlsTransaction, direction: Direction, nowSeconds: number) => boolean;

const VERSIONS: Readonly<Record<string, number>> = {
  sslv2: SSL_2,
  sslv3: 0x0300,
  'tls1.0': 0x0301,
  'tls1.1': 0x0302,
  'tls1.2': 0x0303,
  'tls1.3': 0x0304,
};

/** A draft of 1.3 is 1.3. */
const withoutDraft = (version: number): number => (isDraft(version) ? VERSIONS['tls1.3']! : version);

const condition = (
  keyword: string,
  directions: readonly Direction[],
  progress: number,
  compile: (value: ConditionValue) => Test,
): Condition => ({ keyword, directions, progress, compile });

/** The text of a certificate has the value, or has it not. */
const textCondition = (keyword: string, read: (certificate: Certificate) => string | null): Condition =>
  condition(keyword, BOTH, CERTIFICATE_READY, (value) => {
    const [wanted] = wordsOf(value);
    const isNegated = wanted!.startsWith('!');
    const text = isNegated ? wanted!.slice(1) : wanted!;
    return (tx, direction) => {
      const { certificate } = tx.side(direction);
      const own = certificate === null ? null : read(certificate);
      return own !== null && own.includes(text) !== isNegated;
    };
  });

/** Of the server's certificate. A moment of zero is none. */
const validity = (
  keyword: string,
  compile: (value: ConditionValue) => (certificate: Certificate, nowSeconds: number) => boolean,
): Condition =>
  condition(keyword, [1], CERTIFICATE_READY, (value) => {
    const holds = compile(value);
    return ({ server: { certificate } }, _direction, nowSeconds) =>
      certificate !== null && holds(certificate, nowSeconds);
  });

function isIn(value: ConditionValue): (seconds: number) => boolean {
  const { is, from, to } = fieldsOf(value);
  const [low, high] = [Number(from), Number(to)];
  if (is === '<') return (seconds) => seconds !== 0 && seconds <= low;
  if (is === '>') return (seconds) => seconds !== 0 && seconds >= low;
  if (is === '<>') return (seconds) => seconds !== 0 && seconds >= low && seconds <= high;
  return (seconds) => seconds !== 0 && seconds === low;
}

const CONDITIONS: readonly Condition[] = [
  validity('tls_cert_notbefore', (value) => {
    const holds = isIn(value);
    return ({ notBefore }) => holds(notBefore);
  }),
  validity('tls_cert_notafter', (value) => {
    const holds = isIn(value);
    return ({ notAfter }) => holds(notAfter);
  }),
  validity(
    'tls_cert_expired',
    () =>
      ({ notAfter }, nowSeconds) =>
        notAfter !== 0 && nowSeconds > notAfter,
  ),
  validity(
    'tls_cert_valid',
    () =>
      ({ notAfter }, nowSeconds) =>
        notAfter !== 0 && nowSeconds <= notAfter,
  ),
  condition('tls.version', BOTH, 0, (value) => {
    const [wanted] = wordsOf(value);
    if (wanted!.startsWith('0x')) return (tx, direction) => tx.side(direction).version === Number(wanted);
    const version = VERSIONS[`tls${wanted}`];
    return (tx, direction) => withoutDraft(tx.side(direction).version) === version;
  }),
  condition('tls.cert_chain_len', [1], CERTIFICATE_READY, (value) => {
    const test = numberOf(value);
    return ({ server }) => test(server.chain.length);
  }),
  condition('ssl_version', BOTH, 0, (value) => {
    // Suricata never meets one that is negated.
    const versions = wordsOf(value).map((word) => VERSIONS[word]);
    return (tx, direction) => {
      const { version } = tx.side(direction);
      return versions.includes(isVersion(version) ? withoutDraft(version) : version);
    };
  }),
  condition('ssl_state', BOTH, 0, (value) => {
    const wanted = wordsOf(value).map((word) => ({ state: word.replace('!', ''), is: !word.startsWith('!') }));
    return (tx) => wanted.some(({ state, is }) => (tx.state === state) === is);
  }),
  textCondition('tls.subject', ({ subject }) => subject),
  textCondition('tls.issuerdn', ({ issuer }) => issuer),
  textCondition('tls.fingerprint', ({ fingerprint }) => fingerprint),
];

const pattern = (direction: Direction, text: string): PatternProbe => ({
  kind: 'pattern',
  transport: 'tcp',
  direction,
  text,
  nocase: false,
  offset: 0,
  depth: text.length,
});

/** Records of versions 3.0 to 3.3, by who sends them: a hello, in the form of SSLv2, too; alerts and data of the server alone. */
const FIRST_BYTES: readonly [string, string] = ['\x01\x16', '\x15\x16\x17'];
const PROBES: readonly PatternProbe[] = ([0, 1] as const).flatMap((direction) =>
  [...FIRST_BYTES[direction]].flatMap((type) =>
    ['\x00', '\x01', '\x02', '\x03'].map((minor) => pattern(direction, `${type}\x03${minor}`)),
  ),
);

/** A record of SSLv2 with a hello of the client. */
const looksOld = (bytes: Uint8Array): ProbeAnswer => {
  if (bytes.length < 3) return 'more';
  return (bytes[0]! & 0x80) !== 0 && bytes[2] === 1 ? 'yes' : 'no';
};

export const tls: Protocol<TlsTransaction> = {
  name: 'tls',
  transports: ['tcp'],
  first: 0,
  probes: [
    { ...pattern(0, '\x01\x00\x02'), offset: 2, depth: 5, confirm: looksOld },
    ...PROBES,
    {
      kind: 'port',
      transport: 'tcp',
      ports: [443],
      first: 0,
      least: 0,
      most: 3,
      toServer: looksOld,
      toClient: null,
    },
  ],
  open: () => new TlsParser(),
  end: [FINISHED, FINISHED],
  hooks: [
    { name: 'client_in_progress', progress: 0 },
    { name: 'client_hello_done', progress: 0, holds: ({ client }) => client.ja3 !== null },
    { name: 'client_cert_done', progress: CERTIFICATE_READY },
    { name: 'client_handshake_done', progress: HANDSHAKE_DONE },
    { name: 'client_finished', progress: FINISHED },
    { name: 'server_in_progress', progress: 0 },
    { name: 'server_hello', progress: 0, holds: ({ server }) => server.ja3 !== null },
    { name: 'server_cert_done', progress: CERTIFICATE_READY },
    { name: 'server_handshake_done', progress: HANDSHAKE_DONE },
    { name: 'server_finished', progress: FINISHED },
  ],
  buffers: BUFFERS,
  conditions: CONDITIONS,
  eve: tlsFields,
  events: (tx, fingerprints) => (isTold(tx) ? [tlsFields(tx, fingerprints)] : []),
  toldAt: () => [HANDSHAKE_DONE, HANDSHAKE_DONE],
};
