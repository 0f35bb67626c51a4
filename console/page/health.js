/** Disk, workers, tasks and bridges. */
import { byId, element, reconcile, setText } from './dom.js';
import { bytes, count, plural, reason } from './format.js';

const WORDS = {
  elsewhere: 'is another process’s',
  waiting: 'waits for a worker',
  restoring: 'restores its state',
  running: 'runs',
  paused: 'is paused',
  stopped: 'has stopped',
};

export function healthView() {
  const [disk, workers, tasks, bridges, note] = ['disk', 'workers', 'tasks', 'bridges', 'health-note'].map(byId);
  const meter = element('i');
  const diskText = element('span');
  disk.append(element('h3', {}, 'Disk'), element('div', { class: 'meter' }, meter), diskText);
  return {
    tick(status) {
      const { usedBytes, quotaBytes, commitQueue } = status.log;
      const share = quotaBytes === null ? 0 : usedBytes / quotaBytes;
      meter.style.width = `${Math.min(100, Math.max(0.5, share * 100)).toFixed(1)}%`;
      disk.classList.toggle('warn', share > 0.85);
      const queue = commitQueue > 0 ? ` · ${plural(commitQueue, 'commit')} waiting` : '';
      setText(
        diskText,
        `${bytes(usedBytes)}${quotaBytes === null ? '' : ` of ${bytes(quotaBytes)} (${share < 0.001 ? '<0.1' : (share * 100).toFixed(1)} %)`}${queue}`,
      );

      reconcile(workers, status.workers, ({ worker }) => worker, makeWorker, showWorker);
      reconcile(
        tasks,
        [...status.tasks].sort((a, b) => a.subtopology.localeCompare(b.subtopology) || a.partition - b.partition),
        ({ task }) => task,
        ({ task }) => element('li', { tabindex: 0 }, task),
        (chip, task) => {
          const lag = task.inputs.reduce((sum, input) => sum + Math.max(0, input.end - input.committed), 0);
          const here = `${task.pausedBecause === null ? '' : `: ${task.pausedBecause}`} · worker ${task.worker ?? '–'} · lag ${count(lag)} · state ${bytes(task.stateBytes)}`;
          const words = `${task.task} ${WORDS[task.state] ?? task.state}${task.state === 'elsewhere' ? '' : here}`;
          chip.className = task.state;
          if (chip.title !== words) {
            chip.title = words;
            chip.setAttribute('aria-label', words);
          }
        },
      );
      reconcile(
        bridges,
        status.bridges ?? [],
        ({ name }) => name,
        ({ name }) => element('li', {}, element('b', {}, name), element('code'), element('span', { class: 'muted' })),
        (row, bridge) => {
          setText(row.querySelector('code'), bridge.address);
          const refused = Object.entries(bridge.refused)
            .filter(([, n]) => n > 0)
            .sort((a, b) => b[1] - a[1]);
          const total = refused.reduce((sum, [, n]) => sum + n, 0);
          const why = refused
            .slice(0, 2)
            .map(([code, n]) => `${reason(code)} ${count(n)}`)
            .join(', ');
          setText(
            row.querySelector('span'),
            `${count(bridge.accepted)} accepted${total === 0 ? '' : ` · ${count(total)} refused (${why})`}`,
          );
        },
      );
      const running = status.tasks.filter((task) => task.state === 'running').length;
      const elsewhere = status.tasks.filter((task) => task.state === 'elsewhere').length;
      const here = status.tasks.length - elsewhere;
      setText(
        note,
        `${
          running === here
            ? `${plural(running, 'task')} on ${plural(status.workers.length, 'worker')}`
            : `${running} of ${plural(here, 'task')} running`
        }${elsewhere === 0 ? '' : `, ${count(elsewhere)} in other processes`}`,
      );
    },
  };
}

function makeWorker({ worker }) {
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, `worker ${worker}`),
    element('td', {}, element('span', { class: 'chip' })),
    element(
      'td',
      { class: 'heap' },
      element('span', { class: 'meter' }, element('i')),
      element('span', { class: 'size' }),
    ),
    ...['delay', 'batch', 'restarts'].map((name) => element('td', { class: `number ${name}` })),
  );
}

function showWorker(row, worker) {
  const chip = row.querySelector('.chip');
  setText(chip, worker.state);
  chip.className = `chip ${worker.state}`;
  row.querySelector('.meter i').style.width =
    `${worker.heapBytesMax > 0 ? Math.min(100, (100 * worker.heapBytes) / worker.heapBytesMax).toFixed(1) : 0}%`;
  setText(row.querySelector('.size'), bytes(worker.heapBytes));
  setText(row.querySelector('.delay'), `${worker.eventLoopDelayMs.toFixed(1)} ms`);
  setText(row.querySelector('.batch'), median(worker.batchRecords));
  setText(row.querySelector('.restarts'), count(worker.restarts));
  row.querySelector('.restarts').classList.toggle('warn-text', worker.restarts > 0);
}

/** The bucket in which the middle of all values lies, as "≤ 500". */
function median({ bounds, cumulative }) {
  const total = cumulative.at(-1) ?? 0;
  if (total === 0) return '–';
  const bucket = cumulative.findIndex((n) => n >= total / 2);
  return bucket < bounds.length ? `≤ ${count(bounds[bucket])}` : `> ${count(bounds.at(-1))}`;
}
