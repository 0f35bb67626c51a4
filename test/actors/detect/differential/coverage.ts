/** What was compared: by protocol and keyword, how many rules alerted in Suricata, were silent there, or are not supported here. */

export interface Row {
  alerting: number;
  silent: number;
  /** Suricata takes the rule, and we do not. */
  missed: number;
}

const SHARE_DIGITS = 1;

export class Coverage {
  readonly rules: Row = { alerting: 0, silent: 0, missed: 0 };
  readonly cases = { alerting: 0, silent: 0 };
  /** Rules that Suricata does not take: they say nothing. */
  refused = 0;
  /** Of the dialogue; then of the rule's header; then of what it asks. */
  readonly #byDialogue = new Map<string, Row>();
  readonly #byHeader = new Map<string, Row>();
  readonly #byKeyword = new Map<string, Row>();
  readonly #missing = new Map<string, number>();

  add(dialogue: string, rule: string, missing: string | null, alerts: boolean): void {
    const outcome = missing !== null ? 'missed' : alerts ? 'alerting' : 'silent';
    if (missing !== null) this.#missing.set(missing, (this.#missing.get(missing) ?? 0) + 1);
    this.rules[outcome] += 1;
    bump(this.#byDialogue, dialogue, outcome);
    bump(this.#byHeader, rule.split(' ')[1]!, outcome);
    const words = [...rule.matchAll(/[(;]\s*([a-z_.0-9-]+)/g)].map(([, keyword]) => keyword!);
    for (const keyword of new Set(words)) bump(this.#byKeyword, keyword, outcome);
  }

  addCase(hasAlerted: boolean): void {
    this.cases[hasAlerted ? 'alerting' : 'silent'] += 1;
  }

  /** Of the rules that both engines take. */
  share(outcome: 'alerting' | 'silent'): number {
    return this.rules[outcome] / Math.max(1, this.rules.alerting + this.rules.silent);
  }

  lines(): string[] {
    const { rules, cases } = this;
    const all = rules.alerting + rules.silent + rules.missed;
    const percent = (part: number, of: number): string => `${((100 * part) / Math.max(1, of)).toFixed(SHARE_DIGITS)} %`;
    const shares = (row: Row, of: number): string =>
      `${percent(row.alerting, of)} alerting, ${percent(row.silent, of)} silent, ${row.missed} not supported`;
    const caseCount = cases.alerting + cases.silent;
    return [
      `dialogues: ${listed(this.#byDialogue)}`,
      `headers: ${listed(this.#byHeader)}`,
      `keywords: ${listed(this.#byKeyword)}`,
      `not supported: ${[...this.#missing]
        .sort((a, b) => b[1] - a[1])
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}`,
      `${caseCount} cases, of which ${percent(cases.alerting, caseCount)} alert`,
      `${all} rules that Suricata takes: ${shares(rules, all)}; ${this.refused} that it refuses`,
    ];
  }
}

function bump(map: Map<string, Row>, key: string, outcome: keyof Row): void {
  const row = map.get(key) ?? { alerting: 0, silent: 0, missed: 0 };
  row[outcome] += 1;
  map.set(key, row);
}

/** `name alerting/all`, with what is not supported behind it. */
function listed(map: ReadonlyMap<string, Row>): string {
  const size = ({ alerting, silent, missed }: Row): number => alerting + silent + missed;
  return [...map]
    .sort((a, b) => size(b[1]) - size(a[1]))
    .map(([key, row]) => `${key} ${row.alerting}/${size(row)}${row.missed > 0 ? ` (-${row.missed})` : ''}`)
    .join(', ');
}
