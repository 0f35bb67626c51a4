/** `msec ids explain`: which bytes of which packet met what a rule asks, or what was not met first. */
import { type Attempt, Explainer, Sensor } from '../../actors/detect/index.ts';
import { EXIT } from '../exit-codes.ts';
import { NoInputError, note, paint, print, printJson } from '../terminal.ts';
import { examine } from './ids-capture.ts';
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
  const damage = await examine(flags.pcap, sensor);
  sensor.finish();
  const { best } = explainer;
  if (flags.json === true) printJson(best);
  else if (best === null) print('The capture has no packet that the rule could be asked about.');
  else tell(best);
  if (best?.isMatch === true) {
    // What is missing behind an alert takes nothing from it.
    if (damage !== null) note(`${damage.message} (byte ${damage.byteOffset})`);
    return EXIT.ok.code;
  }
  if (damage !== null) throw damage;
  return EXIT.data.code;
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
