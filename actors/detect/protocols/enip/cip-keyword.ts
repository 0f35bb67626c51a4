/** cip_service: a service that is asked for, perhaps of a class, perhaps with an attribute of it. */
import type { ConditionValue } from '../../rules/rule.ts';
import { fieldsOf } from '../condition-values.ts';
import { type CipService, GET_ATTRIBUTE_LIST, SET_ATTRIBUTE_LIST } from './cip-services.ts';
import type { EnipTransaction } from './enip-parser.ts';

const GET_ATTRIBUTE = 0x0e;
const SET_ATTRIBUTE = 0x10;
/** Of other services no path is looked at. */
const ATTRIBUTE_SERVICES = [GET_ATTRIBUTE_LIST, SET_ATTRIBUTE_LIST, GET_ATTRIBUTE, SET_ATTRIBUTE];

type ServiceTest = (service: CipService) => boolean;

/**
 * Of a single attribute Suricata keeps its class in the place of its number, so that it is found where the two are alike;
 * one that a list names counts, whether it is the one that is wanted or the one that is not.
 */
function pathTest(wanted: number, attribute: number | undefined, isNegated: boolean): ServiceTest {
  if (attribute === undefined) return ({ classes }) => classes.includes(wanted);
  const isFound = isNegated || attribute === wanted;
  return ({ classes, ofAttributes, listed }) =>
    (isFound && ofAttributes.includes(wanted)) || (classes.includes(wanted) && listed.includes(attribute));
}

export function serviceTest(value: ConditionValue): (tx: EnipTransaction) => boolean {
  const { service: wanted, class: ofClass, attribute, isNegated } = fieldsOf(value);
  if (ofClass === undefined)
    // The first with this code decides: a response is none.
    return ({ services }) => services.find(({ code }) => code === wanted)?.isResponse === false;
  if (!ATTRIBUTE_SERVICES.includes(Number(wanted))) return () => false;
  const test = pathTest(Number(ofClass), attribute === undefined ? undefined : Number(attribute), isNegated === 1);
  return ({ services }) => services.some((service) => service.code === wanted && test(service));
}
