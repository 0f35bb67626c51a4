/**
 * Who may change things: the operator signs in with the admin token of the data folder, which this tab keeps until it is
 * closed, and gives a name and a reason for each change. Both go into the record.
 */
import { byId, element, setHidden, setText } from './dom.js';

const TOKEN = 'msec-token';
const NAME = 'msec-name';
const TEXT_MAX = 500;

let token = sessionStorage.getItem(TOKEN);
let name = localStorage.getItem(NAME) ?? '';
const listeners = [];

export const isOperator = () => token !== null;
export const operatorName = () => name;
/** Called at once, and whenever somebody signs in or out. */
export function onOperator(listener) {
  listeners.push(listener);
  listener(isOperator());
}

/** Answers JSON; throws an Error with the words of the refusal. */
export async function asOperator(path, { method = 'GET', body } = {}) {
  const isBytes = body instanceof Blob;
  const answer = await fetch(path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }),
    },
    ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
  });
  const result = await answer.json().catch(() => ({}));
  if (answer.ok) return result;
  // Another engine runs there now, or the token was changed.
  if (answer.status === 401) become(null);
  throw new Error(result.error?.message ?? `The engine answered ${answer.status}.`);
}

function become(next) {
  token = next;
  if (token === null) sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, token);
  for (const listener of listeners) listener(isOperator());
}

/** The button of the page's head, and the dialog behind it. */
export function operatorView() {
  const button = byId('operator');
  onOperator((isIn) => {
    setText(button, isIn ? `${name} · sign out` : 'Sign in');
    button.title = isIn
      ? 'Changes are recorded under this name'
      : 'With the admin token: to appeal, ban, push rules, and see addresses';
  });
  button.addEventListener('click', () => {
    if (isOperator()) become(null);
    else void signIn();
  });
}

async function signIn() {
  await dialogOf({
    title: 'Sign in as an operator',
    says: 'The token is in the file admin-token of the data folder. This tab keeps it until it is closed.',
    fields: [
      { key: 'name', label: 'Your name, for the record', value: name },
      { key: 'token', label: 'Admin token', type: 'password' },
    ],
    button: 'Sign in',
    run: async (values) => {
      const before = token;
      token = values.token;
      try {
        await asOperator('/api/operator');
      } catch (error) {
        token = before;
        throw error;
      }
      name = values.name;
      localStorage.setItem(NAME, name);
      become(values.token);
    },
  });
}

/** Asks why; `run` gets the reason, and its failure is said in the dialog. */
export function decide({ title, says, button, run }) {
  return dialogOf({
    ...{ title, says, button },
    fields: [{ key: 'why', label: 'Why, for the record' }],
    run: ({ why }) => run({ by: name, why }),
  });
}

async function dialogOf({ title, says, fields, button, run }) {
  const dialog = byId('decision');
  const inputs = fields.map(({ key, type = 'text', value = '' }) =>
    element('input', { name: key, type, value, required: true, maxlength: TEXT_MAX, autocomplete: 'off' }),
  );
  const trouble = element('p', { class: 'trouble', role: 'alert', hidden: true });
  const go = element('button', { type: 'submit', class: 'act' }, button);
  const form = element(
    'form',
    {},
    element('p', { class: 'lead' }, says),
    fields.map(({ label }, i) => element('label', {}, label, inputs[i])),
    trouble,
    element(
      'p',
      { class: 'acts' },
      go,
      element('button', { type: 'button', class: 'act plain', onclick: () => dialog.close() }, 'Cancel'),
    ),
  );
  setText(byId('decision-title'), title);
  byId('decision-body').replaceChildren(form);
  form.addEventListener('submit', async (event) => {
    // Nothing is ever sent by the form itself.
    event.preventDefault();
    if (go.disabled) return;
    go.disabled = true;
    setHidden(trouble, true);
    try {
      await run(Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()])));
      dialog.close();
    } catch (error) {
      setText(trouble, error.message);
      setHidden(trouble, false);
    } finally {
      go.disabled = false;
    }
  });
  dialog.showModal();
  (inputs.find((input) => input.value === '') ?? inputs[0]).focus();
}
