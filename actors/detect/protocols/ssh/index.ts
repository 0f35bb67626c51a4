/** SSH as a protocol of the engine: its banners, and the fingerprints of its key exchange. */
import { wordsOf } from '../condition-values.ts';
import type { Direction } from '../direction.ts';
import { ALL_FINGERPRINTS, type BufferRow, type PatternProbe, type Protocol } from '../protocol.ts';
import { limitedText, textOf } from '../text.ts';
import { BANNER_DONE, FINISHED, SshParser, type SshSide, type SshTransaction } from './ssh-parser.ts';

/** Of a longer banner EVE has so much. */
const TEXT_BYTES_MAX = 256;
const BOTH: readonly Direction[] = [0, 1];

const banner = (direction: Direction): PatternProbe => ({
  kind: 'pattern',
  transport: 'tcp',
  direction,
  text: 'SSH-',
  nocase: true,
  offset: 0,
  depth: 4,
});

/** Empty bytes are none. */
const buffer = (
  name: string,
  directions: readonly Direction[],
  read: (side: SshSide) => Uint8Array,
): BufferRow<SshTransaction> => ({
  name: `ssh.${name}`,
  directions,
  progress: BANNER_DONE,
  read: (tx, direction) => {
    const bytes = read(tx.sides[direction]);
    return bytes.length === 0 ? null : bytes;
  },
});

const textIn = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function side(of: SshSide, hasHassh: boolean): Record<string, unknown> {
  return {
    proto_version: limitedText(of.protocol, TEXT_BYTES_MAX),
    ...(of.software.length === 0 ? {} : { software_version: limitedText(of.software, TEXT_BYTES_MAX) }),
    ...(!hasHassh || of.hassh.length === 0
      ? {}
      : { hassh: { hash: textOf(of.hassh), string: textOf(of.hasshString) } }),
  };
}

export const ssh: Protocol<SshTransaction> = {
  name: 'ssh',
  transports: ['tcp'],
  probes: [banner(0), banner(1)],
  open: () => new SshParser(),
  end: [FINISHED, FINISHED],
  hooks: ['request', 'response'].flatMap((side) => [
    { name: `${side}_in_progress`, progress: 0 },
    { name: `${side}_banner_done`, progress: BANNER_DONE },
    { name: `${side}_finished`, progress: FINISHED },
  ]),
  buffers: [
    buffer('proto', BOTH, ({ protocol }) => protocol),
    buffer('software', BOTH, ({ software }) => software),
    buffer('hassh', [0], ({ hassh }) => hassh),
    buffer('hassh.string', [0], ({ hasshString }) => hasshString),
    buffer('hassh.server', [1], ({ hassh }) => hassh),
    buffer('hassh.server.string', [1], ({ hasshString }) => hasshString),
  ],
  conditions: [
    {
      keyword: 'ssh.protoversion',
      directions: BOTH,
      progress: BANNER_DONE,
      compile: (value) => {
        const [wanted] = wordsOf(value);
        // A version of 1.99 says that both are spoken.
        const isWanted = (version: string): boolean =>
          wanted === '2_compat' ? version.startsWith('2') || version === '1.99' : version === wanted;
        return (tx, direction) => isWanted(textIn(tx.sides[direction].protocol));
      },
    },
    {
      keyword: 'ssh.softwareversion',
      directions: BOTH,
      progress: BANNER_DONE,
      compile: (value) => {
        const [wanted] = wordsOf(value);
        return (tx, direction) => textIn(tx.sides[direction].software) === wanted;
      },
    },
  ],
  toldAt: ({ hassh }) => (hassh ? [FINISHED, FINISHED] : [BANNER_DONE, BANNER_DONE]),
  eve: ({ sides: [client, server] }, { hassh } = ALL_FINGERPRINTS) => {
    const fields = {
      ...(client.protocol.length === 0 ? {} : { client: side(client, hassh) }),
      ...(server.protocol.length === 0 ? {} : { server: side(server, hassh) }),
    };
    return Object.keys(fields).length === 0 ? null : fields;
  },
};
