/**
 * EVE records for whoever operates the intrusion detection: addresses of the network are what they are about, and are shown. A text
 * that looks as if it held a MAC address is not, as nowhere else.
 */
import { isIP } from 'node:net';
import { hasMacAddress } from '../../schemas/envelope/index.ts';
import { IDS_ALERTS, IDS_EVENTS, IDS_VERDICTS } from '../../schemas/topics/index.ts';

const TOPICS: ReadonlySet<string> = new Set([IDS_ALERTS, IDS_EVENTS, IDS_VERDICTS]);

/** undefined where the topic has no EVE records, or the value is none. */
export function eveView(topic: string, value: Uint8Array, notShown: string): unknown {
  if (!TOPICS.has(topic)) return undefined;
  const hide = (text: string): string => {
    const bytes = Buffer.from(text);
    return isIP(text) === 0 && hasMacAddress(bytes, 0, bytes.length) ? notShown : text;
  };
  try {
    return JSON.parse(Buffer.from(value).toString(), (_key, one: unknown) =>
      typeof one === 'string' ? hide(one) : one,
    );
  } catch {
    return undefined;
  }
}
