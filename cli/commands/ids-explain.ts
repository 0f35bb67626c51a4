/** `msec ids explain`: which bytes of which packet met what a rule asks, or what was not met first. */
import { readFileSync } from 'node:fs';
import { type Attempt, CaptureReader, Explainer, Sensor } from '../../actors/detect/index.ts';
import { EXIT } from '../exit-codes.ts';
import { NoInputError, paint, print, printJson } from '../terminal.ts';
import { type IdsRunFlags, idsSetup } from './ids-run.ts';

export interface IdsExplainFlags extends IdsRunFlags {
  readonly sid: number;
}

export async function explainRule(flags: IdsExplainFlags): Promise<number> {
  const { rules, options } = idsSetup(flags);
  const chosen = rules.filter(({ rule }) => rule.sid === flags.sid);
  if (chosen.length === 0) throw new NoInputError(`no rule with sid ${flags.sid} was accepted`);
  let explainer: Explainer | null = null;
  const sensor = new Sensor(
    chosen,
    options,
    () => undefined,
    (situation) => explainer?.look(situation),
  );
  const [signature] = sensor.signatures;
  if (signature === undefined) throw new NoInputError(`the rule with sid ${flags.sid} cannot be examined`);
  explainer = new Explainer(signature);
  const reader = new CaptureReader();
  reader.push(capture(flags.pcap));
  while (reader.next()) sensor.take(reader.packet);
  sensor.finish();
  const { best } = explainer;
  if (flags.json === true) printJson(best);
  else if (best === null) print('The capture has no packet that the rule could be asked about.');
  else tell(best);
  reader.finish();
  return best?.isMatch === true ? EXIT.ok.code : EXIT.data.code;
}

function capture(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw new NoInputError(`${path} cannot be read`);
  }
}

function tell({ packet, direction, transaction, steps, isMatch }: Attempt): void {
  const where = packet === null ? 'at the flow’s end' : `packet ${packet}`;
  const of = transaction === null ? '' : `, transaction ${transaction}`;
  print(
    `${isMatch ? 'The rule alerts' : 'It came furthest'}: ${where}, to the ${direction === 0 ? 'server' : 'client'}${of}`,
  );
  for (const { what, isMet, where: place } of steps)
    print(
      `  ${paint(isMet ? 'green' : 'red', isMet ? 'met    ' : 'not met')}  ${what}${place === '' ? '' : `  ${place}`}`,
    );
}
