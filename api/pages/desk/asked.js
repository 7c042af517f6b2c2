import { useEffect, useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { send, whatIf } from './state.js';
import { Failed, useMove } from './ui.js';
import { known, say } from './words.js';

/** @typedef {Awaited<ReturnType<typeof whatIf>>} Told */

/** List says whom a move would tell, or what is true where that is nobody; calm is said where no visit changes. @param {{told: Told, none: string, calm?: string}} p */
export const List = ({ told, none, calm }) => html`<ul class="known" aria-label=${say('would')}>${told.length ? told.map((w) => html`<li key=${w.kind + w.to}>${known('would.' + w.kind, '') || say('would.' + w.to, { n: w.n })}</li>`) : html`<li>${none}</li>`}
  ${calm && !told.some((w) => w.kind.startsWith('visit.')) && html`<li>${calm}</li>`}</ul>`;

/** Would shows what a move would do, as soon as it is chosen. @param {{path: string, body: any, none: string}} p */
export const Would = ({ path, body, none }) => {
  const [told, set] = useState(/** @type {Told | null} */ (null)), [error, fail] = useState(/** @type {any} */ (null));
  useEffect(() => {
    let over = false;
    whatIf(path, body).then((t) => { if (!over) set(t); }, (e) => { if (!over) fail(e); });
    return () => { over = true; };
  }, [path]);
  return html`<${Failed} error=${error} />${told && html`<${List} told=${told} none=${none} />`}`;
};

/** Asked is the button of a move that others feel: its first tap asks the server what it would do, the second does it.
 * @param {{label: string, path: string, body: any, none: string, calm?: string, done: () => void}} p */
export const Asked = ({ label, path, body, none, calm, done }) => {
  const [told, set] = useState(/** @type {Told | null} */ (null));
  const look = useMove(async () => set(await whatIf(path, body))), go = useMove(async (id) => { await send('POST', path, body, id); done(); });
  if (!told) return html`<button class="btn small" disabled=${look.busy} onClick=${() => look.go()}>${label} …</button><${Failed} error=${look.error} />`;
  return html`<span class="asked"><${List} told=${told} none=${none} calm=${calm} /><span class="row"><button class="btn small primary" disabled=${go.busy} onClick=${() => go.go()}>${say('ask.yes', { what: label })}</button>
    <button class="btn small" onClick=${() => set(null)}>${say('ask.no')}</button></span><${Failed} error=${go.error} /></span>`;
};
