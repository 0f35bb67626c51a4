/** SMTP as a protocol of the engine: how it is recognised, what rules may ask of a mail, its files, and what EVE tells. */
import type { BufferRow, PatternProbe, Protocol } from '../protocol.ts';
import { fileBuffers } from '../streamed-file.ts';
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
  filesAt: [0, null],
  buffers: [
    ...fileBuffers([0]),
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
