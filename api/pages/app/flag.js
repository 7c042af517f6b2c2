import { useEffect, useState } from 'preact/hooks';
import { html } from './html.js';
import { ask, Refused } from './net.js';
import { enqueue } from './moves.js';
import { Back, Field } from './parts.js';
import { say, useNow } from './state.js';
import { clock, dayShort } from './when.js';
import { known } from './words.js';

/**
 * Flag is how it stands with a report: with one's own, or with one about oneself, once one was told. It is read where there is network and kept nowhere
 * on the phone; what one says of it is sealed until it is sent.
 * @param {{id: string}} p
 */
export const Flag = ({ id }) => {
  const s = useNow(), path = `/v1/flags/${id}/statement`;
  const [f, setF] = useState(/** @type {any} */ (null)), [said, setSaid] = useState(say('loading')), [words, setWords] = useState('');
  const waits = s.queue.some((q) => q.path === path);
  useEffect(() => {
    ask('GET', '/v1/flags/' + id).then(({ json }) => { setF(json); setSaid(''); }, (e) => setSaid(e instanceof Refused ? e.message : say('net.needed')));
  }, [id, waits]);
  const when = (/** @type {string} */ at) => dayShort(at) + ' ' + clock(at);
  const kind = f && (s.lists?.flag_kinds || []).find((/** @type {any} */ x) => x.code === f.kind)?.words;
  const go = async () => { if (await enqueue({ path, body: { text: words.trim() }, label: 'did.answered', secret: true })) setWords(''); };
  return html`<${Back} to="#/inbox" word=${say('nav.inbox')} /><h1 class="title">${say(f && 'told' in f && !f.reporter_id ? 'flag.about' : 'flag.mine')}</h1><div class="stack">
    ${said && html`<p class="empty card" role="status">${said}</p>`}
    ${f && html`<section class="card stack"><b class="big">${known('flag.status.' + (f.outcome || f.status)) || f.status}</b>
      ${kind && html`<p>${kind}${f.occurred_at ? ' · ' + when(f.occurred_at) : ''}</p>`}
      ${f.due_at && html`<p class="dense">${say('until', { at: when(f.due_at) })}</p>`}
      ${f.reasons && html`<p>${f.reasons}</p>`}
      ${!f.reporter_id && f.told && html`<p>${f.told}</p>`}
      ${f.statement && html`<div><div class="label">${say('flag.said')}</div><p>${f.statement}</p></div>`}</section>`}
    ${waits ? html`<p role="status"><span class="pill mute">△ ${say('did.answered')}</span></p>` : !f?.reporter_id && f?.actions.includes('statement') && html`<section class="card stack">
      <${Field} id="statement" label=${say('flag.say')} value=${words} set=${setWords} lines=${4} more=${{ maxLength: 4000 }} />
      <button class="btn primary wide" disabled=${!words.trim()} onClick=${go}>${say('send.now')}</button></section>`}</div>`;
};
