/** What EVE has of DNP3: a fragment with its objects and their points. */

import { FUNCTION_NAMES, INDICATIONS } from '../../rules/keywords/dnp3-names.ts';
import type { Dnp3Object } from './dnp3-fragment.ts';
import { layoutOf } from './dnp3-layout.ts';
import type { Dnp3Transaction } from './dnp3-parser.ts';
import { type Fields, PointReader } from './dnp3-points.ts';

/** Of a fragment no more objects and points are told, with every alert anew: a poll of all there is has hundreds. */
const TOLD_MAX = 4096;

const isSet = (octet: number, bit: number): boolean => (octet & bit) !== 0;

function objectFields(fragment: Uint8Array, object: Dnp3Object, most: number): Fields {
  const { group, variation, qualifier, prefixCode, rangeCode, start, stop, count, pointsAt } = object;
  const layout = pointsAt < 0 ? undefined : layoutOf(group, variation);
  const points = layout === undefined ? [] : new PointReader(fragment, pointsAt).read(layout, object, most);
  return {
    ...{ group, variation, qualifier, prefix_code: prefixCode, range_code: rangeCode, start, stop, count },
    ...(points.length > 0 ? { points } : {}),
  };
}

function objectsFields({ fragment, objects }: Dnp3Transaction): Fields[] {
  let left = TOLD_MAX;
  const told: Fields[] = [];
  for (const object of objects) {
    if (left <= 0) break;
    left -= 1;
    const fields = objectFields(fragment, object, left);
    left -= (fields.points as readonly Fields[] | undefined)?.length ?? 0;
    told.push(fields);
  }
  return told;
}

function typeOf(tx: Dnp3Transaction): string {
  if (tx.isOneSided === 0) return 'request';
  return tx.function === FUNCTION_NAMES.unsolicited_response ? 'unsolicited_response' : 'response';
}

function fragmentFields(tx: Dnp3Transaction): Fields {
  const { link, control } = tx;
  const indicators = Object.keys(INDICATIONS).filter((name) => isSet(tx.indications, INDICATIONS[name]!));
  return {
    type: typeOf(tx),
    control: {
      dir: isSet(link.control, 0x80),
      pri: isSet(link.control, 0x40),
      fcb: isSet(link.control, 0x20),
      fcv: isSet(link.control, 0x10),
      function_code: link.control & 15,
    },
    src: link.source,
    dst: link.destination,
    application: {
      control: {
        fir: isSet(control, 0x80),
        fin: isSet(control, 0x40),
        con: isSet(control, 0x20),
        uns: isSet(control, 0x10),
        sequence: control & 15,
      },
      function_code: tx.function,
      ...(tx.objects.length > 0 ? { objects: objectsFields(tx) } : {}),
      complete: tx.isRead,
    },
    ...(tx.isOneSided === 1 ? { iin: indicators.length > 0 ? { indicators } : {} } : {}),
  };
}

/** With an alert. */
export function dnp3Fields(tx: Dnp3Transaction): Fields | null {
  if (!tx.isDone) return null;
  return { [tx.isOneSided === 0 ? 'request' : 'response']: fragmentFields(tx) };
}

/** Of its own: one that is not whole is not told of. */
export const dnp3Events = (tx: Dnp3Transaction): Fields[] => (tx.isDone ? [fragmentFields(tx)] : []);
