/** What EVE tells of a transaction of SMTP: its envelope, and the mail itself. */
import { isUtf8, textOf } from '../text.ts';
import { collected } from './address-list.ts';
import type { MimeMessage } from './mime-message.ts';
import type { SmtpTransaction } from './smtp-transaction.ts';

/** As Suricata tells a text that C ends with a zero byte: nothing behind that, and nothing at all where it is no UTF-8. */
function toldText(bytes: Uint8Array): string | null {
  const zero = bytes.indexOf(0);
  const told = zero === -1 ? bytes : bytes.subarray(0, zero);
  return isUtf8(told) ? textOf(told) : null;
}

const field = (name: string, bytes: Uint8Array | null): Record<string, unknown> => {
  const text = bytes === null ? null : toldText(bytes);
  return text === null ? {} : { [name]: text };
};

export function envelope({ session, mailFrom, recipients }: SmtpTransaction): Record<string, unknown> {
  return {
    ...field('helo', session.helo),
    ...field('mail_from', mailFrom),
    ...(recipients.length === 0 ? {} : { rcpt_to: recipients.flatMap((recipient) => toldText(recipient) ?? []) }),
  };
}

/** Null: there is no mail. */
export function mail({ message }: SmtpTransaction): Record<string, unknown> | null {
  if (message === null || message.top === null) return null;
  const { root, state } = message;
  return {
    status: state,
    ...from(root.field('from')),
    ...list('to', root.field('to')),
    ...list('cc', root.field('cc')),
    ...attachments(message),
  };
}

/** Zero bytes are written out. */
function from(value: Uint8Array | null): Record<string, unknown> {
  if (value === null) return {};
  const text = isUtf8(value) ? textOf(value).replaceAll('\0', '\\0') : null;
  return text === null ? {} : { from: text.replace(/^[\t ]+/, '') };
}

function list(name: string, value: Uint8Array | null): Record<string, unknown> {
  const items = value === null ? [] : collected(value);
  return items.length === 0 ? {} : { [name]: items.map(textOf) };
}

/** Of what is read at last, and of its parts, but not of theirs. */
function attachments({ top }: MimeMessage): Record<string, unknown> {
  const { urls, parts } = top!;
  const found = [...urls.values()];
  const files = parts.flatMap(({ fileName }) => fileName ?? []);
  // The later one comes first.
  const all = [top!, ...parts].flatMap((entity) => [...entity.urls.keys()].toReversed());
  return {
    ...(found.length === 0
      ? {}
      : {
          // Suricata counts addresses of version 4 as such of version 6.
          has_ipv6_url: found.some(({ isAddress }) => isAddress),
          has_ipv4_url: false,
          has_exe_url: found.some(({ isExecutable }) => isExecutable),
        }),
    // One without a name leaves no text.
    ...(files.length === 0 ? {} : { attachment: files.filter(({ length }) => length > 0).map(textOf) }),
    ...(all.length === 0 ? {} : { url: all.map((url) => textOf(Buffer.from(url, 'latin1'))) }),
  };
}
