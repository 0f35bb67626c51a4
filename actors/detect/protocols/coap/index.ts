/** CoAP as a protocol of the engine: what EVE tells of requests and responses. Rules cannot ask for it: Suricata has none. */
import { onUdpPorts } from '../datagrams.ts';
import type { ProbeAnswer, Protocol } from '../protocol.ts';
import { hexOf, textOf } from '../text.ts';
import {
  blockOption,
  type CoapMessage,
  codeText,
  numberOption,
  OPTIONS,
  readMessage,
  valuesOf,
} from './coap-message.ts';
import { CoapParser, type CoapTransaction } from './coap-parser.ts';

const PORTS = [5683];
const PROBE_BYTES = 4;
/** Of a payload EVE has its first bytes. */
const PAYLOAD_SHOWN = 256;

const probe = (bytes: Uint8Array): ProbeAnswer => (readMessage(bytes) === null ? 'no' : 'yes');

type Fields = Record<string, unknown>;

/** Fields that are there. */
const present = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== ''));

const joined = (message: CoapMessage, number: number, separator: string): string =>
  valuesOf(message, number).map(textOf).join(separator);

function messageFields(message: CoapMessage): Fields {
  const { type, code, id, payload } = message;
  const path = joined(message, OPTIONS.uriPath, '/');
  return present({
    type,
    message_id: id,
    code: codeText(code),
    host: joined(message, OPTIONS.uriHost, ''),
    port: numberOption(message, OPTIONS.uriPort),
    path: path === '' ? '' : `/${path}`,
    query: joined(message, OPTIONS.uriQuery, '&'),
    location: joined(message, OPTIONS.locationPath, '/'),
    content_format: numberOption(message, OPTIONS.contentFormat),
    accept: numberOption(message, OPTIONS.accept),
    observe: numberOption(message, OPTIONS.observe),
    block1: blockOption(message, OPTIONS.block1),
    block2: blockOption(message, OPTIONS.block2),
    payload: textOf(payload.subarray(0, PAYLOAD_SHOWN)),
    payload_length: payload.length === 0 ? null : payload.length,
  });
}

function coapFields({ request, response, isReset }: CoapTransaction): Fields | null {
  const first = request ?? response;
  if (first === null) return null;
  return present({
    token: Array.from(first.token, hexOf).join(''),
    request: request === null ? null : messageFields(request),
    response: response === null ? null : messageFields(response),
    reset: isReset ? true : null,
  });
}

export const coap: Protocol<CoapTransaction> = {
  name: 'coap',
  isUnknownToSuricata: true,
  transports: ['udp'],
  probes: [onUdpPorts(PORTS, PROBE_BYTES, probe)],
  open: () => new CoapParser(),
  end: [1, 1],
  buffers: [],
  conditions: [],
  eve: coapFields,
  events: (tx) => {
    const fields = coapFields(tx);
    return fields === null ? [] : [fields];
  },
};
