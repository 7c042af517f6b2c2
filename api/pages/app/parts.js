import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from './html.js';
import { raise } from './sos.js';
import { say, useNow } from './state.js';
import { clock } from './when.js';

/** SosButton raises at a long press, or at a second tap within four seconds: neither pocket nor thumb does so by mistake. */
export const SosButton = () => {
  const [armed, arm] = useState(false);
  /** @type {{current: any}} */
  const hold = useRef(null);
  const fire = () => { clearTimeout(hold.current); arm(false); raise(); location.hash = '#/sos'; };
  useEffect(() => {
    if (!armed) return undefined;
    const late = setTimeout(() => arm(false), 4_000);
    return () => clearTimeout(late);
  }, [armed]);
  return html`<button class=${'sos' + (armed ? ' armed' : '')} onClick=${() => (armed ? fire() : arm(true))}
    onPointerDown=${() => { hold.current = setTimeout(fire, 1_200); }} onPointerUp=${() => clearTimeout(hold.current)}
    onPointerLeave=${() => clearTimeout(hold.current)} onContextMenu=${(/** @type {Event} */ e) => e.preventDefault()}>
    ${armed ? say('sos.again') : say('sos')}</button>`;
};

/** Sent says in one line whether all is sent. */
export const Sent = () => {
  const s = useNow();
  const aside = s.queue.filter((q) => q.aside).length, look = s.answers.length + aside;
  const n = s.queue.length - aside + s.files.length;
  const net = s.net === 'ok' ? '' : say('net.' + s.net);
  const words = n ? say('wait', { n }) : aside ? say('aside.not') : say('all.sent');
  return html`<a class=${'sent ' + (look ? 'warn' : n ? 'mute' : 'good')} href="#/waiting" aria-live="polite"><span aria-hidden="true">${look ? '▲' : n ? '△' : '✓'}</span>
    <span>${words}${net && html` · ${net}`}${look ? html` · <b>${say('look', { n: look })}</b>` : ''}</span>
    ${s.synced ? html`<span class="right">${clock(s.synced + s.skew)}</span>` : ''}</a>`;
};

/** Back leads to the screen before and holds the SOS. @param {{to: string, word: string}} p */
export const Back = ({ to, word }) => html`<header class="top"><a class="btn plain small" href=${to}>‹ ${word}</a><${SosButton} /></header>`;

/**
 * Choice is one question with big answers; many of them stand in two columns.
 * @param {{name: string, label: string, options: [string, string][], value: string, set: (v: string) => void, many?: boolean}} p
 */
export const Choice = ({ name, label, options, value, set, many = false }) => html`<fieldset class=${'choice' + (many ? ' many' : '')}><legend>${label}</legend>
  ${options.map(([code, words]) => html`<label key=${code}><input type="radio" name=${name} value=${code} checked=${value === code}
    onChange=${() => set(code)} /> <span>${words}</span></label>`)}</fieldset>`;

/** Field is a labelled text. @param {{id: string, label: string, value: string, set: (v: string) => void, lines?: number, more?: any}} p */
export const Field = ({ id, label, value, set, lines = 1, more = {} }) => html`<p class="field"><label for=${id}>${label}</label>
  ${lines > 1 ? html`<textarea id=${id} rows=${lines} value=${value} onInput=${(/** @type {any} */ e) => set(e.target.value)} ...${more}></textarea>`
    : html`<input id=${id} value=${value} onInput=${(/** @type {any} */ e) => set(e.target.value)} ...${more} />`}</p>`;

/** stateOf is a visit's state as colour, shape and word. @type {Record<string, [string, string]>} */
const states = { scheduled: ['mute', '○'], en_route: ['info', '➤'], arrived: ['info', '●'], in_progress: ['info', '◐'], completed: ['good', '✓'], partial: ['warn', '◑'],
  no_access: ['warn', '△'], stopped_unsafe: ['danger', '■'], missed: ['warn', '△'], given_back: ['mute', '↩'], cancelled: ['mute', '×'], rescheduled: ['mute', '→'] };

/** @param {{visit: any}} p */
export const State = ({ visit }) => {
  const asked = visit.status === 'scheduled' && visit.confirmation !== 'confirmed';
  const [cls, shape] = visit.status === 'scheduled' && visit.confirmation === 'confirmed' ? ['good', '✓'] : states[visit.status] || ['mute', '○'];
  const word = visit.status === 'scheduled' ? say('confirmation.' + visit.confirmation) : say('status.' + visit.status);
  return html`<span class=${'pill ' + cls}><span aria-hidden="true">${asked ? '?' : shape}</span> ${word}</span>`;
};
