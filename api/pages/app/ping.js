import { useState } from 'preact/hooks';
import * as db from './db.js';
import { html } from './html.js';
import { enqueue } from './moves.js';
import { Field } from './parts.js';
import { say, useNow } from './state.js';

/** The question whether somebody is well, wherever it is asked: at the visit, on the first screen, among the messages. */

/** @param {string} visit @returns {(x: {visit?: string, label: string}) => boolean} */
const ofPing = (visit) => (x) => x.visit === visit && x.label === 'did.timer';

/**
 * told is how it stands with an answer: what waits to be sent, or why the last one was not taken. Only what the server took ends the question.
 * @param {import('./state.js').State} s @param {string} visit
 */
export const told = (s, visit) => {
  const rows = s.queue.filter(ofPing(visit)), aside = rows.find((q) => q.aside), no = s.answers.find(ofPing(visit)) || aside?.aside;
  return { waits: rows.filter((q) => !q.aside).pop(), refused: no && (no.said || say('answer.refused', { what: say('did.timer') })) };
};

/** Told says that. @param {{visit: string}} p */
export const Told = ({ visit }) => {
  const { waits, refused } = told(useNow(), visit);
  if (waits) return html`<p role="status"><span aria-hidden="true">△</span> ${say('timer.waits.' + (waits.timer || 'fine'))}</p>`;
  return refused ? html`<p role="alert" class="wrong">${refused}</p>` : null;
};

/** answerPing keeps an answer until the server has it; what was said of the one before is read then. @param {string} visit @param {string} what @param {any} body */
export const answerPing = async (visit, what, body) => {
  for (const a of (await db.all('answers')).filter(ofPing(visit))) await db.drop('answers', a.id);
  return enqueue({ path: `/v1/visits/${visit}/timer/${what}`, body, label: 'did.timer', visit, timer: what, seal: true, urgent: what === 'not-ok' });
};

/**
 * Answers are those to the question: with a code where one is set, which is asked once. Help is called all the same while another answer waits.
 * @param {{visit: string, asked: boolean, more?: boolean, done?: () => void}} p
 */
export const Answers = ({ visit, asked, more = false, done }) => {
  const [code, setCode] = useState(''), { waits } = told(useNow(), visit);
  const send = async (/** @type {string} */ what, /** @type {any} */ body = {}) => {
    if (await answerPing(visit, what, { ...body, ...(code ? { code } : {}) })) { setCode(''); done?.(); }
  };
  if (waits?.timer === 'not-ok') return html`<a class="btn danger wide" href="#/sos">${say('sos')}</a>`;
  return html`${!waits && html`<details open=${asked}><summary class="dense">${say('timer.code')}</summary><${Field} id=${'code' + visit} label=${say('timer.code.label')} value=${code} set=${setCode}
      more=${{ type: 'password', inputMode: 'numeric', autocomplete: 'off', maxLength: 32 }} /></details>
    ${asked && html`<button class="btn primary wide" onClick=${() => send('fine')}>${say('timer.fine')}</button>`}`}
    ${asked && html`<button class="btn danger wide" onClick=${() => send('not-ok')}>${say('timer.notok')}</button>`}
    ${more && !waits && html`<div class="acts">${[15, 30, 60].map((n) => html`<button key=${n} class="btn small" onClick=${() => send('extend', { minutes: n })}>+${n} ${say('min')}</button>`)}</div>`}`;
};
