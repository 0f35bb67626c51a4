/** FTP as a protocol of the engine: how it is recognised, what rules may ask of a command and its replies, and what EVE tells. */
import { numberOf, wordsOf } from '../condition-values.ts';
import type { Direction } from '../direction.ts';
import type { BufferRow, ConditionRow, PatternProbe, Protocol } from '../protocol.ts';
import { textOf } from '../text.ts';
import { namesAnother } from './ftp-bounce.ts';
import { FINISHED, FtpParser, type FtpTransaction } from './ftp-parser.ts';

export { ftpData } from './ftp-data.ts';

const BOTH: readonly Direction[] = [0, 1];
/** Of these EVE tells the mode even where no port can be read. */
const PORT_COMMANDS: ReadonlySet<string> = new Set(['PORT', 'EPRT']);

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const told = (text: string): string => textOf(bytes(text));

/** What stands behind the command and a blank; null: nothing does. Of an unknown one Suricata leaves out a character. */
const dataOf = ({ command, request }: FtpTransaction): string | null => {
  const start = (command ?? '').length + 1;
  return request.length <= start ? null : request.slice(start);
};

const isAnswered = ({ progress }: FtpTransaction): boolean => progress[1] === FINISHED;

const codesOf = ({ replies }: FtpTransaction): string[] =>
  replies.flatMap((reply) => (/^\d{3}/.test(reply) ? [reply.slice(0, 3)] : []));
/** Behind the code and what follows it; of a code alone there is none. */
const textsOf = ({ replies }: FtpTransaction): string[] =>
  replies.flatMap((reply) => (!/^\d{3}/.test(reply) ? [reply] : reply.length > 3 ? [reply.slice(4)] : []));

function fields(tx: FtpTransaction): Record<string, unknown> {
  const { command, port, isActive } = tx;
  const data = dataOf(tx);
  const codes = codesOf(tx);
  const texts = textsOf(tx);
  return {
    ...(command === null ? {} : { command }),
    ...(data === null ? {} : { command_data: told(data) }),
    ...(data === null ? {} : { command_truncated: tx.isRequestTruncated }),
    ...(codes.length === 0 ? {} : { completion_code: codes }),
    ...(texts.length === 0 ? {} : { reply: texts.map(told) }),
    ...(port === 0 ? {} : { dynamic_port: port }),
    ...(PORT_COMMANDS.has(command ?? '') ? { mode: isActive ? 'active' : 'passive' } : {}),
    reply_received: isAnswered(tx) ? 'yes' : 'no',
    reply_truncated: tx.isReplyTruncated,
  };
}

type Row = BufferRow<FtpTransaction>;

const asked = (name: string, read: (tx: FtpTransaction) => string | null): Row => ({
  name,
  directions: [0],
  progress: 0,
  read: (tx) => {
    const text = read(tx);
    return text === null ? null : bytes(text);
  },
});
const answered = (name: string, list: (tx: FtpTransaction) => readonly string[]): Row => ({
  name,
  directions: [1],
  progress: 0,
  isMany: true,
  read: (tx, _direction, index) => {
    const text = list(tx)[index];
    return text === undefined ? null : bytes(text);
  },
});

type Test = (tx: FtpTransaction) => boolean;
const condition = (
  keyword: string,
  directions: readonly Direction[],
  compile: ConditionRow<FtpTransaction>['compile'],
): ConditionRow<FtpTransaction> => ({ keyword, directions, progress: 0, compile });

const pattern = (direction: Direction, text: string): PatternProbe => ({
  kind: 'pattern',
  transport: 'tcp',
  direction,
  text,
  nocase: true,
  offset: 0,
  depth: text.length,
});

export const ftp: Protocol<FtpTransaction> = {
  name: 'ftp',
  transports: ['tcp'],
  probes: [pattern(1, '220 ('), ...['FEAT', 'USER ', 'PASS ', 'PORT '].map((text) => pattern(0, text))],
  open: () => new FtpParser(),
  end: [FINISHED, FINISHED],
  filesAt: [0, 0],
  isWithoutFiles: true,
  buffers: [
    asked('ftp.command', ({ command }) => command),
    asked('ftp.command_data', dataOf),
    answered('ftp.reply', textsOf),
    answered('ftp.completion_code', codesOf),
  ],
  conditions: [
    // What is asked of is the connection's latest command, whatever the transaction's is.
    condition(
      'ftpbounce',
      [0],
      () =>
        ({ state }, _direction, _nowSeconds, client) =>
          state.command === 'PORT' && namesAnother(state.portLine, client),
    ),
    condition('ftp.dynamic_port', BOTH, (value) => {
      const test = numberOf(value);
      return ({ port }) => port !== 0 && test(port);
    }),
    condition('ftp.mode', BOTH, (value): Test => {
      const isActive = wordsOf(value)[0] === 'active';
      return (tx) => tx.port !== 0 && tx.isActive === isActive;
    }),
    condition('ftp.reply_received', [1], (value): Test => {
      const isReceived = wordsOf(value)[0] === 'yes';
      return (tx) => isAnswered(tx) === isReceived;
    }),
  ],
  eve: fields,
};
