/** Which rules are in force, and since when; an operator pushes a signed bundle, or goes back to one that is kept. */
import { byId, element, reconcile, setHidden, setText } from './dom.js';
import { ago, count, isoTime, plural } from './format.js';
import { asOperator, decide, isOperator, onOperator, operatorName } from './operator.js';

const TURNS = 6;
const REFUSALS = 2;

export function rulesView(changed) {
  const [inForce, says, list, turns, refusals, push, file, trouble] = [
    'bundle-in-force',
    'bundle-says',
    'bundle-list',
    'bundle-turns',
    'bundle-refusals',
    'bundle-push',
    'bundle-file',
    'bundle-trouble',
  ].map(byId);
  let found = null;
  let isPushing = false;

  const tell = (words, isBad) => {
    setText(trouble, words);
    trouble.classList.toggle('trouble', isBad);
    setHidden(trouble, words === '');
  };
  push.addEventListener('click', () => file.click());
  file.addEventListener('change', async () => {
    const [bundle] = file.files;
    file.value = '';
    if (bundle === undefined || isPushing) return;
    isPushing = true;
    push.disabled = true;
    tell(`${bundle.name} is checked: its signature, and whether its rules compile.`, false);
    try {
      const turn = await asOperator(`/api/ids/rules?by=${encodeURIComponent(operatorName())}`, {
        method: 'POST',
        body: bundle,
      });
      tell(`${turn.name} ${turn.version} is put in force on all workers.`, false);
    } catch (error) {
      tell(`Not taken: ${error.message}`, true);
    } finally {
      isPushing = false;
      push.disabled = false;
      changed();
    }
  });
  const rollBack = ({ name, version }) =>
    decide({
      title: `Go back to ${name} ${version}?`,
      says: `All sensors examine with it from their next packets on. The next push needs a higher version than all before.`,
      button: `Go back to ${version}`,
      run: async ({ by, why }) => {
        const turn = await asOperator('/api/ids/rules/roll-back', { method: 'POST', body: { version, by, why } });
        tell(`${turn.name} ${turn.version} is in force again.`, false);
        changed();
      },
    });

  const render = () => {
    if (found === null) return;
    const { bundles, takesBundles, ruleFiles } = found;
    const now = bundles?.inForce ?? null;
    setText(inForce, now === null ? 'No bundle' : `${now.name} ${now.version}`);
    setText(says, whatIsInForce(now, ruleFiles, takesBundles));
    setHidden(push, !(takesBundles && isOperator()));
    setHidden(byId('bundle-signed'), !(bundles?.signsRollBacks === true && isOperator()));
    const kept = bundles?.bundles ?? [];
    reconcile(
      list,
      kept,
      ({ digest }) => digest,
      ({ digest }) =>
        element(
          'li',
          { title: digest },
          element('b'),
          element('span', { class: 'muted' }),
          element('span', { class: 'badge' }),
          element('button', { type: 'button', class: 'act small' }, 'Go back to it'),
        ),
      (row, bundle) => {
        const [name, what, badge, back] = row.children;
        const isNow = bundle.digest === now?.digest;
        setText(name, `${bundle.name} ${bundle.version}`);
        setText(what, `${plural(bundle.loaded, 'rule')}, pushed ${ago(Date.now() - bundle.at)} by ${bundle.by}`);
        setText(badge, isNow ? 'in force' : (bundle.refused ?? ''));
        badge.classList.toggle('good', isNow);
        badge.classList.toggle('warn', bundle.refused !== null);
        setHidden(badge, !isNow && bundle.refused === null);
        setHidden(back, isNow || bundle.refused !== null || !isOperator() || bundles.signsRollBacks === true);
        back.onclick = () => void rollBack(bundle);
      },
    );
    reconcile(
      turns,
      (bundles?.turns ?? []).slice(0, TURNS),
      ({ sequence }) => sequence,
      ({ at }) => element('li', {}, element('time', { class: 'muted', title: isoTime(at) }), element('span')),
      (row, { kind, name, version, by, why, at }) => {
        const how = kind === 'push' ? 'pushed' : 'back to';
        setText(row.firstElementChild, ago(Date.now() - at));
        setText(row.lastElementChild, `${how} ${name} ${version} by ${by}${why === '' ? '' : `: ${why}`}`);
      },
    );
    reconcile(
      refusals,
      (bundles?.refusals ?? []).slice(0, REFUSALS),
      ({ number }) => number,
      () => element('li'),
      (row, { at, by, name, version, says: because }) =>
        setText(
          row,
          `Refused ${ago(Date.now() - at)}, from ${by}: ${name === null ? '' : `${name} ${version}: `}${because}`,
        ),
    );
    setHidden(byId('bundle-turns-title'), (bundles?.turns ?? []).length === 0);
  };
  onOperator(render);
  return {
    show(next) {
      found = next;
      render();
    },
  };
}

function whatIsInForce(now, files, takesBundles) {
  if (now !== null) {
    const how = now.kind === 'push' ? 'pushed' : 'gone back to';
    return `in force, ${how} ${ago(Date.now() - now.at)} by ${now.by}${now.why === '' ? '' : `: ${now.why}`}`;
  }
  const rules =
    files.length === 0
      ? 'no rules are: nothing alerts'
      : `the rules of ${plural(files.length, 'file')} are (${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${count(files.length - 3)} more` : ''})`;
  return `in force; ${rules}${takesBundles ? '' : '. ids.ruleKeys would name whose bundles are taken'}`;
}
