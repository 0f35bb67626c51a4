/** SMTP as a protocol of the engine: how it is recognised, what rules may ask of a mail, its files, and what EVE tells. */
import type { BufferRow, PatternProbe, Protocol } from '../protocol.ts';
import type { MailFile } from './mail-file.ts';
import { envelope, mail } from './smtp-eve.ts';
import { SmtpParser } from './smtp-parser.ts';
import { FINISHED, type SmtpTransaction } from './smtp-transaction.ts';

type Tx = SmtpTransaction;
type Row = BufferRow<Tx>;

const sent = (name: string, rest: Omit<Row, 'name' | 'directions' | 'progress'>): Row => ({
  name,
  directions: [0],
  progress: 0,
  ...rest,
});
const one = (name: string, read: (tx: Tx) => Uint8Array | null): Row => sent(name, { read });
const many = (name: string, list: (tx: Tx) => readonly Uint8Array[]): Row =>
  sent(name, { isMany: true, read: (tx, _direction, index) => list(tx)[index] ?? null });
/** Of the mail's own headers the first with this name. */
const header = (name: string, field: string): Row =>
  one(name, ({ message }) => message?.root.fields.find((one) => one.name === field)?.value ?? null);

/** Of what there is something new of. From the prefilter one of which there is nothing hides the one behind it. */
function readyFile({ files }: Tx, index: number, isEnd: boolean, hides = false): MailFile | null {
  let left = index;
  let isHidden = false;
  for (const file of files) {
    if (file.isGone) continue;
    const isShown: boolean = !isHidden && file.isReady(isEnd);
    isHidden = hides && !isHidden && !isShown;
    if (!isShown) continue;
    if (left === 0) return file;
    left -= 1;
  }
  return null;
}

const urlsOf = ({ message }: Tx): Uint8Array[] =>
  message === null
    ? []
    : [message.root, ...message.root.parts].flatMap(({ urls }) =>
        [...urls.keys()].map((url) => Buffer.from(url, 'latin1')),
      );

const pattern = (text: string): PatternProbe => ({
  kind: 'pattern',
  transport: 'tcp',
  direction: 0,
  text,
  nocase: true,
  offset: 0,
  depth: text.length,
});

export const smtp: Protocol<Tx> = {
  name: 'smtp',
  transports: ['tcp'],
  probes: ['EHLO', 'HELO', 'QUIT'].map(pattern),
  open: () => new SmtpParser(),
  end: [FINISHED, FINISHED],
  filesAt: [0, 0],
  buffers: [
    sent('file.data', {
      isMany: true,
      isStreamed: true,
      read: (tx, _direction, index, isEnd) => readyFile(tx, index, isEnd)?.window() ?? null,
      scanned: (tx, _direction, index, isEnd) => readyFile(tx, index, isEnd, true)?.window() ?? null,
      offset: (tx, _direction, index, isEnd) => readyFile(tx, index, isEnd)?.windowStart ?? 0,
      inspected: ({ files }, direction) => {
        if (direction === 0) for (const file of files) file.inspected();
      },
    }),
    many('file.name', ({ files }) => files.flatMap(({ name, isGone }) => (isGone ? [] : [name]))),
    one('smtp.helo', ({ session }) => session.helo),
    one('smtp.mail_from', ({ mailFrom }) => mailFrom),
    many('smtp.rcpt_to', ({ recipients }) => recipients),
    header('email.from', 'from'),
    header('email.to', 'to'),
    header('email.cc', 'cc'),
    header('email.subject', 'subject'),
    header('email.date', 'date'),
    header('email.message_id', 'message-id'),
    header('email.x_mailer', 'x-mailer'),
    many('email.received', ({ message }) =>
      (message?.root.fields ?? []).flatMap(({ name, value }) => (name === 'received' ? [value] : [])),
    ),
    many('email.url', urlsOf),
  ],
  conditions: [],
  eve: envelope,
  beside: (tx) => {
    const email = mail(tx);
    return email === null ? {} : { email };
  },
};
