/** What EVE has of DNS in version 3, of Suricata 8: one object for each message, requests and responses alike. */
import { fixed, ITEM, type JsonWriter, key } from '../../json/index.ts';
import {
  ADDITIONALS,
  ANSWERS,
  AUTHORITIES,
  addGrouped,
  addName,
  addRecords,
  FLAG_NAMES,
  FLAGS,
  ID,
  OPCODE,
  questionCount,
  RCODE,
  RRTYPE,
  TX_ID,
  withinLimit,
} from './dns-eve.ts';
import { responseName, typeName } from './dns-numbers.ts';
import type { DnsTransaction } from './dns-parser.ts';

const VERSION = fixed({ version: 3 });
const REQUEST = fixed({ type: 'request' });
const RESPONSE = fixed({ type: 'response' });
const QUERIES = key('queries');

export function addOfVersion3({ id, message }: DnsTransaction, into: JsonWriter): void {
  const { flags } = message;
  into.fixed(VERSION);
  into.fixed(message.isRequest ? REQUEST : RESPONSE);
  into.number(TX_ID, id);
  into.number(ID, message.id);
  into.string(FLAGS, flags.toString(16));
  for (const [bit, isSet] of FLAG_NAMES) if ((flags & bit) !== 0) into.fixed(isSet);
  into.number(OPCODE, message.opcode);
  into.string(RCODE, responseName(message.rcode));
  const count = questionCount(message);
  if (count > 0) {
    into.openList(QUERIES);
    for (let at = 0; at < count; at += 1) {
      const question = message.questions[at]!;
      into.open(ITEM);
      addName(into, question);
      into.string(RRTYPE, typeName(question.type));
      into.close();
    }
    into.closeList();
  }
  const [answers, authorities, additionals] = [message.answers, message.authorities, message.additionals].map(
    withinLimit,
  );
  if (answers!.length > 0) {
    addRecords(into, ANSWERS, message, answers!);
    addGrouped(into, message, answers!);
  }
  if (authorities!.length > 0) addRecords(into, AUTHORITIES, message, authorities!);
  if (additionals!.length > 0) addRecords(into, ADDITIONALS, message, additionals!);
}
