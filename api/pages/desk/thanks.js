import { useState } from 'preact/hooks';
import { html } from '../app/html.js';
import { get, send, useLoad, zone } from './state.js';
import { hold, isHeld } from './held.js';
import { Empty, Failed, Field, useMove, Waiting } from './ui.js';
import { when } from './when.js';
import { say } from './words.js';

/** @typedef {import('api').components['schemas']} Schemas */

/** Thanks are words of households that wait to be passed on: one tap a word. */
export const Thanks = () => {
  const list = useLoad(async () => /** @type {Schemas['Thanks'][]} */ ((await get('/v1/thanks?status=waiting&limit=50')).items), []);
  return html`<h1 class="title head">${say('nav.thanks')}</h1><${Failed} error=${list.error} again=${list.reload} />
    ${!list.data ? !list.error && html`<${Waiting} />` : list.data.length === 0 ? html`<${Empty} words=${say('thanks.none')} />`
      : html`<ul class="stack plain">${list.data.map((t) => html`<${One} key=${t.id} thanks=${t} done=${list.reload} />`)}</ul>`}`;
};

/** @param {{thanks: Schemas['Thanks'], done: () => void}} p */
const One = ({ thanks, done }) => {
  const [no, setNo] = useState(false), [reason, setReason] = useState('');
  const path = `/v1/thanks/${thanks.id}/moderate`;
  const go = useMove(async (id) => {
    await send('POST', path, { decision: 'refuse', reason: reason.trim() }, id);
    done();
  });
  if (isHeld(path)) return null;
  return html`<li class="card stack"><p class="strong">“${thanks.text}”</p><p class="quiet dense">${thanks.deliver_by ? say('thanks.by', { when: when(thanks.deliver_by, zone()) }) : ''}</p>
    <div class="row acts"><button class="btn small primary" disabled=${go.busy} onClick=${() => hold(path, { decision: 'approve' }, 'held.thanks')}>${say('thanks.pass')}</button>
      <button class="btn small" aria-expanded=${no} onClick=${() => setNo(!no)}>${say('thanks.refuse')} …</button></div>
    ${no && html`<form class="stack" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); go.go(); }}><${Field} label=${say('thanks.why')} value=${reason} set=${setReason} more=${{ required: true, maxLength: 300 }} />
      <button class="btn small">${say('thanks.refuse')}</button></form>`}<${Failed} error=${go.error} /></li>`;
};
