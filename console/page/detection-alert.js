/** One alert in words. Pure but for the elements it makes. */
import { element } from './dom.js';
import { age, isoTime } from './format.js';

/** As rules count: 1 is the worst. */
export function severityOf(severity) {
  if (severity === 1) return ['high', 'bad'];
  if (severity === 2) return ['medium', 'warn'];
  return severity === 3 ? ['low', ''] : [severity === 0 ? 'flow' : `severity ${severity}`, ''];
}

export function alertDetail(alert) {
  const facts = [
    ['When', `${isoTime(alert.time)} (${age(Date.now() - alert.time)})`],
    ['Place of capture', alert.place],
    ['Rule', `${alert.gid}:${alert.sid}, revision ${alert.rev}`],
    ['Bundle', alert.ruleSet || 'none: ids.rules'],
    ['Protocol', [alert.protocol, alert.application].filter((one) => one !== '').join(', ') || '–'],
    ['Severity', String(alert.severity)],
    ['From', alert.from ?? 'for operators'],
    ['To', alert.to ?? 'for operators'],
    ['What the rule says to do', alert.isBlocked ? 'drop it' : 'tell of it'],
    ['Record', `${alert.topic} · partition ${alert.partition} · offset ${alert.offset}`],
  ];
  return [
    element('p', { class: 'lead' }, alert.category || 'without a class'),
    element(
      'dl',
      { class: 'facts' },
      facts.map(([what, value]) => element('div', {}, element('dt', {}, what), element('dd', {}, value))),
    ),
    element(
      'p',
      { class: 'muted command' },
      'In full: ',
      element('code', {}, `msec topics tail ${alert.topic} --partition ${alert.partition} --from ${alert.offset} -n 1`),
    ),
  ];
}
